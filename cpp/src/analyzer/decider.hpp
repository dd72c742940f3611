#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cexpr/analyzer.hpp"

namespace cexpr::detail {

/// What is known of a frame on its way, but for its label.
struct FrameRecord {
  std::int64_t frame = 0;
  double time = 0.0;
  std::size_t face_count = 0;
  std::size_t best_detection = 0;    // face with the highest detection score
  std::vector<std::int64_t> tracks;  // of the faces
  std::vector<float> signals;        // smoothed, (faces, signals) in the order of the host

  Span<const float> signals_of(std::size_t face, std::size_t width) const {
    return {signals.data() + face * width, width};
  }
};

/// Faces of one frame with their compound scores.
struct ScoredFaces {
  Span<const std::int64_t> tracks;
  Span<const float> detections;
  Span<const float> areas;
  Span2D<const float> scores;  // (faces, compounds)
};

/// From the scores of the faces to the label of each frame. Rows are the frames of the stream,
/// numbered from 0; they are pushed in order and decided in order, `LaneSettings::delay` rows
/// later.
class Decider {
 public:
  Decider() = default;
  Decider(const Decider&) = delete;
  Decider& operator=(const Decider&) = delete;
  virtual ~Decider() = default;

  /// Takes the faces of the next row.
  virtual void push(const ScoredFaces& faces) = 0;
  /// No further row comes.
  virtual void end() = 0;
  /// Fills in what was decided about the next row: everything but its number and time. What it
  /// points to is valid until the next push.
  virtual void decide(const FrameRecord& record, DecidedFrame& frame) = 0;
  /// Forgets everything, for another stream; what `decide` pointed to stays.
  virtual void reset() = 0;
};

}  // namespace cexpr::detail
