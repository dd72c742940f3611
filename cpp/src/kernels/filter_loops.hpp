#pragma once

#include "kernels/filter_table.hpp"

// The loops of the filters, written once over `Lanes`, which wraps the vectors of one instruction
// set. Everything is in an unnamed namespace: each instruction set compiles its own copy, and the
// linker can never mix them.
namespace cexpr::kernels {
namespace {

/// One lane; takes what is left after the last full vector.
struct OneLane {
  using Vector = double;
  static constexpr std::size_t kWidth = 1;
  static Vector zero() { return 0.0; }
  static Vector fill(double v) { return v; }
  static Vector load(const double* p) { return *p; }
  static Vector load(const float* p) { return static_cast<double>(*p); }
  static void store(double* p, Vector v) { *p = v; }
  static void store(float* p, Vector v) { *p = static_cast<float>(v); }
  static Vector add(Vector a, Vector b) { return a + b; }
  static Vector multiply(Vector a, Vector b) { return a * b; }
  static Vector divide(Vector a, Vector b) { return a / b; }
  /// v where it is a number, else 0; and 1 or 0.
  static Vector number_or_zero(Vector v) { return v == v ? v : 0.0; }
  static Vector one_if_number(Vector v) { return v == v ? 1.0 : 0.0; }
};

template <class Lanes, std::size_t Count>
void convolve_tile(const double* x, std::size_t step, const double* w, std::size_t radius,
                   double* y) {
  typename Lanes::Vector sum[Count];
  const auto centre = Lanes::fill(w[0]);
  for (std::size_t u = 0; u < Count; ++u) {
    sum[u] = Lanes::multiply(centre, Lanes::load(x + u * Lanes::kWidth));
  }
  const double* ahead = x;
  const double* behind = x;
  for (std::size_t d = 1; d <= radius; ++d) {
    ahead += step;
    behind -= step;
    const auto weight = Lanes::fill(w[d]);
    for (std::size_t u = 0; u < Count; ++u) {
      const auto pair = Lanes::add(Lanes::load(ahead + u * Lanes::kWidth),
                                   Lanes::load(behind + u * Lanes::kWidth));
      sum[u] = Lanes::add(sum[u], Lanes::multiply(weight, pair));
    }
  }
  for (std::size_t u = 0; u < Count; ++u) {
    Lanes::store(y + u * Lanes::kWidth, sum[u]);
  }
}

template <class Lanes>
void convolve(const double* x, std::size_t n, std::size_t step, const double* w, std::size_t radius,
              double* y) {
  constexpr std::size_t kTile = 8;
  std::size_t k = 0;
  for (; k + kTile * Lanes::kWidth <= n; k += kTile * Lanes::kWidth) {
    convolve_tile<Lanes, kTile>(x + k, step, w, radius, y + k);
  }
  for (; k + Lanes::kWidth <= n; k += Lanes::kWidth) {
    convolve_tile<Lanes, 1>(x + k, step, w, radius, y + k);
  }
  for (; k < n; ++k) {
    convolve_tile<OneLane, 1>(x + k, step, w, radius, y + k);
  }
}

template <class Lanes>
void widen(const float* x, std::size_t n, double* y) {
  std::size_t k = 0;
  for (; k + Lanes::kWidth <= n; k += Lanes::kWidth) {
    Lanes::store(y + k, Lanes::load(x + k));
  }
  for (; k < n; ++k) {
    y[k] = static_cast<double>(x[k]);
  }
}

template <class Lanes>
void narrow(const double* x, std::size_t n, double scale, float* y) {
  const auto factor = Lanes::fill(scale);
  std::size_t k = 0;
  for (; k + Lanes::kWidth <= n; k += Lanes::kWidth) {
    Lanes::store(y + k, Lanes::multiply(factor, Lanes::load(x + k)));
  }
  for (; k < n; ++k) {
    y[k] = static_cast<float>(scale * x[k]);
  }
}

template <class Lanes>
void accumulate(const float* x, std::size_t n, double* sums, double* counts) {
  std::size_t k = 0;
  for (; k + Lanes::kWidth <= n; k += Lanes::kWidth) {
    const auto v = Lanes::load(x + k);
    Lanes::store(sums + k, Lanes::add(Lanes::load(sums + k), Lanes::number_or_zero(v)));
    Lanes::store(counts + k, Lanes::add(Lanes::load(counts + k), Lanes::one_if_number(v)));
  }
  for (; k < n; ++k) {
    const double v = OneLane::load(x + k);
    sums[k] += OneLane::number_or_zero(v);
    counts[k] += OneLane::one_if_number(v);
  }
}

template <class Lanes>
void divide(const double* sums, const double* totals, std::size_t n, float* y) {
  std::size_t k = 0;
  for (; k + Lanes::kWidth <= n; k += Lanes::kWidth) {
    Lanes::store(y + k, Lanes::divide(Lanes::load(sums + k), Lanes::load(totals + k)));
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
template <class Lanes>
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
        current_(scratch + (length_ + 1) * Lanes::kWidth),
        out_(out),
        out_stride_(out_stride) {}

  void run() {
    for (std::size_t k = 0; k <= length_; ++k) {
      Lanes::store(before_ + k * Lanes::kWidth, Lanes::zero());
    }
    for (std::size_t first = 0; first < rows_ + radius_; first += length_) {
      Lanes::store(current_ + length_ * Lanes::kWidth, Lanes::zero());
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
  using Vector = typename Lanes::Vector;

  void inner_block(std::size_t first) {
    const auto scale = Lanes::fill(1.0 / static_cast<double>(length_));
    const float* ahead = x_ + first * stride_;
    const float* behind = x_ + (first + length_ - 1) * stride_;
    const double* from_before = before_ + Lanes::kWidth;
    double* to_current = current_ + (length_ - 1) * Lanes::kWidth;
    float* out = out_ + (first - radius_) * out_stride_;
    auto start = Lanes::zero();
    auto rest = Lanes::zero();
    for (std::size_t t = 0; t < length_; ++t) {
      start = Lanes::add(start, Lanes::load(ahead));
      rest = Lanes::add(rest, Lanes::load(behind));
      Lanes::store(out, Lanes::multiply(scale, Lanes::add(Lanes::load(from_before), start)));
      Lanes::store(to_current, rest);
      ahead += stride_;
      behind -= stride_;
      from_before += Lanes::kWidth;
      to_current -= Lanes::kWidth;
      out += out_stride_;
    }
  }

  void edge_block(std::size_t first) {
    auto start = Lanes::zero();
    auto rest = Lanes::zero();
    for (std::size_t t = 0; t < length_; ++t) {
      start = Lanes::add(start, load(first + t));
      rest = Lanes::add(rest, load(first + length_ - 1 - t));
      Lanes::store(current_ + (length_ - 1 - t) * Lanes::kWidth, rest);
      const std::size_t end = first + t + 1;  // of the window, which may lie past the track
      if (end > radius_ && end - radius_ <= rows_) {
        const std::size_t row = end - radius_ - 1;
        const std::size_t begin = end > length_ ? end - length_ : 0;
        const std::size_t count = (end < rows_ ? end : rows_) - begin;
        const auto scale = Lanes::fill(1.0 / static_cast<double>(count));
        Lanes::store(out_ + row * out_stride_,
                     Lanes::multiply(
                         scale, Lanes::add(Lanes::load(before_ + (t + 1) * Lanes::kWidth), start)));
      }
    }
  }

  Vector load(std::size_t row) const {
    return row < rows_ ? Lanes::load(x_ + row * stride_) : Lanes::zero();
  }

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
template <class Lanes>
void box_queue(const float* x, std::size_t stride, const RowWindows& windows, double* scratch,
               float* out, std::size_t out_stride) {
  constexpr std::size_t kStep = 2 * Lanes::kWidth;
  auto back = Lanes::zero();
  auto back_count = Lanes::zero();
  std::size_t front_begin = 0;
  std::size_t front_end = 0;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < windows.rows; ++i) {
    const std::size_t begin = windows.begin[i];
    const std::size_t end = windows.end[i];
    for (; taken < end; ++taken) {
      const auto v = Lanes::load(x + taken * stride);
      back = Lanes::add(back, Lanes::number_or_zero(v));
      back_count = Lanes::add(back_count, Lanes::one_if_number(v));
    }
    if (begin >= front_end) {
      auto sum = Lanes::zero();
      auto count = Lanes::zero();
      for (std::size_t j = end; j-- > begin;) {
        const auto v = Lanes::load(x + j * stride);
        double* to = scratch + (j - begin) * kStep;
        sum = Lanes::add(sum, Lanes::number_or_zero(v));
        count = Lanes::add(count, Lanes::one_if_number(v));
        Lanes::store(to, sum);
        Lanes::store(to + Lanes::kWidth, count);
      }
      front_begin = begin;
      front_end = end;
      back = Lanes::zero();
      back_count = Lanes::zero();
    }
    const double* front = scratch + (begin - front_begin) * kStep;
    const auto sum = Lanes::add(Lanes::load(front), back);
    const auto count = Lanes::add(Lanes::load(front + Lanes::kWidth), back_count);
    // 0 / 0 is the NaN of a window without a number.
    Lanes::store(out + i * out_stride, Lanes::divide(sum, count));
  }
}

template <class Lanes>
void box_columns(const float* x, std::size_t stride, const RowWindows& windows, double* scratch,
                 float* out, std::size_t out_stride) {
  if (windows.begin == nullptr) {
    DenseBox<Lanes>(x, stride, windows.rows, windows.radius, scratch, out, out_stride).run();
  } else {
    box_queue<Lanes>(x, stride, windows, scratch, out, out_stride);
  }
}

template <class Lanes>
void box(const float* x, std::size_t stride, std::size_t columns, const RowWindows& windows,
         double* scratch, float* out, std::size_t out_stride) {
  static_assert(Lanes::kWidth <= kBoxLanes, "the scratch memory is sized for kBoxLanes");
  std::size_t c = 0;
  for (; c + Lanes::kWidth <= columns; c += Lanes::kWidth) {
    box_columns<Lanes>(x + c, stride, windows, scratch, out + c, out_stride);
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

/// `Lanes::has_unusual` says whether a stretch holds NaN or infinity: whether the sum of x - x is
/// not 0, since x - x is 0 for finite numbers alone, and NaN otherwise.
template <class Lanes>
Content scan(const float* x, std::size_t n) {
  constexpr std::size_t kStretch = Lanes::kStretch;
  Content content{};  // the constructor would be inline code that the linker could share
  std::size_t k = 0;
  for (; k + kStretch <= n; k += kStretch) {
    if (Lanes::has_unusual(x + k)) {
      for (std::size_t j = k; j < k + kStretch; ++j) {
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

template <class Lanes>
constexpr FilterTable table_over() {
  return {scan<Lanes>,   widen<Lanes>,    narrow<Lanes>, accumulate<Lanes>,
          divide<Lanes>, convolve<Lanes>, box<Lanes>};
}

}  // namespace
}  // namespace cexpr::kernels
