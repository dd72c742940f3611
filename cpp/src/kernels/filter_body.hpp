#pragma once

#include "kernels/filter_kernels.hpp"

// The loops of the filter kernels, written once over a type of lanes. Everything is in an unnamed
// namespace: each instruction set compiles its own copy, and the linker can never mix them.
namespace cexpr::detail {
namespace {

/// One lane; takes what is left after the last full vector.
struct OneLane {
  using Reg = double;
  static constexpr std::size_t width = 1;
  static Reg zero() { return 0.0; }
  static Reg fill(double v) { return v; }
  static Reg load(const double* p) { return *p; }
  static Reg load(const float* p) { return static_cast<double>(*p); }
  static void store(double* p, Reg v) { *p = v; }
  static void store(float* p, Reg v) { *p = static_cast<float>(v); }
  static Reg add(Reg a, Reg b) { return a + b; }
  static Reg mul(Reg a, Reg b) { return a * b; }
  static Reg div(Reg a, Reg b) { return a / b; }
  /// v where it is a number, else 0; and 1 or 0.
  static Reg number_or_zero(Reg v) { return v == v ? v : 0.0; }
  static Reg one_if_number(Reg v) { return v == v ? 1.0 : 0.0; }
};

template <typename L, std::size_t Count>
void convolve_tile(const double* x, std::size_t step, const double* w, std::size_t radius,
                   double* y) {
  typename L::Reg sum[Count];
  const auto centre = L::fill(w[0]);
  for (std::size_t u = 0; u < Count; ++u) {
    sum[u] = L::mul(centre, L::load(x + u * L::width));
  }
  const double* ahead = x;
  const double* behind = x;
  for (std::size_t d = 1; d <= radius; ++d) {
    ahead += step;
    behind -= step;
    const auto weight = L::fill(w[d]);
    for (std::size_t u = 0; u < Count; ++u) {
      const auto pair = L::add(L::load(ahead + u * L::width), L::load(behind + u * L::width));
      sum[u] = L::add(sum[u], L::mul(weight, pair));
    }
  }
  for (std::size_t u = 0; u < Count; ++u) {
    L::store(y + u * L::width, sum[u]);
  }
}

template <typename L>
void convolve(const double* x, std::size_t n, std::size_t step, const double* w, std::size_t radius,
              double* y) {
  constexpr std::size_t kTile = 8;
  std::size_t k = 0;
  for (; k + kTile * L::width <= n; k += kTile * L::width) {
    convolve_tile<L, kTile>(x + k, step, w, radius, y + k);
  }
  for (; k + L::width <= n; k += L::width) {
    convolve_tile<L, 1>(x + k, step, w, radius, y + k);
  }
  for (; k < n; ++k) {
    convolve_tile<OneLane, 1>(x + k, step, w, radius, y + k);
  }
}

template <typename L>
void widen(const float* x, std::size_t n, double* y) {
  std::size_t k = 0;
  for (; k + L::width <= n; k += L::width) {
    L::store(y + k, L::load(x + k));
  }
  for (; k < n; ++k) {
    y[k] = static_cast<double>(x[k]);
  }
}

template <typename L>
void narrow(const double* x, std::size_t n, double scale, float* y) {
  const auto factor = L::fill(scale);
  std::size_t k = 0;
  for (; k + L::width <= n; k += L::width) {
    L::store(y + k, L::mul(factor, L::load(x + k)));
  }
  for (; k < n; ++k) {
    y[k] = static_cast<float>(scale * x[k]);
  }
}

/// Window of row i; `begin` and `end` of a table, or cut out around i.
template <bool FromTable>
struct Window {
  const RowWindows& all;
  std::size_t begin(std::size_t i) const {
    if constexpr (FromTable) {
      return all.begin[i];
    } else {
      return i > all.radius ? i - all.radius : 0;
    }
  }
  std::size_t end(std::size_t i) const {
    if constexpr (FromTable) {
      return all.end[i];
    } else {
      return all.radius < all.rows - i ? i + all.radius + 1 : all.rows;
    }
  }
};

/// A queue of rows as two stacks of sums: `scratch` holds the sums from each row to the last one of
/// the front stack, `back` the sum of the rows after it. Nothing is ever subtracted, so no value
/// outlives its window, and each row is added twice whatever the radius is.
template <typename L, bool SkipsNan, bool FromTable>
void box_columns(const float* x, std::size_t stride, const RowWindows& windows, double* scratch,
                 float* out, std::size_t out_stride) {
  constexpr std::size_t kStep = SkipsNan ? 2 * L::width : L::width;
  const Window<FromTable> window{windows};
  auto back = L::zero();
  auto back_count = L::zero();
  std::size_t front_begin = 0;
  std::size_t front_end = 0;
  std::size_t taken = 0;
  std::size_t last_count = 1;
  double scale = 1.0;
  for (std::size_t i = 0; i < windows.rows; ++i) {
    const std::size_t begin = window.begin(i);
    const std::size_t end = window.end(i);
    for (; taken < end; ++taken) {
      const auto v = L::load(x + taken * stride);
      if constexpr (SkipsNan) {
        back = L::add(back, L::number_or_zero(v));
        back_count = L::add(back_count, L::one_if_number(v));
      } else {
        back = L::add(back, v);
      }
    }
    if (begin >= front_end) {
      auto sum = L::zero();
      auto count = L::zero();
      for (std::size_t j = end; j-- > begin;) {
        const auto v = L::load(x + j * stride);
        double* to = scratch + (j - begin) * kStep;
        if constexpr (SkipsNan) {
          sum = L::add(sum, L::number_or_zero(v));
          count = L::add(count, L::one_if_number(v));
          L::store(to + L::width, count);
        } else {
          sum = L::add(sum, v);
        }
        L::store(to, sum);
      }
      front_begin = begin;
      front_end = end;
      back = L::zero();
      back_count = L::zero();
    }
    const double* front = scratch + (begin - front_begin) * kStep;
    const auto sum = L::add(L::load(front), back);
    if constexpr (SkipsNan) {
      // 0 / 0 is the NaN of a window without a number.
      const auto count = L::add(L::load(front + L::width), back_count);
      L::store(out + i * out_stride, L::div(sum, count));
    } else {
      if (end - begin != last_count) {
        last_count = end - begin;
        scale = 1.0 / static_cast<double>(last_count);
      }
      L::store(out + i * out_stride, L::mul(sum, L::fill(scale)));
    }
  }
}

template <typename L>
void box_any(const float* x, std::size_t stride, const RowWindows& windows, bool skips_nan,
             double* scratch, float* out, std::size_t out_stride) {
  if (windows.begin == nullptr) {
    if (skips_nan) {
      box_columns<L, true, false>(x, stride, windows, scratch, out, out_stride);
    } else {
      box_columns<L, false, false>(x, stride, windows, scratch, out, out_stride);
    }
  } else if (skips_nan) {
    box_columns<L, true, true>(x, stride, windows, scratch, out, out_stride);
  } else {
    box_columns<L, false, true>(x, stride, windows, scratch, out, out_stride);
  }
}

template <typename L>
void box(const float* x, std::size_t stride, std::size_t columns, const RowWindows& windows,
         bool skips_nan, double* scratch, float* out, std::size_t out_stride) {
  static_assert(L::width <= kBoxLanes, "the scratch memory is sized for kBoxLanes");
  std::size_t c = 0;
  for (; c + L::width <= columns; c += L::width) {
    box_any<L>(x + c, stride, windows, skips_nan, scratch, out + c, out_stride);
  }
  for (; c < columns; ++c) {
    box_any<OneLane>(x + c, stride, windows, skips_nan, scratch, out + c, out_stride);
  }
}

/// Exponent bits all set: infinity, and NaN where the mantissa is not zero.
inline void look_at(float x, Content& content) {
  const bool is_nan = x != x;
  content.has_nan = content.has_nan || is_nan;
  content.has_infinity = content.has_infinity || (!is_nan && (x - x) != 0.0F);
}

/// `any_unusual(p)` says whether a stretch of kStretch floats holds NaN or infinity.
template <std::size_t Stretch, typename Unusual>
Content scan(const float* x, std::size_t n, Unusual any_unusual) {
  Content content;
  std::size_t k = 0;
  for (; k + Stretch <= n; k += Stretch) {
    if (any_unusual(x + k)) {
      for (std::size_t j = k; j < k + Stretch; ++j) {
        look_at(x[j], content);
      }
      if (content.has_nan && content.has_infinity) {
        return content;
      }
    }
  }
  for (; k < n; ++k) {
    look_at(x[k], content);
  }
  return content;
}

}  // namespace
}  // namespace cexpr::detail
