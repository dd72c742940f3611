#include "rules/run/rank.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/pick.hpp"
#include "kernels/rules_table.hpp"
#include "timeline/leader.hpp"

namespace cexpr::rules::detail {
namespace {

constexpr std::size_t kRows = 128;

}  // namespace

bool adjusts(const Decision& decision) {
  return std::any_of(decision.bias.begin(), decision.bias.end(),
                     [](float b) { return b != 0.0F; }) ||
         std::any_of(decision.weight.begin(), decision.weight.end(),
                     [](float w) { return w != 1.0F; });
}

float least_score(const Decision& decision) { return static_cast<float>(decision.abstain_below); }

Ranking rank(const Decision& decision, const std::vector<float>& scores) {
  Ranking ranking;
  const bool is_adjusted = adjusts(decision);
  cexpr::detail::Leader leader;
  for (std::size_t k = 0; k < scores.size(); ++k) {
    const float score = scores[k];
    const float adjusted = is_adjusted ? score * decision.weight[k] + decision.bias[k] : score;
    ranking.adjusted.push_back(adjusted);
    leader.offer(static_cast<std::int32_t>(k), score, adjusted);
  }
  ranking.leader = leader.id();
  ranking.runner_up = leader.runner_up();
  ranking.winner = leader.winner(least_score(decision));
  return ranking;
}

void decide_rows(const Decision& decision, Span2D<const float> scores, Span<std::int32_t> labels) {
  const kernels::RulesTable& kernels = kernels::pick<kernels::RulesTable>();
  const std::size_t count = scores.cols;
  const bool is_adjusted = adjusts(decision);
  std::vector<float> memory(count * kRows, 0.0F);
  std::vector<float*> columns(count);
  std::vector<std::uint32_t> ids(count);
  for (std::size_t k = 0; k < count; ++k) {
    columns[k] = memory.data() + k * kRows;
    ids[k] = static_cast<std::uint32_t>(k);
  }
  std::array<std::int32_t, kRows> block{};
  for (std::size_t first = 0; first < scores.rows; first += kRows) {
    const std::size_t rows = std::min(kRows, scores.rows - first);
    kernels.gather(scores.row(first), scores.stride, count, rows, ids.data(), count,
                   columns.data());
    kernels.choose(columns.data(), count, is_adjusted ? decision.weight.data() : nullptr,
                   decision.bias.data(), least_score(decision), kRows, block.data());
    std::memcpy(labels.data + first, block.data(), rows * sizeof(std::int32_t));
  }
}

}  // namespace cexpr::rules::detail
