#include "rules/program/reads.hpp"

#include <cstdint>
#include <utility>

#include "rules/language/expression_problem.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

/// Walks from the compounds down to what they read, leaving out what a settled `has` cuts off.
class Walk {
 public:
  Walk(const Document& document, const Lowered* lowered) : document_(document), lowered_(lowered) {
    for (const Expression& expression : document.expressions) {
      seen_.emplace_back(expression.nodes.size(), false);
    }
  }

  std::vector<std::vector<bool>> run() {
    for (const Compound& compound : document_.compounds) {
      visit_compound(compound);
    }
    while (!open_.empty()) {
      const auto [index, node] = open_.back();
      open_.pop_back();
      visit(index, node);
    }
    return std::move(seen_);
  }

 private:
  bool is_constant(std::size_t expression, std::uint32_t node, float value) const {
    return lowered_ != nullptr &&
           lowered_->graph.is_constant(lowered_->values[expression][node], value);
  }

  void push_root(std::int32_t index) {
    if (index != kNone) {
      const auto i = static_cast<std::size_t>(index);
      push(i, static_cast<std::uint32_t>(document_.expressions[i].nodes.size() - 1));
    }
  }

  void push(std::size_t index, std::uint32_t node) {
    if (!seen_[index][node]) {
      seen_[index][node] = true;
      open_.emplace_back(index, node);
    }
  }

  void visit_compound(const Compound& compound) {
    bool needs_score = true;
    bool needs_otherwise = true;
    if (compound.when != kNone) {
      const auto i = static_cast<std::size_t>(compound.when);
      const auto root = static_cast<std::uint32_t>(document_.expressions[i].nodes.size() - 1);
      needs_score = !is_constant(i, root, 0.0F);
      needs_otherwise = !is_constant(i, root, 1.0F);
      push(i, root);
    }
    if (needs_score) {
      push_root(compound.score);
    }
    if (needs_otherwise) {
      push_root(compound.otherwise);
    }
  }

  void visit(std::size_t index, std::uint32_t at) {
    const AstNode& node = document_.expressions[index].nodes[at];
    if (lowered_ != nullptr && lowered_->graph.is_constant(lowered_->values[index][at])) {
      return;
    }
    if (node.kind == AstKind::let) {
      push_root(document_.lets[static_cast<std::size_t>(node.index)].value);
      return;
    }
    if (node.kind == AstKind::choose && is_constant(index, node.args[0], 1.0F)) {
      push(index, node.args[1]);
      return;
    }
    if (node.kind == AstKind::choose && is_constant(index, node.args[0], 0.0F)) {
      push(index, node.args[2]);
      return;
    }
    for (const std::uint32_t arg : node.args) {
      push(index, arg);
    }
  }

  const Document& document_;
  const Lowered* lowered_;
  std::vector<std::vector<bool>> seen_;
  std::vector<std::pair<std::size_t, std::uint32_t>> open_;
};

}  // namespace

std::vector<std::vector<bool>> nodes_read(const Document& document, const Lowered* lowered) {
  return Walk(document, lowered).run();
}

std::vector<Problem> find_missing(const Document& document, const Lowered& lowered) {
  Problems problems;
  const std::vector<std::vector<bool>> read = nodes_read(document, &lowered);
  for (std::size_t i = 0; i < document.expressions.size(); ++i) {
    const Expression& expression = document.expressions[i];
    for (std::size_t at = 0; at < expression.nodes.size(); ++at) {
      const AstNode& node = expression.nodes[at];
      if (read[i][at] && node.kind == AstKind::signal &&
          lowered.graph[lowered.values[i][at]].column >= kMissingColumn) {
        add_problem(expression, node.begin,
                    "signal '" + node.name + "' is not provided; guard it, as in if(has(" +
                        node.name + "), " + node.name + ", 0), or use a model that gives it",
                    problems);
      }
    }
  }
  return problems.take();
}

void note_signals(Document& document) {
  const std::vector<std::vector<bool>> read = nodes_read(document, nullptr);
  std::vector<bool> is_read(document.vocabulary.size(), false);
  for (std::size_t i = 0; i < document.expressions.size(); ++i) {
    const Expression& expression = document.expressions[i];
    for (std::size_t at = 0; at < expression.nodes.size(); ++at) {
      const AstNode& node = expression.nodes[at];
      if (read[i][at]) {
        document.looks_over_time = document.looks_over_time || node.kind >= AstKind::mean_over;
        if (node.kind == AstKind::signal) {
          is_read[static_cast<std::size_t>(node.index)] = true;
        }
      }
    }
  }
  for (std::size_t i = 0; i < is_read.size(); ++i) {
    if (is_read[i]) {
      document.signals.push_back(document.vocabulary[i]);
    }
  }
}

}  // namespace cexpr::rules::detail
