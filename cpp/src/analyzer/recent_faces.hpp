#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cexpr/analyzer.hpp"
#include "cexpr/filter.hpp"
#include "cexpr/rules.hpp"
#include "filter/detail.hpp"

namespace cexpr::detail {

/// A smoothing of a rule file in frames; radius 0 and the box kernel for none.
FilterOptions filter_options(const rules::Smoothing& smoothing, double frames_per_second,
                             const char* group);

/// The faces of the last frames, and the smoothing of their signals along each track. Frames are
/// numbered from 0.
class RecentFaces {
 public:
  RecentFaces(const RuleSet& rules, const AnalyzerOptions& options);

  /// Longest radius of a smoothing: the frames that must follow one before it is smoothed.
  std::size_t radius() const { return radius_; }
  /// Names of the signals in the order that rows have here: group by group.
  const std::vector<std::string>& names() const { return names_; }

  /// Takes the faces of the next frame; older ones than 2 radius() frames before are forgotten.
  void push(Span<const FaceSignals> faces);
  /// Writes the smoothed signals of the faces of a frame, (faces, signals) in the order of
  /// `names()`. Frames up to frame + radius() take part as far as they were pushed.
  void smooth(std::size_t frame, Span2D<float> out);

  /// Whether a track is in one of the frames from this one on, of those pushed so far.
  bool is_seen_from(std::int64_t track, std::size_t frame) const;

  std::size_t face_count(std::size_t frame) const { return slot(frame).count; }
  Span<const std::int64_t> tracks(std::size_t frame) const {
    return {slot(frame).tracks.data(), slot(frame).count};
  }
  Span<const float> detections(std::size_t frame) const {
    return {slot(frame).detections.data(), slot(frame).count};
  }
  Span<const float> areas(std::size_t frame) const {
    return {slot(frame).areas.data(), slot(frame).count};
  }
  /// Puts a row in the order of `names()` into the order of the host.
  void to_host_order(const float* row, float* out) const;
  void reset() { frame_count_ = 0; }

 private:
  struct Frame {
    std::size_t count = 0;
    std::vector<std::int64_t> tracks;
    std::vector<float> detections;
    std::vector<float> areas;
    std::vector<float> signals;  // max_faces x signals
  };
  struct Group {
    std::size_t first = 0;  // column
    std::size_t columns = 0;
    std::uint64_t radius = 0;
    Weights weights;
  };
  struct Entry {
    const float* row = nullptr;
    std::uint64_t distance = 0;
  };

  const Frame& slot(std::size_t frame) const { return ring_[frame % ring_.size()]; }
  void smooth_group(const Group& group, std::size_t centre, std::size_t frame, float* out);

  std::vector<std::string> names_;
  std::vector<std::size_t> host_column_;  // of each column here
  std::vector<Group> groups_;
  std::size_t radius_ = 0;
  std::vector<Frame> ring_;
  std::vector<Entry> entries_;  // rows of one track, in order
  std::vector<double> sums_;
  std::size_t frame_count_ = 0;  // pushed so far
};

}  // namespace cexpr::detail
