#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "cexpr/error.hpp"
#include "cexpr/timeline.hpp"
#include "timeline/decision_steps.hpp"

namespace cexpr {
namespace detail {
namespace {

void check_per_compound(const std::vector<float>& values, const char* name, std::size_t compounds) {
  if (!values.empty() && values.size() != compounds) {
    throw ArgumentError(std::string(name) + ": expected one number for each of the " +
                        std::to_string(compounds) + " compounds; got " +
                        std::to_string(values.size()));
  }
  for (const float value : values) {
    if (!std::isfinite(value)) {
      throw ArgumentError(std::string(name) + ": expected finite numbers; got " +
                          std::to_string(value));
    }
  }
}

}  // namespace

void check_decision(const rules::Decision& options, std::size_t compounds) {
  if (std::isnan(options.abstain_below) || std::isnan(options.exit_below)) {
    throw ArgumentError("abstain_below, exit_below: expected numbers; got NaN");
  }
  if (!(options.hysteresis >= 0.0)) {
    throw ArgumentError("hysteresis: expected a number >= 0; got " +
                        std::to_string(options.hysteresis));
  }
  if (!(options.min_duration.value >= 0.0)) {
    throw ArgumentError("min_duration: expected a number >= 0; got " +
                        std::to_string(options.min_duration.value));
  }
  check_per_compound(options.bias, "bias", compounds);
  check_per_compound(options.weight, "weight", compounds);
}

Scoring::Scoring(const rules::Decision& options, std::size_t compounds)
    : weight_(options.weight),
      bias_(options.bias),
      abstain_below_(static_cast<float>(options.abstain_below)),
      exit_below_(static_cast<float>(std::min(options.exit_below, options.abstain_below))),
      hysteresis_(options.hysteresis) {
  weight_.resize(compounds, 1.0F);
  bias_.resize(compounds, 0.0F);
}

std::int32_t Scoring::choose(const float* scores, std::int32_t before) const {
  Leader leader;
  for (std::size_t k = 0; k < weight_.size(); ++k) {
    leader.offer(static_cast<std::int32_t>(k), scores[k], adjusted(scores, k));
  }
  const std::int32_t winner = leader.winner(abstain_below_);
  if (before < 0 || !can_stay(scores, static_cast<std::size_t>(before))) {
    return winner;
  }
  const double lead = static_cast<double>(leader.best()) -
                      static_cast<double>(adjusted(scores, static_cast<std::size_t>(before)));
  return winner >= 0 && (lead > hysteresis_ || hysteresis_ == 0.0) ? winner : before;
}

void RunKeeper::reset() {
  rows_ = 0;
  settled_ = 0;
  pending_ = -1;
  before_ = -1;
}

}  // namespace detail

void decide(Span2D<const float> scores, Span<const double> times, const rules::Decision& options,
            Span<std::int32_t> labels, Span<float> confidence) {
  detail::check_decision(options, scores.cols);
  const auto check_size = [&](std::size_t size, const char* name) {
    if (size != scores.rows) {
      throw ArgumentError(std::string(name) + ": expected one entry for each of the " +
                          std::to_string(scores.rows) + " rows of scores; got " +
                          std::to_string(size));
    }
  };
  check_size(labels.size, "labels");
  if (!confidence.empty()) {
    check_size(confidence.size, "confidence");
  }
  if (options.min_duration.in_seconds) {
    check_size(times.size, "times");
  }
  const detail::Scoring scoring(options, scores.cols);
  detail::RunKeeper keeper(options.min_duration);
  const auto row_scores = [&](std::size_t row) { return scores.row(row); };
  const auto time = [&](std::size_t row) { return times[row]; };
  const auto settle = [&](std::size_t row, std::int32_t label) { labels[row] = label; };
  std::int32_t chosen = -1;
  for (std::size_t t = 0; t < scores.rows; ++t) {
    chosen = scoring.choose(scores.row(t), chosen);
    keeper.push(chosen, scoring, row_scores, time, settle);
  }
  keeper.finish(scoring, row_scores, settle);
  for (std::size_t t = 0; t < confidence.size; ++t) {
    confidence[t] = labels[t] < 0 ? std::numeric_limits<float>::quiet_NaN()
                                  : scores(t, static_cast<std::size_t>(labels[t]));
  }
}

}  // namespace cexpr
