#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "cexpr/error.hpp"
#include "cexpr/filter.hpp"
#include "filter/detail.hpp"

namespace cexpr {
namespace {

std::size_t checked_columns(std::size_t columns) {
  if (columns == 0) {
    throw ArgumentError("columns: expected at least 1; got 0");
  }
  return columns;
}

FilterOptions checked(const FilterOptions& options) {
  check_filter_options(options);
  if (options.window != FilterWindow::frames) {
    throw ArgumentError("window: a stream counts the radius in frames, not in rows");
  }
  if (options.radius > kMaxStreamingRadius) {
    throw ArgumentError("radius: a stream takes at most " + std::to_string(kMaxStreamingRadius) +
                        " frames; got " + std::to_string(options.radius));
  }
  return options;
}

}  // namespace

struct StreamingFilter::Memory {
  Memory(std::size_t columns, const FilterOptions& options)
      : weights(options, static_cast<std::uint64_t>(options.radius),
                static_cast<std::size_t>(options.radius) + 1),
        capacity(2 * static_cast<std::size_t>(options.radius) + 1),
        rows(capacity * columns),
        frames(capacity),
        infinities(capacity),
        sums(2 * columns) {}

  std::size_t slot(std::size_t row) const { return row % capacity; }

  detail::Weights weights;
  std::size_t capacity;
  std::vector<float> rows;
  std::vector<std::int64_t> frames;
  std::vector<std::uint8_t> infinities;  // 1 where the row holds one
  std::vector<double> sums;
};

StreamingFilter::StreamingFilter(std::size_t columns, const FilterOptions& options)
    : columns_(checked_columns(columns)),
      options_(checked(options)),
      memory_(std::make_unique<Memory>(columns, options)) {}

StreamingFilter::~StreamingFilter() = default;
StreamingFilter::StreamingFilter(StreamingFilter&&) noexcept = default;
StreamingFilter& StreamingFilter::operator=(StreamingFilter&&) noexcept = default;

void StreamingFilter::require_popped(const char* call) const {
  if (next_ != final_) {
    throw StateError(std::string(call) + ": " + std::to_string(final_ - next_) +
                     " final rows have not been popped");
  }
}

void StreamingFilter::require_later(std::int64_t frame) const {
  if (has_last_ && frame <= last_frame_) {
    throw ArgumentError("frame: expected a number greater than " + std::to_string(last_frame_) +
                        "; got " + std::to_string(frame));
  }
}

std::size_t StreamingFilter::release(std::int64_t newest) {
  while (final_ < end_ && detail::frame_distance(memory_->frames[memory_->slot(final_)], newest) >=
                              static_cast<std::uint64_t>(options_.radius)) {
    ++final_;
  }
  return final_ - next_;
}

std::size_t StreamingFilter::push(std::int64_t frame, Span<const float> row) {
  if (row.size != columns_) {
    throw ArgumentError("row: expected " + std::to_string(columns_) + " values; got " +
                        std::to_string(row.size));
  }
  require_later(frame);
  require_popped("push");
  Memory& memory = *memory_;
  // The oldest row that is still to come out needs the rows within radius of it, and no older ones.
  const std::int64_t oldest = next_ < end_ ? memory.frames[memory.slot(next_)] : frame;
  while (first_ < next_ && detail::frame_distance(memory.frames[memory.slot(first_)], oldest) >
                               static_cast<std::uint64_t>(options_.radius)) {
    ++first_;
  }
  const std::size_t at = memory.slot(end_);
  std::copy(row.begin(), row.end(), memory.rows.data() + at * columns_);
  memory.frames[at] = frame;
  memory.infinities[at] =
      std::any_of(row.begin(), row.end(), [](float v) { return std::isinf(v); }) ? 1 : 0;
  ++end_;
  has_last_ = true;
  last_frame_ = frame;
  return release(frame);
}

std::size_t StreamingFilter::advance(std::int64_t frame) {
  require_later(frame);
  require_popped("advance");
  has_last_ = true;
  last_frame_ = frame;
  return release(frame);
}

std::size_t StreamingFilter::flush() {
  require_popped("flush");
  final_ = end_;
  is_flushed_ = true;
  if (next_ == final_) {
    reset();
  }
  return final_ - next_;
}

std::int64_t StreamingFilter::pop(Span<float> out) {
  if (next_ == final_) {
    throw StateError("pop: no row is final");
  }
  if (out.size != columns_) {
    throw ArgumentError("out: expected " + std::to_string(columns_) + " values; got " +
                        std::to_string(out.size));
  }
  const std::int64_t frame = memory_->frames[memory_->slot(next_)];
  smooth_row(next_, out);
  ++next_;
  if (is_flushed_ && next_ == final_) {
    reset();
  }
  return frame;
}

void StreamingFilter::smooth_row(std::size_t row, Span<float> out) const {
  Memory& memory = *memory_;
  const std::int64_t centre = memory.frames[memory.slot(row)];
  const auto distance = [&](std::size_t j) {
    return detail::frames_between(centre, memory.frames[memory.slot(j)]);
  };
  const auto values = [&](std::size_t j) { return memory.rows.data() + memory.slot(j) * columns_; };
  const auto radius = static_cast<std::uint64_t>(options_.radius);
  std::size_t begin = row;
  while (begin > first_ && distance(begin - 1) <= radius) {
    --begin;
  }
  std::size_t end = row + 1;
  while (end < end_ && distance(end) <= radius) {
    ++end;
  }
  bool has_infinity = false;
  for (std::size_t j = begin; j < end; ++j) {
    has_infinity = has_infinity || memory.infinities[memory.slot(j)] != 0;
  }
  if (!has_infinity) {
    detail::weighted_means(begin, row, end, columns_, memory.weights, values, distance,
                           memory.sums.data(), out.data);
    return;
  }
  for (std::size_t c = 0; c < columns_; ++c) {
    // Infinities of one sign add up to themselves, those of both signs to NaN.
    float infinite = 0.0F;
    for (std::size_t j = begin; j < end; ++j) {
      infinite += std::isinf(values(j)[c]) ? values(j)[c] : 0.0F;
    }
    out[c] = infinite != 0.0F ? infinite
                              : detail::nearest_mean(
                                    begin, row, end, memory.weights,
                                    [&](std::size_t j) { return values(j)[c]; }, distance);
  }
}

void StreamingFilter::reset() noexcept {
  first_ = 0;
  next_ = 0;
  final_ = 0;
  end_ = 0;
  has_last_ = false;
  is_flushed_ = false;
  last_frame_ = 0;
}

}  // namespace cexpr
