#include "cexpr/timeline.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "cexpr/error.hpp"
#include "timeline/merge.hpp"

namespace cexpr {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kMicrosecond = 1e-6;

void check_size(std::size_t size, std::size_t expected, const char* name, const char* of) {
  if (size != expected) {
    throw ArgumentError(std::string(name) + ": expected " + std::to_string(expected) +
                        ", one for each row of " + of + "; got " + std::to_string(size));
  }
}

void check_length(const rules::Length& length, const char* name) {
  if (!(length.value >= 0.0)) {
    throw ArgumentError(std::string(name) + ": expected a length >= 0; got " +
                        std::to_string(length.value));
  }
}

/// True where `challenger` is larger, or a number where `holder` is none.
bool beats(float challenger, float holder) {
  return challenger > holder || (std::isnan(holder) && !std::isnan(challenger));
}

/// All scores of the face that has the highest `key` in its frame.
void take_one_face(Span2D<const float> scores, Span<const std::int64_t> row_frames,
                   Span<const float> key, Span2D<float> merged, Span2D<std::int64_t> decided,
                   std::vector<std::int64_t>& chosen) {
  chosen.assign(merged.rows, -1);
  for (std::size_t n = 0; n < scores.rows; ++n) {
    std::int64_t& row = chosen[static_cast<std::size_t>(row_frames[n])];
    if (row < 0 || beats(key[n], key[static_cast<std::size_t>(row)])) {
      row = static_cast<std::int64_t>(n);
    }
  }
  for (std::size_t t = 0; t < merged.rows; ++t) {
    std::fill(decided.row(t), decided.row(t) + decided.cols, chosen[t]);
    if (chosen[t] >= 0) {
      const float* from = scores.row(static_cast<std::size_t>(chosen[t]));
      std::copy(from, from + scores.cols, merged.row(t));
    }
  }
}

void take_class_by_class(Span2D<const float> scores, Span<const std::int64_t> row_frames,
                         bool take_mean, Span2D<float> merged, Span2D<std::int64_t> decided,
                         detail::MergeScratch& scratch) {
  for (std::size_t n = 0; n < scores.rows; ++n) {
    const auto t = static_cast<std::size_t>(row_frames[n]);
    for (std::size_t k = 0; k < scores.cols; ++k) {
      if (beats(scores(n, k), merged(t, k))) {
        merged(t, k) = scores(n, k);
        decided(t, k) = static_cast<std::int64_t>(n);
      }
    }
  }
  if (!take_mean) {
    return;
  }
  std::vector<double>& sums = scratch.sums;
  std::vector<std::int32_t>& counts = scratch.counts;
  sums.assign(merged.rows * merged.cols, 0.0);
  counts.assign(merged.rows * merged.cols, 0);
  for (std::size_t n = 0; n < scores.rows; ++n) {
    const std::size_t at = static_cast<std::size_t>(row_frames[n]) * merged.cols;
    for (std::size_t k = 0; k < scores.cols; ++k) {
      if (!std::isnan(scores(n, k))) {
        sums[at + k] += static_cast<double>(scores(n, k));
        ++counts[at + k];
      }
    }
  }
  for (std::size_t t = 0; t < merged.rows; ++t) {
    for (std::size_t k = 0; k < merged.cols; ++k) {
      const std::size_t at = t * merged.cols + k;
      if (counts[at] > 0) {
        merged(t, k) = static_cast<float>(sums[at] / counts[at]);
      }
    }
  }
}

bool is_longer(const rules::Length& limit, std::size_t rows, double seconds) {
  return limit.in_seconds ? seconds > limit.value + kMicrosecond
                          : static_cast<double>(rows) > limit.value;
}

/// How the rows of a gap are filled.
struct GapFill {
  rules::Gaps how;
  rules::Length at_most;
  Span<const double> times;

  /// Whether two rows lie at most `at_most` apart.
  bool reaches(std::size_t first, std::size_t last) const {
    const double seconds = at_most.in_seconds ? times[last] - times[first] : 0.0;
    return !is_longer(at_most, last - first, seconds);
  }
};

/// Fills rows (before, after) of a column from those two rows; `none` (== rows) stands for no row.
void fill_stretch(Span2D<float> column_of, std::size_t column, std::size_t before,
                  std::size_t after, const Span<const std::uint8_t>& seen, const GapFill& fill) {
  const std::size_t none = column_of.rows;
  const std::size_t first = before == none ? 0 : before + 1;
  const bool holds = fill.how == rules::Gaps::hold;
  const bool is_bridged =
      before != none && after != none && !holds && fill.reaches(before, after - 1);
  for (std::size_t t = first; t < after; ++t) {
    if (seen[t] != 0) {
      continue;
    }
    float& value = column_of(t, column);
    if (is_bridged) {
      const auto from = static_cast<double>(column_of(before, column));
      const auto to = static_cast<double>(column_of(after, column));
      const double share = static_cast<double>(t - before) / static_cast<double>(after - before);
      value = static_cast<float>(from * (1.0 - share) + to * share);
    } else if (before != none) {
      value = fill.reaches(before, t) ? column_of(before, column) : kNan;
    } else {
      const bool is_held = after != none && !holds && fill.reaches(t, after);
      value = is_held ? column_of(after, column) : kNan;
    }
  }
}

/// Time at which the frame of row t ends.
double frame_end(Span<const double> times, std::size_t t) {
  if (t + 1 < times.size) {
    return times[t + 1];
  }
  return t > 0 ? times[t] + (times[t] - times[t - 1]) : times[t];
}

bool is_shorter(const rules::Length& limit, std::size_t rows, double seconds) {
  return limit.in_seconds ? seconds < limit.value - kMicrosecond
                          : static_cast<double>(rows) < limit.value;
}

void measure(Event& event, Span<const std::int32_t> labels, Span<const float> strength,
             Span<const double> times) {
  event.duration = frame_end(times, event.offset) - times[event.onset];
  event.apex = event.onset;
  event.peak = kNan;
  double sum = 0.0;
  std::size_t count = 0;
  for (std::size_t t = event.onset; t <= event.offset; ++t) {
    if (labels[t] != event.label || std::isnan(strength[t])) {
      continue;
    }
    if (beats(strength[t], event.peak)) {
      event.peak = strength[t];
      event.apex = t;
    }
    sum += static_cast<double>(strength[t]);
    ++count;
  }
  event.mean = count > 0 ? static_cast<float>(sum / static_cast<double>(count)) : kNan;
}

}  // namespace

namespace detail {

void merge_faces(Span2D<const float> scores, Span<const std::int64_t> row_frames,
                 Span<const float> detection, Span<const float> area, rules::Faces how,
                 Span2D<float> merged, Span2D<std::int64_t> decided, MergeScratch& scratch) {
  check_size(row_frames.size, scores.rows, "row_frames", "scores");
  check_size(decided.rows, merged.rows, "decided", "merged");
  if (merged.cols != scores.cols || decided.cols != scores.cols) {
    throw ArgumentError("merged, decided: expected " + std::to_string(scores.cols) +
                        " columns as in scores; got " + std::to_string(merged.cols) + " and " +
                        std::to_string(decided.cols));
  }
  for (const std::int64_t frame : row_frames) {
    if (frame < 0 || static_cast<std::uint64_t>(frame) >= merged.rows) {
      throw ArgumentError("row_frames: expected numbers from 0 to " + std::to_string(merged.rows) +
                          " - 1; got " + std::to_string(frame));
    }
  }
  for (std::size_t t = 0; t < merged.rows; ++t) {
    std::fill(merged.row(t), merged.row(t) + merged.cols, kNan);
    std::fill(decided.row(t), decided.row(t) + decided.cols, std::int64_t{-1});
  }
  switch (how) {
    case rules::Faces::each:
      throw ArgumentError(
          "how: expected 'max', 'mean', 'first' or 'largest'; got 'each', which does not bring "
          "faces "
          "together: decide the rows of each track on their own");
    case rules::Faces::first:
      check_size(detection.size, scores.rows, "detection", "scores");
      take_one_face(scores, row_frames, detection, merged, decided, scratch.chosen);
      return;
    case rules::Faces::largest:
      check_size(area.size, scores.rows, "area", "scores");
      take_one_face(scores, row_frames, area, merged, decided, scratch.chosen);
      return;
    case rules::Faces::max:
    case rules::Faces::mean:
      take_class_by_class(scores, row_frames, how == rules::Faces::mean, merged, decided, scratch);
      return;
  }
}

}  // namespace detail

void merge_faces(Span2D<const float> scores, Span<const std::int64_t> row_frames,
                 Span<const float> detection, Span<const float> area, rules::Faces how,
                 Span2D<float> merged, Span2D<std::int64_t> decided) {
  detail::MergeScratch scratch;
  detail::merge_faces(scores, row_frames, detection, area, how, merged, decided, scratch);
}

void fill_gaps(Span2D<const float> values, Span<const std::uint8_t> seen, Span<const double> times,
               rules::Gaps how, const rules::Length& at_most, Span2D<float> filled,
               Span<std::uint8_t> is_filled) {
  check_size(seen.size, values.rows, "seen", "values");
  check_length(at_most, "at_most");
  if (at_most.in_seconds) {
    check_size(times.size, values.rows, "times", "values");
  }
  check_size(is_filled.size, values.rows, "is_filled", "values");
  check_size(filled.rows, values.rows, "filled", "values");
  if (filled.cols != values.cols) {
    throw ArgumentError("filled: expected " + std::to_string(values.cols) +
                        " columns as in values; got " + std::to_string(filled.cols));
  }
  for (std::size_t t = 0; t < values.rows; ++t) {
    is_filled[t] = 0;
    if (seen[t] != 0) {
      std::copy(values.row(t), values.row(t) + values.cols, filled.row(t));
    } else {
      std::fill(filled.row(t), filled.row(t) + values.cols, kNan);
    }
  }
  if (how == rules::Gaps::none) {
    return;
  }
  const GapFill fill{how, at_most, times};
  const std::size_t none = values.rows;
  for (std::size_t c = 0; c < values.cols; ++c) {
    std::size_t before = none;
    for (std::size_t t = 0; t < values.rows; ++t) {
      if (seen[t] != 0 && !std::isnan(values(t, c))) {
        fill_stretch(filled, c, before, t, seen, fill);
        before = t;
      }
    }
    fill_stretch(filled, c, before, none, seen, fill);
  }
  for (std::size_t t = 0; t < values.rows; ++t) {
    const float* row = filled.row(t);
    is_filled[t] =
        seen[t] == 0 && std::any_of(row, row + values.cols, [](float v) { return !std::isnan(v); })
            ? 1
            : 0;
  }
}

std::vector<Event> cut_events(Span<const std::int32_t> labels, Span<const float> strength,
                              Span<const double> times, const rules::Events& options) {
  check_size(strength.size, labels.size, "strength", "labels");
  check_size(times.size, labels.size, "times", "labels");
  check_length(options.min_duration, "min_duration");
  check_length(options.merge_gap, "merge_gap");
  std::vector<Event> events;
  for (std::size_t t = 0; t < labels.size; ++t) {
    if (labels[t] < 0) {
      continue;
    }
    if (!events.empty() && events.back().label == labels[t]) {
      Event& last = events.back();
      const std::size_t between = t - last.offset - 1;
      if (between == 0 ||
          !is_longer(options.merge_gap, between, times[t] - frame_end(times, last.offset))) {
        last.offset = t;
        continue;
      }
    }
    Event event;
    event.label = labels[t];
    event.onset = t;
    event.offset = t;
    events.push_back(event);
  }
  for (Event& event : events) {
    measure(event, labels, strength, times);
  }
  events.erase(std::remove_if(events.begin(), events.end(),
                              [&](const Event& event) {
                                return is_shorter(options.min_duration,
                                                  event.offset - event.onset + 1, event.duration);
                              }),
               events.end());
  return events;
}

}  // namespace cexpr
