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

template <typename L>
void accumulate(const float* x, std::size_t n, double* sums, double* counts) {
  std::size_t k = 0;
  for (; k + L::width <= n; k += L::width) {
    const auto v = L::load(x + k);
    L::store(sums + k, L::add(L::load(sums + k), L::number_or_zero(v)));
    L::store(counts + k, L::add(L::load(counts + k), L::one_if_number(v)));
  }
  for (; k < n; ++k) {
    const double v = OneLane::load(x + k);
    sums[k] += OneLane::number_or_zero(v);
    counts[k] += OneLane::one_if_number(v);
  }
}

template <typename L>
void divide(const double* sums, const double* totals, std::size_t n, float* y) {
  std::size_t k = 0;
  for (; k + L::width <= n; k += L::width) {
    L::store(y + k, L::div(L::load(sums + k), L::load(totals + k)));
  }
  for (; k < n; ++k) {
    y[k] = static_cast<float>(sums[k] / totals[k]);
  }
}

/// Consecutive rows without NaN. The track is cut into blocks as long as the window, so that a
/// window is the end of one block and the start of the next: the sum from a row to the end of its
/// block is kept, the sum from the start of a block is carried along. Rows outside the track are 0.
/// The two sums run through a block in opposite directions, in one loop, since each waits for
/// itself. Nothing is ever subtracted, so no value outlives its window.
template <typename L>
class DenseBox {
 public:
  DenseBox(const float* x, std::size_t stride, std::size_t rows, std::size_t radius,
           double* scratch, float* out, std::size_t out_stride)
      : x_(x),
        stride_(stride),
        rows_(rows),
        radius_(radius),
        length_(2 * radius + 1),
        before_(scratch),
        current_(scratch + (length_ + 1) * L::width),
        out_(out),
        out_stride_(out_stride) {}

  void run() {
    for (std::size_t k = 0; k <= length_; ++k) {
      L::store(before_ + k * L::width, L::zero());
    }
    for (std::size_t first = 0; first < rows_ + radius_; first += length_) {
      L::store(current_ + length_ * L::width, L::zero());
      if (first >= length_ && first + length_ <= rows_) {
        inner_block(first);
      } else {
        edge_block(first);
      }
      double* const swapped = before_;
      before_ = current_;
      current_ = swapped;
    }
  }

 private:
  using Reg = typename L::Reg;

  void inner_block(std::size_t first) {
    const auto scale = L::fill(1.0 / static_cast<double>(length_));
    const float* ahead = x_ + first * stride_;
    const float* behind = x_ + (first + length_ - 1) * stride_;
    const double* from_before = before_ + L::width;
    double* to_current = current_ + (length_ - 1) * L::width;
    float* out = out_ + (first - radius_) * out_stride_;
    auto start = L::zero();
    auto rest = L::zero();
    for (std::size_t t = 0; t < length_; ++t) {
      start = L::add(start, L::load(ahead));
      rest = L::add(rest, L::load(behind));
      L::store(out, L::mul(scale, L::add(L::load(from_before), start)));
      L::store(to_current, rest);
      ahead += stride_;
      behind -= stride_;
      from_before += L::width;
      to_current -= L::width;
      out += out_stride_;
    }
  }

  void edge_block(std::size_t first) {
    auto start = L::zero();
    auto rest = L::zero();
    for (std::size_t t = 0; t < length_; ++t) {
      start = L::add(start, load(first + t));
      rest = L::add(rest, load(first + length_ - 1 - t));
      L::store(current_ + (length_ - 1 - t) * L::width, rest);
      const std::size_t end = first + t + 1;  // of the window, which may lie past the track
      if (end > radius_ && end - radius_ <= rows_) {
        const std::size_t row = end - radius_ - 1;
        const std::size_t begin = end > length_ ? end - length_ : 0;
        const std::size_t count = (end < rows_ ? end : rows_) - begin;
        const auto scale = L::fill(1.0 / static_cast<double>(count));
        L::store(out_ + row * out_stride_,
                 L::mul(scale, L::add(L::load(before_ + (t + 1) * L::width), start)));
      }
    }
  }

  Reg load(std::size_t row) const { return row < rows_ ? L::load(x_ + row * stride_) : L::zero(); }

  const float* x_;
  std::size_t stride_;
  std::size_t rows_;
  std::size_t radius_;
  std::size_t length_;
  double* before_;
  double* current_;
  float* out_;
  std::size_t out_stride_;
};

/// Any windows: a queue of rows as two stacks of sums and counts. `scratch` holds the sums from
/// each row to the last one of the front stack, `back` the sum of the rows after it; each row is
/// added twice whatever the windows are, and nothing is subtracted here either.
template <typename L>
void box_queue(const float* x, std::size_t stride, const RowWindows& windows, double* scratch,
               float* out, std::size_t out_stride) {
  constexpr std::size_t kStep = 2 * L::width;
  auto back = L::zero();
  auto back_count = L::zero();
  std::size_t front_begin = 0;
  std::size_t front_end = 0;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < windows.rows; ++i) {
    const std::size_t begin = windows.begin[i];
    const std::size_t end = windows.end[i];
    for (; taken < end; ++taken) {
      const auto v = L::load(x + taken * stride);
      back = L::add(back, L::number_or_zero(v));
      back_count = L::add(back_count, L::one_if_number(v));
    }
    if (begin >= front_end) {
      auto sum = L::zero();
      auto count = L::zero();
      for (std::size_t j = end; j-- > begin;) {
        const auto v = L::load(x + j * stride);
        double* to = scratch + (j - begin) * kStep;
        sum = L::add(sum, L::number_or_zero(v));
        count = L::add(count, L::one_if_number(v));
        L::store(to, sum);
        L::store(to + L::width, count);
      }
      front_begin = begin;
      front_end = end;
      back = L::zero();
      back_count = L::zero();
    }
    const double* front = scratch + (begin - front_begin) * kStep;
    const auto sum = L::add(L::load(front), back);
    const auto count = L::add(L::load(front + L::width), back_count);
    // 0 / 0 is the NaN of a window without a number.
    L::store(out + i * out_stride, L::div(sum, count));
  }
}

template <typename L>
void box_columns(const float* x, std::size_t stride, const RowWindows& windows, double* scratch,
                 float* out, std::size_t out_stride) {
  if (windows.begin == nullptr) {
    DenseBox<L>(x, stride, windows.rows, windows.radius, scratch, out, out_stride).run();
  } else {
    box_queue<L>(x, stride, windows, scratch, out, out_stride);
  }
}

template <typename L>
void box(const float* x, std::size_t stride, std::size_t columns, const RowWindows& windows,
         double* scratch, float* out, std::size_t out_stride) {
  static_assert(L::width <= kBoxLanes, "the scratch memory is sized for kBoxLanes");
  std::size_t c = 0;
  for (; c + L::width <= columns; c += L::width) {
    box_columns<L>(x + c, stride, windows, scratch, out + c, out_stride);
  }
  for (; c < columns; ++c) {
    box_columns<OneLane>(x + c, stride, windows, scratch, out + c, out_stride);
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
