#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "cexpr/rules.hpp"
#include "kernels/pick.hpp"
#include "nodes/numbers.hpp"
#include "rules/program/lower.hpp"
#include "rules/program/reads.hpp"
#include "rules/program/scalar_ops.hpp"
#include "rules/run/rank.hpp"
#include "rules/run/runner.hpp"

namespace cexpr {
namespace {

using namespace nodes;
using namespace rules::detail;

/// Keeps one row of everything that was computed.
class RowSink final : public Sink {
 public:
  explicit RowSink(std::size_t count) : values_(count) {}
  void take(const float* const* outputs, std::size_t, std::size_t) override {
    for (std::size_t k = 0; k < values_.size(); ++k) {
      values_[k] = outputs[k][0];
    }
  }
  float operator[](std::size_t i) const { return values_[i]; }

 private:
  std::vector<float> values_;
};

const char* kind_of(const AstNode& node) {
  switch (node.kind) {
    case AstKind::number:
      return "number";
    case AstKind::truth:
      return "condition";
    case AstKind::name:
    case AstKind::signal:
      return "signal";
    case AstKind::let:
      return "let";
    case AstKind::has:
      return "has";
    default:
      return node.kind <= AstKind::either ? "operator" : "function";
  }
}

class Explainer {
 public:
  Explainer(const Plan& plan, Lowered lowered)
      : document_(*plan.document),
        lowered_(std::move(lowered)),
        read_(nodes_read(document_, &lowered_)),
        place_(lowered_.graph.size(), kNone) {
    for (std::size_t i = 0; i < read_.size(); ++i) {
      for (std::size_t at = 0; at < read_[i].size(); ++at) {
        if (read_[i][at]) {
          want(lowered_.values[i][at]);
        }
      }
    }
    for (const std::uint32_t compound : lowered_.compounds) {
      want(compound);
    }
  }

  const Graph& graph() const { return lowered_.graph; }
  const std::vector<std::uint32_t>& wanted() const { return wanted_; }

  rules::RowExplanation run(const RowSink& row) {
    rules::RowExplanation result;
    std::vector<float> scores;
    scores.reserve(lowered_.compounds.size());
    for (const std::uint32_t compound : lowered_.compounds) {
      scores.push_back(row[static_cast<std::size_t>(place_[compound])]);
    }
    const Ranking ranking = rank(document_.decision, scores);
    for (std::size_t k = 0; k < document_.compounds.size(); ++k) {
      const Compound& compound = document_.compounds[k];
      rules::CompoundExplanation one;
      one.name = compound.name;
      one.score = scores[k];
      one.adjusted = ranking.adjusted[k];
      one.value = explain(compound.score, row);
      if (compound.when != kNone) {
        one.when = explain(compound.when, row);
        one.gate_closed = one.when->value != 1.0F;
      }
      if (compound.otherwise != kNone) {
        one.otherwise = explain(compound.otherwise, row);
      }
      result.compounds.push_back(std::move(one));
    }
    for (const std::uint32_t let : document_.let_order) {
      const std::int32_t value = document_.lets[let].value;
      if (read_[static_cast<std::size_t>(value)].back()) {
        result.lets.push_back({document_.lets[let].name, explain(value, row)});
      }
    }
    result.winner = ranking.winner;
    result.runner_up = ranking.best_beside(ranking.winner);
    result.reason = reason(ranking, result.compounds);
    return result;
  }

 private:
  void want(std::uint32_t value) {
    if (place_[value] == kNone) {
      place_[value] = static_cast<std::int32_t>(wanted_.size());
      wanted_.push_back(value);
    }
  }

  float value_of(std::size_t expression, std::size_t at, const RowSink& row) const {
    const std::uint32_t value = lowered_.values[expression][at];
    if (place_[value] != kNone) {
      return row[static_cast<std::size_t>(place_[value])];
    }
    return lowered_.graph.is_constant(value) ? lowered_.graph[value].value : kUnknown;
  }

  /// Depth is limited by the parser.
  rules::Explanation explain(std::int32_t index, const RowSink& row) const {
    const auto i = static_cast<std::size_t>(index);
    return explain(i, document_.expressions[i].nodes.size() - 1, row);
  }

  rules::Explanation explain(std::size_t index, std::size_t at, const RowSink& row) const {
    const Expression& expression = document_.expressions[index];
    const AstNode& node = expression.nodes[at];
    rules::Explanation result;
    result.text = expression.text.substr(node.begin, node.end - node.begin);
    result.kind = kind_of(node);
    result.value = value_of(index, at, row);
    if (node.kind != AstKind::has) {
      for (const std::uint32_t arg : node.args) {
        result.parts.push_back(explain(index, arg, row));
      }
    }
    return result;
  }

  static std::string why_none(const std::vector<rules::CompoundExplanation>& compounds) {
    const auto every = [&compounds](auto holds) {
      return std::all_of(compounds.begin(), compounds.end(), holds);
    };
    using One = const rules::CompoundExplanation&;
    if (every([](One one) { return std::isnan(one.score); })) {
      return "no label: every score is unknown";
    }
    if (every([](One one) { return one.when && one.when->value == 0.0F; })) {
      return "no label: every gate is closed";
    }
    return "no label: every score is 0 or unknown";
  }

  std::string reason(const Ranking& ranking,
                     const std::vector<rules::CompoundExplanation>& compounds) const {
    if (ranking.leader == kNone) {
      return why_none(compounds);
    }
    const auto name = [this](std::int32_t k) {
      return document_.compound_names[static_cast<std::size_t>(k)];
    };
    const auto score = [&ranking](std::int32_t k) {
      return static_cast<double>(ranking.adjusted[static_cast<std::size_t>(k)]);
    };
    const double best = score(ranking.leader);
    if (ranking.winner == kNone) {
      return "no label: the highest score, " + number_text(best, 4) + " of " +
             name(ranking.leader) + ", is below abstain_below " +
             number_text(document_.decision.abstain_below, 4);
    }
    if (ranking.runner_up == kNone) {
      return name(ranking.winner) + " with " + number_text(best, 4) +
             "; no other compound has a score";
    }
    const double lead = best - score(ranking.runner_up);
    return name(ranking.winner) + " with " + number_text(best, 4) + ", " +
           (lead > 0.0 ? number_text(lead, 4) + " ahead of " : "level with ") +
           name(ranking.runner_up) + (lead > 0.0 ? "" : ", which comes later in the file");
  }

  const Document& document_;
  Lowered lowered_;
  std::vector<std::vector<bool>> read_;
  std::vector<std::int32_t> place_;  // in `wanted_`, of each value of the graph
  std::vector<std::uint32_t> wanted_;
};

}  // namespace

rules::RowExplanation BoundRules::explain(Span2D<const float> signals, const rules::RowIndex& index,
                                          rules::Windows windows, std::size_t row) const {
  if (row >= signals.rows) {
    throw ArgumentError("row: expected less than " + std::to_string(signals.rows) + ", got " +
                        std::to_string(row));
  }
  Explainer explainer(*plan_, lower(*plan_->document, plan_->columns, nullptr));
  const Program program = make_program(explainer.graph(), explainer.wanted());
  check_index(*plan_, program, signals, index);
  Runner runner(program, kernels::pick<kernels::RulesTable>());
  RowSink sink(explainer.wanted().size());
  run_program(program, signals, index, windows, row, row + 1, runner, sink);
  return explainer.run(sink);
}

}  // namespace cexpr
