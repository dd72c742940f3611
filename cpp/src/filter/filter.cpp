#include "cexpr/filter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "cexpr/error.hpp"
#include "filter/detail.hpp"
#include "kernels/filter_table.hpp"
#include "kernels/pick.hpp"

namespace cexpr {

void check_filter_options(const FilterOptions& options) {
  if (options.radius < 0) {
    throw ArgumentError("radius: expected a number of frames >= 0; got " +
                        std::to_string(options.radius));
  }
  if (options.kernel == FilterKernel::gaussian &&
      !(std::isfinite(options.sigma) && options.sigma > 0.0)) {
    throw ArgumentError(
        "sigma: the gaussian kernel needs a finite standard deviation in frames > 0; got " +
        std::to_string(options.sigma));
  }
}

namespace detail {
namespace {

using kernels::Content;
using kernels::FilterTable;
using kernels::RowWindows;

// exp(-d^2 / (2 sigma^2)) leaves the normal range of double near d = 37.6 sigma.
constexpr double kReachInSigmas = 37.0;

bool fits(const FilterOptions& options, std::uint64_t distance) {
  return distance <= static_cast<std::uint64_t>(options.radius);
}

}  // namespace

Weights::Weights(const FilterOptions& options, std::uint64_t longest, std::size_t table_length)
    : is_box_(options.kernel == FilterKernel::box),
      sigma_(options.sigma),
      reach_(options.window == FilterWindow::rows ? longest
                                                  : static_cast<std::uint64_t>(options.radius)),
      can_vanish_(false) {
  const std::uint64_t farthest = std::min(reach_, longest);
  if (!is_box_) {
    const double reach = kReachInSigmas * sigma_;
    if (reach < static_cast<double>(reach_)) {
      reach_ = static_cast<std::uint64_t>(reach);
    }
    can_vanish_ = compute(farthest) < kVanishing;
  }
  table_.resize(table_length);
  for (std::size_t d = 0; d < table_length; ++d) {
    table_[d] = compute(d);
  }
}

double Weights::compute(std::uint64_t distance) const {
  if (is_box_) {
    return 1.0;
  }
  if (distance > reach_) {
    return 0.0;
  }
  const double scaled = static_cast<double>(distance) / sigma_;
  return std::exp(-0.5 * scaled * scaled);
}

double Weights::relative(std::uint64_t distance, std::uint64_t nearest) const {
  if (is_box_) {
    return 1.0;
  }
  const double difference = static_cast<double>(distance - nearest) / sigma_;
  const double sum = (static_cast<double>(distance) + static_cast<double>(nearest)) / sigma_;
  return difference == 0.0 ? 1.0 : std::exp(-0.5 * difference * sum);
}

WindowTable window_table(Span<const std::int64_t> frames, const FilterOptions& options) {
  WindowTable table;
  table.begin.resize(frames.size);
  table.end.resize(frames.size);
  std::size_t begin = 0;
  std::size_t end = 0;
  for (std::size_t i = 0; i < frames.size; ++i) {
    if (options.window == FilterWindow::rows) {
      begin = fits(options, i) ? 0 : i - static_cast<std::size_t>(options.radius);
      end = fits(options, frames.size - 1 - i) ? frames.size
                                               : i + static_cast<std::size_t>(options.radius) + 1;
    } else {
      while (!fits(options, frame_distance(frames[begin], frames[i]))) {
        ++begin;
      }
      while (end < frames.size &&
             (end <= i || fits(options, frame_distance(frames[i], frames[end])))) {
        ++end;
      }
    }
    table.begin[i] = begin;
    table.end[i] = end;
    table.longest = std::max(table.longest, end - begin);
  }
  return table;
}

namespace {

/// Throws where frames decrease; true where each is the one before plus 1.
bool check_frames(Span<const std::int64_t> frames) {
  std::uint64_t other_step = 0;
  for (std::size_t i = 1; i < frames.size; ++i) {
    other_step |= frame_distance(frames[i - 1], frames[i]) ^ 1U;
  }
  if (frames.empty() || (other_step == 0 && frames[0] <= frames[frames.size - 1])) {
    return true;
  }
  for (std::size_t i = 1; i < frames.size; ++i) {
    if (frames[i] < frames[i - 1]) {
      throw ArgumentError("frames: expected numbers that do not decrease; got " +
                          std::to_string(frames[i]) + " after " + std::to_string(frames[i - 1]) +
                          " in row " + std::to_string(i));
    }
  }
  return false;
}

std::string shape_text(std::size_t rows, std::size_t cols) {
  return "(" + std::to_string(rows) + ", " + std::to_string(cols) + ")";
}

Content scan(Span2D<const float> values, const FilterTable& kernels) {
  if (values.stride == values.cols) {
    return kernels.scan(values.data, values.rows * values.cols);
  }
  Content content;
  for (std::size_t i = 0; i < values.rows; ++i) {
    const Content row = kernels.scan(values.row(i), values.cols);
    content.has_nan = content.has_nan || row.has_nan;
    content.has_infinity = content.has_infinity || row.has_infinity;
  }
  return content;
}

void smooth_box(Span2D<const float> values, Span<const std::int64_t> frames,
                const FilterOptions& options, bool consecutive, bool has_nan, Span2D<float> out) {
  RowWindows windows;
  WindowTable table;
  std::size_t longest = 0;
  windows.rows = values.rows;
  if (consecutive && !has_nan) {
    windows.radius = static_cast<std::size_t>(
        std::min<std::uint64_t>(static_cast<std::uint64_t>(options.radius), values.rows - 1));
    longest = 2 * windows.radius + 1;
  } else {
    table = window_table(frames, options);
    windows.begin = table.begin.data();
    windows.end = table.end.data();
    longest = table.longest;
  }
  const std::unique_ptr<double[]> scratch(new double[2 * kernels::kBoxLanes * (longest + 1)]);
  kernels::pick<FilterTable>().box(values.data, values.stride, values.cols, windows, scratch.get(),
                                   out.data, out.stride);
}

/// Replaces the result of each window that holds an infinity.
void spread_infinities(Span2D<const float> values, Span<const std::int64_t> frames,
                       const FilterOptions& options, Span2D<float> out) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const WindowTable windows = window_table(frames, options);
  for (std::size_t c = 0; c < values.cols; ++c) {
    std::size_t positive = 0;
    std::size_t negative = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    for (std::size_t i = 0; i < values.rows; ++i) {
      for (; end < windows.end[i]; ++end) {
        positive += values(end, c) == kInfinity ? 1 : 0;
        negative += values(end, c) == -kInfinity ? 1 : 0;
      }
      for (; begin < windows.begin[i]; ++begin) {
        positive -= values(begin, c) == kInfinity ? 1 : 0;
        negative -= values(begin, c) == -kInfinity ? 1 : 0;
      }
      if (positive > 0 && negative > 0) {
        out(i, c) = std::numeric_limits<float>::quiet_NaN();
      } else if (positive > 0) {
        out(i, c) = kInfinity;
      } else if (negative > 0) {
        out(i, c) = -kInfinity;
      }
    }
  }
}

void smooth_finite(Span2D<const float> values, Span<const std::int64_t> frames,
                   const FilterOptions& options, bool consecutive, bool has_nan,
                   Span2D<float> out) {
  if (options.kernel == FilterKernel::box) {
    smooth_box(values, frames, options, consecutive, has_nan, out);
  } else {
    smooth_gaussian(values, frames, options, consecutive, has_nan, out);
  }
}

}  // namespace
}  // namespace detail

void smooth(Span2D<const float> values, Span<const std::int64_t> frames,
            const FilterOptions& options, Span2D<float> out) {
  check_filter_options(options);
  if (frames.size != values.rows) {
    throw ArgumentError("frames: expected one number for each of the " +
                        std::to_string(values.rows) + " rows of values; got " +
                        std::to_string(frames.size));
  }
  if (out.rows != values.rows || out.cols != values.cols) {
    throw ArgumentError("out: expected shape " + detail::shape_text(values.rows, values.cols) +
                        "; got " + detail::shape_text(out.rows, out.cols));
  }
  const bool consecutive = detail::check_frames(frames);
  if (values.rows == 0 || values.cols == 0) {
    return;
  }
  const kernels::Content content = detail::scan(values, kernels::pick<kernels::FilterTable>());
  if (!content.has_infinity) {
    detail::smooth_finite(values, frames, options, consecutive, content.has_nan, out);
    return;
  }
  std::vector<float> finite(values.rows * values.cols);
  for (std::size_t i = 0; i < values.rows; ++i) {
    std::transform(
        values.row(i), values.row(i) + values.cols, finite.data() + i * values.cols,
        [](float v) { return std::isinf(v) ? std::numeric_limits<float>::quiet_NaN() : v; });
  }
  detail::smooth_finite({finite.data(), values.rows, values.cols, values.cols}, frames, options,
                        consecutive, true, out);
  detail::spread_infinities(values, frames, options, out);
}

}  // namespace cexpr
