#include "analyzer/merged_faces.hpp"

#include <cmath>
#include <limits>

namespace cexpr::detail {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

MergedFaces::MergedFaces(const LaneSettings& settings, rules::Faces how,
                         const AnalyzerOptions& options)
    : settings_(settings),
      how_(how),
      lane_(settings),
      rows_(settings.delay + 1),
      zeros_(options.max_faces),
      merged_(settings.compounds),
      unknown_(options.signals.size(), kNan) {
  for (Row& row : rows_) {
    row.decided.resize(settings.compounds);
  }
}

void MergedFaces::push(const ScoredFaces& faces) {
  Row& row = slot(pushed_++);
  const std::size_t compounds = settings_.compounds;
  merge_faces(faces.scores, {zeros_.data(), faces.scores.rows}, faces.detections, faces.areas, how_,
              {merged_.data(), 1, compounds, compounds},
              {row.decided.data(), 1, compounds, compounds}, scratch_);
  row.closest = closest_face(row);
  lane_.push(!faces.tracks.empty(), merged_.data());
  fill(false);
}

std::int64_t MergedFaces::closest_face(const Row& row) const {
  std::int64_t face = -1;
  float best = kNan;
  for (std::size_t k = 0; k < settings_.compounds; ++k) {
    if (row.decided[k] >= 0 && (merged_[k] > best || std::isnan(best))) {
      best = merged_[k];
      face = row.decided[k];
    }
  }
  return face;
}

void MergedFaces::fill(bool is_end) {
  while (lane_.end() < pushed_ && (is_end || lane_.end() + settings_.gap_frames < pushed_)) {
    lane_.take();
  }
}

void MergedFaces::end() {
  fill(true);
  lane_.finish();
}

void MergedFaces::decide(const FrameRecord& record, DecidedFrame& frame) {
  const std::size_t at = decided_++;
  const Row& row = slot(at);
  const Lane::Row& found = lane_.row(at);
  frame.label = found.label;
  frame.is_filled = found.is_filled;
  frame.scores = {found.scores.data(), found.scores.size()};
  std::int64_t face = row.closest;
  if (found.label >= 0) {
    const auto k = static_cast<std::size_t>(found.label);
    frame.confidence = found.scores[k];
    face = row.decided[k];
  }
  frame.signals = {unknown_.data(), unknown_.size()};
  if (record.face_count > 0) {
    const std::size_t shown = face >= 0 ? static_cast<std::size_t>(face) : record.best_detection;
    frame.track = record.tracks[shown];
    frame.signals = record.signals_of(shown, unknown_.size());
  }
}

void MergedFaces::reset() {
  lane_.start(0, 0);
  pushed_ = 0;
  decided_ = 0;
}

}  // namespace cexpr::detail
