#include "analyzer/each_face.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cexpr::detail {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

EachFace::EachFace(const LaneSettings& settings, const AnalyzerOptions& options,
                   const RecentFaces& recent)
    : settings_(settings),
      recent_(recent),
      patience_(std::max(static_cast<std::size_t>(options.gap_frames),
                         recent.radius() + settings.gap_frames)),
      rows_(settings.delay + 1),
      unknown_scores_(settings.compounds, kNan),
      unknown_signals_(options.signals.size(), kNan) {
  for (std::size_t i = 0; i < options.max_faces; ++i) {
    pool_.push_back(std::make_unique<Track>(settings));
  }
  for (Row& row : rows_) {
    row.tracks.resize(options.max_faces);
    row.faces.resize(options.max_faces);
  }
}

void EachFace::push(const ScoredFaces& faces) {
  Row& row = slot(pushed_);
  row.face_count = faces.tracks.size;
  for (const std::unique_ptr<Track>& track : pool_) {
    track->is_pushed = false;
  }
  const bool is_first = started_ == 0;
  for (std::size_t i = 0; i < row.face_count; ++i) {
    Track& track = track_of(faces.tracks[i]);
    if (is_first) {
      // Rows that passed without a face belong to the first ones; before the last row that came out
      // there was nothing that matters now.
      track.lane.start(decided_ - std::min<std::size_t>(decided_, 1), pushed_);
      while (track.lane.end() < filled_) {
        track.lane.hold();
      }
    }
    track.lane.push(true, faces.scores.row(i));
    track.is_pushed = true;
    row.tracks[i] = &track;
  }
  for (const std::unique_ptr<Track>& track : pool_) {
    if (track->is_open && !track->is_pushed) {
      track->lane.push(false, nullptr);
    }
  }
  ++pushed_;
  fill(false);
}

EachFace::Track& EachFace::track_of(std::int64_t id) {
  for (const std::unique_ptr<Track>& track : pool_) {
    if (track->is_open && track->id == id) {
      return *track;
    }
  }
  Track& track = free_track();
  track.id = id;
  track.order = started_++;
  track.is_open = true;
  track.lane.start(pushed_, pushed_);
  return track;
}

EachFace::Track& EachFace::free_track() {
  for (const std::unique_ptr<Track>& track : pool_) {
    if (!track->is_open && track->lane.end() <= decided_) {
      return *track;
    }
  }
  return *pool_.emplace_back(std::make_unique<Track>(settings_));
}

void EachFace::fill(bool is_end) {
  for (; filled_ < pushed_ && (is_end || filled_ + settings_.gap_frames < pushed_); ++filled_) {
    for (const std::unique_ptr<Track>& track : pool_) {
      if (track->is_open && filled_ >= track->lane.first()) {
        fill_row(*track, filled_);
      }
    }
  }
}

void EachFace::fill_row(Track& track, std::size_t row) {
  Lane& lane = track.lane;
  const bool is_away = slot(row).face_count > 0 || lane.end() < row;  // others were seen since
  if (lane.is_seen(row) || !is_away || lane.is_seen_after(row) ||
      recent_.is_seen_from(track.id, pushed_)) {
    while (lane.end() < row) {
      lane.hold();
    }
    lane.take();
  } else if (row + 1 - lane.end() > patience_) {
    lane.finish();
    track.is_open = false;
  }
}

void EachFace::end() { fill(true); }

const Lane::Row& EachFace::decided_row(Track& track, std::size_t row) {
  if (!track.lane.is_decided(row)) {
    track.lane.finish();  // its face is away, and it is not known whether it comes back
  }
  return track.lane.row(row);
}

EachFace::Strength EachFace::strength_of(const Lane::Row& row) {
  if (row.label >= 0) {
    return {Strength::Kind::label, row.scores[static_cast<std::size_t>(row.label)]};
  }
  Strength best;
  for (const float score : row.scores) {
    if (!std::isnan(score) && Strength{Strength::Kind::score, score} > best) {
      best = {Strength::Kind::score, score};
    }
  }
  return best;
}

void EachFace::decide(const FrameRecord& record, DecidedFrame& frame) {
  frame.scores = {unknown_scores_.data(), unknown_scores_.size()};
  frame.signals = {unknown_signals_.data(), unknown_signals_.size()};
  if (record.face_count > 0) {
    decide_seen(record, frame);
  } else {
    decide_unseen(decided_, frame);
  }
  ++decided_;
}

void EachFace::show(const Lane::Row& row, DecidedFrame& frame) {
  frame.label = row.label;
  frame.is_filled = row.is_filled;
  frame.scores = {row.scores.data(), row.scores.size()};
  if (row.label >= 0) {
    frame.confidence = row.scores[static_cast<std::size_t>(row.label)];
  }
}

void EachFace::decide_seen(const FrameRecord& record, DecidedFrame& frame) {
  Row& row = slot(decided_);
  Strength best;
  std::size_t shown = record.best_detection;
  for (std::size_t i = 0; i < record.face_count; ++i) {
    const Lane::Row& found = decided_row(*row.tracks[i], decided_);
    DecidedFace& face = row.faces[i];
    face.track = record.tracks[i];
    face.label = found.label;
    face.confidence = found.label >= 0 ? found.scores[static_cast<std::size_t>(found.label)] : kNan;
    face.scores = {found.scores.data(), found.scores.size()};
    face.signals = record.signals_of(i, unknown_signals_.size());
    if (const Strength strength = strength_of(found); strength > best) {
      best = strength;
      shown = i;
    }
  }
  show(row.tracks[shown]->lane.row(decided_), frame);
  frame.track = record.tracks[shown];
  frame.signals = row.faces[shown].signals;
  frame.faces = {row.faces.data(), record.face_count};
}

void EachFace::decide_unseen(std::size_t row, DecidedFrame& frame) {
  Strength best;
  Track* shown = nullptr;
  for (const std::unique_ptr<Track>& track : pool_) {
    if (!track->lane.holds(row)) {
      continue;
    }
    const Strength strength = strength_of(decided_row(*track, row));
    const bool is_tie = shown != nullptr && !(best > strength) && track->order < shown->order;
    if (strength > best || (is_tie && strength.kind != Strength::Kind::nothing)) {
      best = strength;
      shown = track.get();
    }
  }
  if (shown != nullptr) {
    show(shown->lane.row(row), frame);
  }
}

void EachFace::reset() {
  for (const std::unique_ptr<Track>& track : pool_) {
    track->is_open = false;
    track->lane.start(0, 0);
  }
  started_ = 0;
  pushed_ = 0;
  filled_ = 0;
  decided_ = 0;
}

}  // namespace cexpr::detail
