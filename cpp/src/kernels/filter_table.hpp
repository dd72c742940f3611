#pragma once

#include <cstddef>

namespace cexpr::kernels {

/// Windows [begin[i], end[i]) of the rows, which never step back; or, where begin is null, rows
/// i - radius .. i + radius cut at the ends of the track, radius < rows.
struct RowWindows {
  const std::size_t* begin = nullptr;
  const std::size_t* end = nullptr;
  std::size_t radius = 0;
  std::size_t rows = 0;
};

/// What is in an array of floats besides finite numbers.
struct Content {
  bool has_nan = false;
  bool has_infinity = false;
};

/// The inner loops of the filters, once per instruction set; all give the same bits.
struct FilterTable {
  /// Looks for NaN and infinity.
  Content (*scan)(const float* x, std::size_t n);

  /// y[k] = x[k].
  void (*widen)(const float* x, std::size_t n, double* y);

  /// y[k] = scale * x[k], rounded to float.
  void (*narrow)(const double* x, std::size_t n, double scale, float* y);

  /// Adds the numbers among x to `sums` and 1 for each of them to `counts`; NaN adds nothing.
  void (*accumulate)(const float* x, std::size_t n, double* sums, double* counts);

  /// y[k] = sums[k] / totals[k], rounded to float.
  void (*divide)(const double* sums, const double* totals, std::size_t n, float* y);

  /// y[k] = w[0] x[k] + sum over d = 1..radius of w[d] (x[k + d step] + x[k - d step]), k < n; x is
  /// readable from -radius step to n + radius step.
  void (*convolve)(const double* x, std::size_t n, std::size_t step, const double* w,
                   std::size_t radius, double* y);

  /// Means over windows. With a table, NaN entries do not count; without one there must be none.
  /// `scratch` holds 2 * kBoxLanes doubles for each row of the longest window and one row more.
  void (*box)(const float* x, std::size_t stride, std::size_t columns, const RowWindows& windows,
              double* scratch, float* out, std::size_t out_stride);

  // Those of the instruction sets in this build are defined; `pick` chooses.
  static const FilterTable scalar;
  static const FilterTable avx2;
  static const FilterTable avx512;
  static const FilterTable neon;
};

/// The widest vector of doubles that a box kernel works on.
inline constexpr std::size_t kBoxLanes = 8;

}  // namespace cexpr::kernels
