#include "analyzer/recent_faces.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "cexpr/error.hpp"
#include "vocabulary.hpp"

namespace cexpr::detail {
namespace {

double in_frames(const rules::Length& length, double frames_per_second) {
  return length.in_seconds ? length.value * frames_per_second : length.value;
}

/// Index of a signal's group among `kGroups`; their number for a signal of none of them.
std::size_t group_of(const std::string& name) {
  const std::size_t place = vocabulary::place_of(name);
  const auto found =
      std::find_if(vocabulary::kGroups.begin(), vocabulary::kGroups.end(),
                   [place](const vocabulary::Group& group) { return group.holds(place); });
  return static_cast<std::size_t>(found - vocabulary::kGroups.begin());
}

}  // namespace

FilterOptions filter_options(const rules::Smoothing& smoothing, double frames_per_second,
                             const char* group) {
  FilterOptions options;
  options.kernel = FilterKernel::box;
  if (smoothing.kernel == rules::Smoothing::Kernel::none) {
    return options;
  }
  if (smoothing.count_rows) {
    throw ArgumentError(std::string("smooth: ") + group +
                        ": a stream counts the radius in frames; 'window: rows' is for clips");
  }
  const double radius = std::nearbyint(in_frames(smoothing.radius, frames_per_second));
  if (!(radius >= 0.0 && radius <= static_cast<double>(kMaxStreamingRadius))) {
    throw ArgumentError(std::string("smooth: ") + group + ": a stream takes a radius of 0 to " +
                        std::to_string(kMaxStreamingRadius) + " frames; got " +
                        std::to_string(radius));
  }
  options.radius = static_cast<std::int64_t>(radius);
  if (smoothing.kernel == rules::Smoothing::Kernel::gaussian) {
    options.kernel = FilterKernel::gaussian;
    options.sigma = in_frames(smoothing.sigma, frames_per_second);
  }
  check_filter_options(options);
  return options;
}

RecentFaces::RecentFaces(const RuleSet& rules, const AnalyzerOptions& options) {
  const FilterOptions none{FilterKernel::box, 0, 0.0, FilterWindow::frames};
  const double rate = options.frames_per_second;
  const std::array<FilterOptions, vocabulary::kGroups.size() + 1> by_group = {
      filter_options(rules.smooth_expression(), rate, vocabulary::kExpression.name),
      filter_options(rules.smooth_valence_arousal(), rate, vocabulary::kValenceArousal.name),
      filter_options(rules.smooth_action_units(), rate, vocabulary::kActionUnits.name), none};
  for (std::size_t g = 0; g < by_group.size(); ++g) {
    const std::size_t first = names_.size();
    for (std::size_t column = 0; column < options.signals.size(); ++column) {
      if (group_of(options.signals[column]) == g) {
        names_.push_back(options.signals[column]);
        host_column_.push_back(column);
      }
    }
    if (names_.size() > first) {
      const auto radius = static_cast<std::uint64_t>(by_group[g].radius);
      groups_.push_back({first, names_.size() - first, radius,
                         Weights(by_group[g], radius, static_cast<std::size_t>(radius) + 1)});
      radius_ = std::max(radius_, static_cast<std::size_t>(radius));
    }
  }
  ring_.resize(2 * radius_ + 1);
  for (Frame& frame : ring_) {
    frame.tracks.resize(options.max_faces);
    frame.detections.resize(options.max_faces);
    frame.areas.resize(options.max_faces);
    frame.signals.resize(options.max_faces * names_.size());
  }
  entries_.resize(ring_.size());
  sums_.resize(2 * names_.size());
}

void RecentFaces::push(Span<const FaceSignals> faces) {
  Frame& frame = ring_[frame_count_ % ring_.size()];
  frame.count = faces.size;
  for (std::size_t i = 0; i < faces.size; ++i) {
    frame.tracks[i] = faces[i].track;
    frame.detections[i] = faces[i].detection;
    frame.areas[i] = faces[i].area;
    float* row = frame.signals.data() + i * names_.size();
    for (std::size_t c = 0; c < names_.size(); ++c) {
      row[c] = faces[i].signals[host_column_[c]];
    }
  }
  ++frame_count_;
}

void RecentFaces::smooth(std::size_t frame, Span2D<float> out) {
  const Frame& centre = slot(frame);
  for (std::size_t i = 0; i < centre.count; ++i) {
    for (const Group& group : groups_) {
      smooth_group(group, i, frame, out.row(i));
    }
  }
}

void RecentFaces::smooth_group(const Group& group, std::size_t centre, std::size_t frame,
                               float* out) {
  const std::int64_t track = slot(frame).tracks[centre];
  const auto radius = static_cast<std::size_t>(group.radius);
  const std::size_t first = frame - std::min(frame, radius);
  const std::size_t last = std::min(frame + radius, frame_count_ - 1);
  std::size_t count = 0;
  std::size_t centre_entry = 0;
  for (std::size_t f = first; f <= last; ++f) {
    const Frame& other = slot(f);
    for (std::size_t i = 0; i < other.count; ++i) {
      if (other.tracks[i] == track) {
        if (f == frame) {
          centre_entry = count;
        }
        entries_[count].row = other.signals.data() + i * names_.size() + group.first;
        entries_[count].distance = f < frame ? frame - f : f - frame;
        ++count;
      }
    }
  }
  weighted_means(
      0, centre_entry, count, group.columns, group.weights,
      [this](std::size_t j) { return entries_[j].row; },
      [this](std::size_t j) { return entries_[j].distance; }, sums_.data(), out + group.first);
}

bool RecentFaces::is_seen_from(std::int64_t track, std::size_t frame) const {
  for (std::size_t f = frame; f < frame_count_; ++f) {
    const Span<const std::int64_t> there = tracks(f);
    if (std::find(there.begin(), there.end(), track) != there.end()) {
      return true;
    }
  }
  return false;
}

void RecentFaces::to_host_order(const float* row, float* out) const {
  for (std::size_t c = 0; c < names_.size(); ++c) {
    out[host_column_[c]] = row[c];
  }
}

}  // namespace cexpr::detail
