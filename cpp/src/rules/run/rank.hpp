#pragma once

#include <cstdint>
#include <vector>

#include "cexpr/rules.hpp"

namespace cexpr::rules::detail {

/// One row's decision with what came second.
struct Ranking {
  std::int32_t leader = -1;     // the highest adjusted score, whether or not it suffices
  std::int32_t winner = -1;     // the leader, or -1 where it lies below `abstain_below`
  std::int32_t runner_up = -1;  // the highest after the leader
  std::vector<float> adjusted;

  /// The highest that is not the label of the row; of a row without a label, the highest.
  std::int32_t best_beside(std::int32_t label) const {
    return label == leader ? runner_up : leader;
  }
};

Ranking rank(const Decision& decision, const std::vector<float>& scores);

/// Whether priors or biases change any score.
bool adjusts(const Decision& decision);

/// `abstain_below` in the precision of the scores.
float least_score(const Decision& decision);

void decide_rows(const Decision& decision, Span2D<const float> scores, Span<std::int32_t> labels);

}  // namespace cexpr::rules::detail
