#include "analyzer/lane.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "analyzer/recent_faces.hpp"
#include "cexpr/error.hpp"

namespace cexpr::detail {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::size_t min_frames_of(const rules::Length& length, double frames_per_second) {
  constexpr double kSlack = 1e-6;  // 0.2 s of 25 frames a second are 5 frames
  const double frames = length.in_seconds ? length.value * frames_per_second : length.value;
  const double whole = std::max(std::ceil(frames - kSlack), 1.0);
  if (!(whole <= static_cast<double>(kMaxStreamingRadius))) {
    throw ArgumentError("min_duration: a stream takes at most " +
                        std::to_string(kMaxStreamingRadius) + " frames; got " +
                        std::to_string(whole));
  }
  return static_cast<std::size_t>(whole);
}

std::size_t gap_limit_of(const rules::Length& length, double frames_per_second) {
  constexpr double kSlack = 1e-6;
  const double frames = length.in_seconds ? length.value * frames_per_second : length.value;
  const double most = static_cast<double>(std::numeric_limits<std::int32_t>::max());
  return frames < most ? static_cast<std::size_t>(std::floor(frames + kSlack))
                       : std::numeric_limits<std::size_t>::max();
}

}  // namespace

LaneSettings::LaneSettings(const RuleSet& rules, const AnalyzerOptions& options, std::size_t radius)
    : compounds(rules.compounds().size()),
      gaps(rules.gaps()),
      skips_filled(rules.smooth_compounds().skip_filled),
      smoothing(filter_options(rules.smooth_compounds(), options.frames_per_second, "compounds")),
      scoring(rules.decision(), compounds),
      min_frames(min_frames_of(rules.decision().min_duration, options.frames_per_second)),
      gap_limit(gap_limit_of(rules.gaps_at_most(), options.frames_per_second)),
      gap_frames(gaps == rules::Gaps::interpolate
                     ? std::min(static_cast<std::size_t>(options.gap_frames), gap_limit)
                     : 0),
      delay(radius + gap_frames + static_cast<std::size_t>(smoothing.radius) + min_frames - 1) {
  check_decision(rules.decision(), compounds);
}

Lane::Lane(const LaneSettings& settings)
    : settings_(settings),
      gaps_(settings.compounds, settings.gaps, settings.gap_frames, settings.gap_limit),
      filter_(settings.compounds, settings.smoothing),
      keeper_({static_cast<double>(settings.min_frames), false}),
      rows_(settings.delay + 1),
      scratch_(settings.compounds) {
  for (Row& row : rows_) {
    row.filled.resize(settings.compounds);
    row.scores.resize(settings.compounds);
  }
}

void Lane::start(std::size_t first, std::size_t pushed) {
  gaps_.start(pushed);
  filter_.reset();
  keeper_.reset();
  chosen_ = -1;
  first_ = first;
  end_ = first;
}

void Lane::take() {
  Row& row = slot(end_);
  row.is_filled = gaps_.fill(end_, row.filled.data());
  smooth(gaps_.is_seen(end_));
}

void Lane::hold() {
  Row& row = slot(end_);
  row.is_filled = gaps_.fill_from_before(end_, row.filled.data());
  smooth(false);
}

void Lane::finish() {
  take_smoothed(filter_.flush());
  keeper_.finish(settings_.scoring, scores_of(), settle());
}

void Lane::smooth(bool is_seen) {
  slot(end_).is_seen = is_seen;
  const float* from = slot(end_).filled.data();
  if (settings_.skips_filled && !is_seen) {
    std::fill(scratch_.begin(), scratch_.end(), kNan);
    from = scratch_.data();
  }
  take_smoothed(filter_.push(static_cast<std::int64_t>(end_), {from, settings_.compounds}));
  ++end_;
}

void Lane::take_smoothed(std::size_t count) {
  for (; count > 0; --count) {
    Row& row = slot(static_cast<std::size_t>(filter_.pop({scratch_.data(), scratch_.size()})));
    for (std::size_t k = 0; k < scratch_.size(); ++k) {
      // Where nothing was in reach the filled score stands; what was not filled stays unknown.
      const bool is_empty = !row.is_seen && std::isnan(row.filled[k]);
      const bool stands = is_empty || (settings_.skips_filled && std::isnan(scratch_[k]));
      row.scores[k] = stands ? row.filled[k] : scratch_[k];
    }
    chosen_ = settings_.scoring.choose(row.scores.data(), chosen_);
    keeper_.push(
        chosen_, settings_.scoring, scores_of(), [](std::size_t) { return 0.0; }, settle());
  }
}

}  // namespace cexpr::detail
