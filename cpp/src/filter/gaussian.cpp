#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "filter/detail.hpp"
#include "kernels/filter_table.hpp"
#include "kernels/pick.hpp"

namespace cexpr::detail {
namespace {

using kernels::FilterTable;

// Frames that are worked on at a time; with its margins a block of a few columns stays in the
// first-level cache.
constexpr std::size_t kBlockFrames = 256;

std::size_t block_length(std::size_t radius) { return std::max(kBlockFrames, 2 * radius); }

/// Consecutive frames without NaN: a symmetric convolution, divided by the sum of the weights that
/// lie inside the track.
void smooth_dense(Span2D<const float> values, const Weights& weights, std::size_t radius,
                  Span2D<float> out) {
  const FilterTable& kernels = kernels::pick<FilterTable>();
  const std::size_t cols = values.cols;
  const std::size_t block = block_length(radius);
  std::vector<double> side(radius + 1);  // sum of the weights at 1 .. d
  for (std::size_t d = 1; d <= radius; ++d) {
    side[d] = side[d - 1] + weights.at(d);
  }
  AlignedDoubles padded;
  AlignedDoubles sums;
  padded.resize((std::min(block, values.rows) + 2 * radius) * cols);
  sums.resize(std::min(block, values.rows) * cols);
  for (std::size_t from = 0; from < values.rows; from += block) {
    const std::size_t to = std::min(from + block, values.rows);
    const std::size_t count = to - from;
    const std::size_t first = from - std::min(from, radius);
    const std::size_t last = std::min(to + radius, values.rows);
    double* start = padded.data() + (radius + first - from) * cols;
    std::fill(padded.data(), start, 0.0);
    if (values.stride == cols) {
      kernels.widen(values.row(first), (last - first) * cols, start);
    } else {
      for (std::size_t j = first; j < last; ++j) {
        kernels.widen(values.row(j), cols, start + (j - first) * cols);
      }
    }
    std::fill(start + (last - first) * cols, padded.data() + (count + 2 * radius) * cols, 0.0);
    kernels.convolve(padded.data() + radius * cols, count * cols, cols, weights.table().data(),
                     radius, sums.data());
    const bool is_inside = from >= radius && to + radius <= values.rows;
    if (is_inside && out.stride == cols) {
      kernels.narrow(sums.data(), count * cols, 1.0 / (1.0 + side[radius] + side[radius]),
                     out.row(from));
      continue;
    }
    for (std::size_t i = from; i < to; ++i) {
      const double total =
          1.0 + side[std::min(i, radius)] + side[std::min(values.rows - 1 - i, radius)];
      kernels.narrow(sums.data() + (i - from) * cols, cols, 1.0 / total, out.row(i));
    }
  }
}

/// Tracks with NaN, gaps or repeated frames.
class GappedGaussian {
 public:
  GappedGaussian(Span2D<const float> values, Span<const std::int64_t> frames,
                 const FilterOptions& options, bool has_nan, const Weights& weights,
                 Span2D<float> out)
      : values_(values),
        frames_(frames),
        options_(options),
        weights_(weights),
        out_(out),
        has_nan_(has_nan),
        mask_columns_(has_nan ? values.cols : 1),
        row_sums_(2 * values.cols) {
    const std::uint64_t span = offset(frames.size - 1);
    const std::uint64_t reach = std::min(weights.reach(), span);
    has_grid_ = options.window == FilterWindow::frames && reach < weights.table().size();
    radius_ = has_grid_ ? static_cast<std::size_t>(reach) : 0;
    if (!has_grid_ || weights.can_vanish()) {
      windows_ = window_table(frames, options);
    }
    if (weights.can_vanish()) {
      find_numbers();
    }
  }

  void run() {
    const std::uint64_t block = block_length(radius_);
    for (std::size_t i = 0; i < frames_.size;) {
      if (!has_grid_) {
        by_pairs(i++);
        continue;
      }
      std::size_t end = i + 1;
      while (end < frames_.size && offset(end) - offset(i) < block) {
        ++end;
      }
      // A grid touches every frame of a block, pairs touch every pair of rows: with few rows, pairs
      // are fewer.
      const std::uint64_t length = offset(end - 1) - offset(i) + 1;
      if (length <= kWorthwhile * (end - i)) {
        by_grid(i, end, static_cast<std::size_t>(length));
      } else {
        if (windows_.begin.empty()) {
          windows_ = window_table(frames_, options_);
        }
        for (std::size_t row = i; row < end; ++row) {
          by_pairs(row);
        }
      }
      i = end;
    }
  }

 private:
  static constexpr std::uint64_t kWorthwhile = 3;

  std::uint64_t offset(std::size_t row) const { return frame_distance(frames_[0], frames_[row]); }

  void find_numbers() {
    has_number_.assign(values_.cols, 0);
    for (std::size_t i = 0; i < values_.rows; ++i) {
      for (std::size_t c = 0; c < values_.cols; ++c) {
        if (!std::isnan(values_(i, c))) {
          has_number_[c] = 1;
        }
      }
    }
  }

  void by_pairs(std::size_t i) {
    weighted_means(
        windows_.begin[i], i, windows_.end[i], values_.cols, weights_,
        [this](std::size_t j) { return values_.row(j); },
        [this, i](std::size_t j) { return frames_between(frames_[i], frames_[j]); },
        row_sums_.data(), out_.row(i));
  }

  /// Rows [begin, end), which lie on `length` frames: values and counts are laid out frame by frame
  /// and both are convolved.
  void by_grid(std::size_t begin, std::size_t end, std::size_t length) {
    const FilterTable& kernels = kernels::pick<FilterTable>();
    const std::size_t cols = values_.cols;
    const std::size_t padded = length + 2 * radius_;
    grid_.assign_zeros(padded * cols);
    counts_.assign_zeros(padded * mask_columns_);
    sums_.resize(length * cols);
    totals_.resize(length * mask_columns_);
    const std::uint64_t origin = offset(begin);
    while (origin - offset(first_) > radius_) {
      ++first_;
    }
    for (std::size_t j = first_; j < frames_.size;) {
      const std::uint64_t shifted = offset(j) - origin + radius_;  // modulo 2^64, >= 0
      if (shifted >= padded) {
        break;
      }
      const std::size_t next = run_end(j, padded - static_cast<std::size_t>(shifted));
      place(j, next, static_cast<std::size_t>(shifted));
      j = next;
    }
    const double* weights = weights_.table().data();
    kernels.convolve(grid_.data() + radius_ * cols, length * cols, cols, weights, radius_,
                     sums_.data());
    kernels.convolve(counts_.data() + radius_ * mask_columns_, length * mask_columns_,
                     mask_columns_, weights, radius_, totals_.data());
    for (std::size_t i = begin; i < end;) {
      const std::size_t next = run_end(i, end - i);
      finish(i, next, static_cast<std::size_t>(offset(i) - origin));
      i = next;
    }
  }

  /// Row after the last of at most `limit` rows from `row` on that lie on consecutive frames.
  std::size_t run_end(std::size_t row, std::size_t limit) const {
    std::size_t end = row + 1;
    while (end < frames_.size && end - row < limit && offset(end) - offset(end - 1) == 1) {
      ++end;
    }
    return end;
  }

  /// Rows [begin, end), on consecutive frames, into the grid from frame `at` on.
  void place(std::size_t begin, std::size_t end, std::size_t at) {
    const FilterTable& kernels = kernels::pick<FilterTable>();
    const std::size_t cols = values_.cols;
    for (std::size_t j = begin; j < end; ++j) {
      const float* from = values_.row(j);
      double* to = grid_.data() + (at + j - begin) * cols;
      if (!has_nan_) {
        counts_.data()[at + j - begin] += 1.0;
        for (std::size_t c = 0; c < cols; ++c) {
          to[c] += static_cast<double>(from[c]);
        }
        continue;
      }
      const std::size_t together = values_.stride == cols ? end - j : 1;
      kernels.accumulate(from, together * cols, to, counts_.data() + (at + j - begin) * cols);
      j += together - 1;
    }
  }

  /// The means of rows [begin, end), which lie on consecutive frames of the grid from `at` on.
  void finish(std::size_t begin, std::size_t end, std::size_t at) {
    const FilterTable& kernels = kernels::pick<FilterTable>();
    const std::size_t cols = values_.cols;
    for (std::size_t i = begin; i < end; ++i) {
      const double* sums = sums_.data() + (at + i - begin) * cols;
      const double* totals = totals_.data() + (at + i - begin) * mask_columns_;
      if (!has_nan_) {
        kernels.narrow(sums, cols, 1.0 / totals[0], out_.row(i));  // the row itself counts
      } else if (weights_.can_vanish()) {
        finish_row(i, sums, totals);
      } else {
        // 0 / 0 is the NaN of a window without a number.
        const std::size_t together = out_.stride == cols ? end - i : 1;
        kernels.divide(sums, totals, together * cols, out_.row(i));
        i += together - 1;
      }
    }
  }

  void finish_row(std::size_t row, const double* sums, const double* totals) {
    for (std::size_t c = 0; c < values_.cols; ++c) {
      if (totals[c] >= kVanishing) {
        out_(row, c) = static_cast<float>(sums[c] / totals[c]);
      } else if (has_number_[c] == 0) {
        out_(row, c) = std::numeric_limits<float>::quiet_NaN();
      } else {
        out_(row, c) = nearest_mean(
            windows_.begin[row], row, windows_.end[row], weights_,
            [this, c](std::size_t j) { return values_(j, c); },
            [this, row](std::size_t j) { return frames_between(frames_[row], frames_[j]); });
      }
    }
  }

  Span2D<const float> values_;
  Span<const std::int64_t> frames_;
  const FilterOptions& options_;
  const Weights& weights_;
  Span2D<float> out_;
  bool has_nan_;
  std::size_t mask_columns_;  // one count for all columns where none holds NaN
  bool has_grid_ = false;
  std::size_t radius_ = 0;
  std::size_t first_ = 0;  // first row that a grid can still reach
  WindowTable windows_;
  std::vector<std::uint8_t> has_number_;  // by column; spares a search in those without
  std::vector<double> row_sums_;
  AlignedDoubles grid_;
  AlignedDoubles counts_;
  AlignedDoubles sums_;
  AlignedDoubles totals_;
};

}  // namespace

void smooth_gaussian(Span2D<const float> values, Span<const std::int64_t> frames,
                     const FilterOptions& options, bool consecutive, bool has_nan,
                     Span2D<float> out) {
  FilterOptions by_frames = options;
  if (consecutive) {
    by_frames.window = FilterWindow::frames;  // a row is a frame
  }
  const std::uint64_t span = frame_distance(frames[0], frames[frames.size - 1]);
  const std::uint64_t longest = std::min<std::uint64_t>(
      span, static_cast<std::uint64_t>(std::max<std::int64_t>(by_frames.radius, 0)));
  const auto table_length = static_cast<std::size_t>(
      std::min<std::uint64_t>(longest, std::uint64_t{2} * frames.size + kBlockFrames) + 1);
  const Weights weights(by_frames, span, table_length);
  if (consecutive && !has_nan) {
    const auto radius = static_cast<std::size_t>(std::min<std::uint64_t>(weights.reach(), span));
    smooth_dense(values, weights, radius, out);
    return;
  }
  GappedGaussian(values, frames, by_frames, has_nan, weights, out).run();
}

}  // namespace cexpr::detail
