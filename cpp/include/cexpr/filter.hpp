#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "cexpr/export.hpp"
#include "cexpr/span.hpp"

namespace cexpr {

/// Shape of the weights: all equal, or exp(-d^2 / (2 sigma^2)) at a distance of d frames.
enum class FilterKernel : std::uint8_t { box, gaussian };

/// What `radius` counts: frame numbers, or rows of the track whatever their frame numbers are. The
/// Gaussian weight is always taken from the distance in frame numbers.
enum class FilterWindow : std::uint8_t { frames, rows };

struct FilterOptions {
  FilterKernel kernel = FilterKernel::gaussian;
  /// Frames (or rows) on each side that take part, >= 0; the window is 2 radius + 1.
  std::int64_t radius = 0;
  /// Standard deviation in frames, finite and > 0; read by the Gaussian kernel only.
  double sigma = 0.0;
  FilterWindow window = FilterWindow::frames;
};

/// Throws `ArgumentError` when a field of `options` is out of range.
CEXPR_API void check_filter_options(const FilterOptions& options);

/// Smooths each column of a track over its frames.
///
/// out(i, c) is the weighted mean of values(j, c) over the rows j with
/// |frames[j] - frames[i]| <= radius (`FilterWindow::rows`: |j - i| <= radius). NaN entries are
/// left out and the weights renormalised, column by column; where nothing is left the result is
/// NaN. An infinite entry makes the results of its window infinite, and NaN where both signs meet;
/// windows that do not hold it are not touched. A finite entry in the window always gives a finite
/// result, however small its weight.
///
/// `values` is (N, C); `frames` holds N non-decreasing numbers (repeated numbers are separate
/// rows); `out` is (N, C) and must not overlap `values`. N and C may be 0. Sums are kept in double
/// precision without ever subtracting, so a large value leaves no trace after its window, and every
/// instruction set gives the same bits.
///
/// Cost: box O(N C) for any radius; Gaussian O(N C min(radius, N, 38 sigma)).
/// Throws `ArgumentError` when sizes differ, `frames` decreases or an option is out of range.
CEXPR_API void smooth(Span2D<const float> values, Span<const std::int64_t> frames,
                      const FilterOptions& options, Span2D<float> out);

/// The largest radius that a `StreamingFilter` takes.
inline constexpr std::int64_t kMaxStreamingRadius = 65536;

/// Smooths one track while it grows; the rows that come out equal those of `smooth` on the whole
/// track (to rounding: 1e-6 relative).
///
/// The row of frame f is final, and comes out, once a row of frame f + radius or later has been
/// pushed: the delay is `radius` frames. Memory is 2 radius + 1 rows, taken when the filter is
/// made; `push`, `advance`, `flush` and `reset` allocate nothing. `FilterOptions::window` must be
/// `frames` and `radius` at most `kMaxStreamingRadius`. One object serves one thread at a time.
class CEXPR_API StreamingFilter {
 public:
  /// Throws `ArgumentError` when `columns` is 0 or an option is out of range.
  StreamingFilter(std::size_t columns, const FilterOptions& options);
  ~StreamingFilter();
  StreamingFilter(StreamingFilter&&) noexcept;
  StreamingFilter& operator=(StreamingFilter&&) noexcept;
  StreamingFilter(const StreamingFilter&) = delete;
  StreamingFilter& operator=(const StreamingFilter&) = delete;

  /// Adds the row of a frame (length `columns`; NaN for unknown values). Frame numbers must
  /// increase from call to call. Returns how many rows are final now; read them with `pop`. Throws
  /// `ArgumentError` when the row has another length or the frame does not increase, and
  /// `StateError` when rows that were final before this call have not been popped.
  std::size_t push(std::int64_t frame, Span<const float> row);

  /// Says that no row up to and including `frame` is still to come. Returns how many rows are final
  /// now. Lets a track that pauses release its rows in time.
  std::size_t advance(std::int64_t frame);

  /// Says that the track has ended: all rows left are final. Returns how many they are. After they
  /// are popped the filter is as new.
  std::size_t flush();

  /// Writes the oldest final row and returns its frame. Throws `StateError` when none is final, and
  /// `ArgumentError` when `out` has another length than `columns`.
  std::int64_t pop(Span<float> out);

  /// Forgets everything; frames may start anywhere again.
  void reset() noexcept;

  /// Rows that `pop` can give now.
  std::size_t available() const noexcept { return final_ - next_; }
  std::size_t columns() const noexcept { return columns_; }
  /// Frames between a push and the row that it makes final.
  std::int64_t delay() const noexcept { return options_.radius; }

 private:
  struct Memory;
  std::size_t release(std::int64_t newest);
  void require_later(std::int64_t frame) const;
  void require_popped(const char* call) const;
  void smooth_row(std::size_t row, Span<float> out) const;

  std::size_t columns_;
  FilterOptions options_;
  std::unique_ptr<Memory> memory_;  // the last rows, the weights and scratch
  // Row numbers since the start of the track: [first_, end_) are kept, [next_, final_) can be
  // popped.
  std::size_t first_ = 0;
  std::size_t next_ = 0;
  std::size_t final_ = 0;
  std::size_t end_ = 0;
  bool has_last_ = false;
  bool is_flushed_ = false;
  std::int64_t last_frame_ = 0;
};

}  // namespace cexpr
