#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cexpr/filter.hpp"
#include "cexpr/span.hpp"

namespace cexpr::detail {

/// `to - from` for to >= from; exact where the signed difference would overflow.
inline std::uint64_t frame_distance(std::int64_t from, std::int64_t to) {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

inline std::uint64_t frames_between(std::int64_t a, std::int64_t b) {
  return a <= b ? frame_distance(a, b) : frame_distance(b, a);
}

/// Below this total a mean is worked out anew, relative to its nearest entry.
inline constexpr double kVanishing = 1e-200;

/// Doubles that start on a cache line, so that vectors of whole rows do not straddle two.
class AlignedDoubles {
 public:
  /// Makes room for `n`; what was in it is lost.
  void resize(std::size_t n) { lines_.resize((n + kPerLine - 1) / kPerLine); }
  void assign_zeros(std::size_t n) { lines_.assign((n + kPerLine - 1) / kPerLine, Line{}); }
  double* data() { return lines_.empty() ? nullptr : lines_.front().values; }

 private:
  static constexpr std::size_t kPerLine = 8;
  struct alignas(kPerLine * sizeof(double)) Line {
    double values[kPerLine];
  };
  std::vector<Line> lines_;
};

/// Weights by distance in frames.
class Weights {
 public:
  /// `table_length` weights are worked out in advance. `longest` is the largest distance that can
  /// be asked for.
  Weights(const FilterOptions& options, std::uint64_t longest, std::size_t table_length);

  double at(std::uint64_t distance) const {
    return distance < table_.size() ? table_[static_cast<std::size_t>(distance)]
                                    : compute(distance);
  }

  /// Weight at `distance` when the weight at `nearest` (<= distance) is called 1.
  double relative(std::uint64_t distance, std::uint64_t nearest) const;

  /// Largest distance whose weight is not 0 in double precision.
  std::uint64_t reach() const { return reach_; }

  /// True where a window can hold nothing but weights too small to divide by.
  bool can_vanish() const { return can_vanish_; }

  const std::vector<double>& table() const { return table_; }

 private:
  double compute(std::uint64_t distance) const;

  bool is_box_;
  double sigma_;
  std::uint64_t reach_;
  bool can_vanish_;
  std::vector<double> table_;
};

/// Rows [begin, end) that take part in a row, for each row of a track.
struct WindowTable {
  std::vector<std::size_t> begin;
  std::vector<std::size_t> end;
  std::size_t longest = 0;
};

WindowTable window_table(Span<const std::int64_t> frames, const FilterOptions& options);

/// The Gaussian case of `smooth`; `values` holds no infinity. `windows` may be empty (no rows)
/// where frames are consecutive.
void smooth_gaussian(Span2D<const float> values, Span<const std::int64_t> frames,
                     const FilterOptions& options, bool consecutive, bool has_nan,
                     Span2D<float> out);

/// Mean of one column over rows [begin, end) around row `centre`, with weights relative to that of
/// the nearest number, so that it exists however small the weights are. NaN without a number.
/// `value(j)` gives the entry of row j, `distance(j)` its distance from the centre, which must not
/// decrease away from it. No entry may be infinite.
template <typename Value, typename Distance>
float nearest_mean(std::size_t begin, std::size_t centre, std::size_t end, const Weights& weights,
                   const Value& value, const Distance& distance) {
  std::size_t left = centre + 1;  // rows from left - 1 down to begin are to be visited
  std::size_t right = centre + 1;
  while (left > begin && std::isnan(value(left - 1))) {
    --left;
  }
  while (right < end && std::isnan(value(right))) {
    ++right;
  }
  if (left == begin && right == end) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  std::uint64_t nearest = std::numeric_limits<std::uint64_t>::max();
  if (left > begin) {
    nearest = distance(left - 1);
  }
  if (right < end && distance(right) < nearest) {
    nearest = distance(right);
  }
  double sum = 0.0;
  double total = 0.0;
  const auto take = [&](std::size_t j) {
    const double weight = weights.relative(distance(j), nearest);
    if (const float v = value(j); !std::isnan(v)) {
      sum += weight * static_cast<double>(v);
      total += weight;
    }
    return weight > 0.0;
  };
  while (left > begin && take(left - 1)) {
    --left;
  }
  while (right < end && take(right)) {
    ++right;
  }
  return static_cast<float>(sum / total);
}

/// Means of all columns over rows [begin, end); `sums` is scratch of 2 columns. No entry may be
/// infinite. Columns whose weights vanish are left to `nearest_mean`.
template <typename RowAt, typename Distance>
void weighted_means(std::size_t begin, std::size_t centre, std::size_t end, std::size_t columns,
                    const Weights& weights, const RowAt& row_at, const Distance& distance,
                    double* sums, float* out) {
  double* totals = sums + columns;
  for (std::size_t c = 0; c < 2 * columns; ++c) {
    sums[c] = 0.0;
  }
  for (std::size_t j = begin; j < end; ++j) {
    const double weight = weights.at(distance(j));
    const float* row = row_at(j);
    for (std::size_t c = 0; c < columns; ++c) {
      const auto v = static_cast<double>(row[c]);
      const bool counts = v == v;
      sums[c] += counts ? weight * v : 0.0;
      totals[c] += counts ? weight : 0.0;
    }
  }
  for (std::size_t c = 0; c < columns; ++c) {
    if (totals[c] >= kVanishing) {
      out[c] = static_cast<float>(sums[c] / totals[c]);
    } else {
      out[c] = nearest_mean(
          begin, centre, end, weights, [&](std::size_t j) { return row_at(j)[c]; }, distance);
    }
  }
}

}  // namespace cexpr::detail
