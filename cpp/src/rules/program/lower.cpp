#include "rules/program/lower.hpp"

#include <cmath>
#include <string>

#include "nodes/text.hpp"
#include "rules/language/expression_problem.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

class Lowering {
 public:
  Lowering(const Document& document, const std::vector<std::int32_t>& columns, Problems* problems,
           Lowered& result)
      : document_(document), columns_(columns), problems_(problems), result_(result) {}

  void run() {
    result_.values.resize(document_.expressions.size());
    for (const std::uint32_t let : document_.let_order) {
      lower_expression(static_cast<std::size_t>(document_.lets[let].value));
    }
    for (const Compound& compound : document_.compounds) {
      std::uint32_t value = lower_expression(static_cast<std::size_t>(compound.score));
      const std::uint32_t otherwise =
          compound.otherwise == kNone
              ? graph().constant(0.0F)
              : lower_expression(static_cast<std::size_t>(compound.otherwise));
      if (compound.when != kNone) {
        const std::uint32_t when = lower_expression(static_cast<std::size_t>(compound.when));
        value = graph().apply(Op::choose, when, value, otherwise);
      }
      result_.compounds.push_back(value);
    }
  }

 private:
  Graph& graph() { return result_.graph; }

  std::uint32_t lower_expression(std::size_t index) {
    const Expression& expression = document_.expressions[index];
    std::vector<std::uint32_t>& values = result_.values[index];
    values.reserve(expression.nodes.size());
    for (const AstNode& node : expression.nodes) {
      values.push_back(lower_node(node, values));
      if (problems_ != nullptr) {
        check_constant(expression, node, values);
      }
    }
    return values.back();
  }

  std::uint32_t lower_node(const AstNode& node, const std::vector<std::uint32_t>& values) {
    const auto arg = [&](std::size_t i) { return values[node.args[i]]; };
    switch (node.kind) {
      case AstKind::number:
      case AstKind::truth:
        return graph().constant(static_cast<float>(node.number));
      case AstKind::name:
        return graph().constant(0.0F);
      case AstKind::signal: {
        const std::int32_t column = columns_[static_cast<std::size_t>(node.index)];
        return graph().signal(column >= 0
                                  ? static_cast<std::uint32_t>(column)
                                  : kMissingColumn + static_cast<std::uint32_t>(node.index));
      }
      case AstKind::let:
        return result_
            .values[static_cast<std::size_t>(
                document_.lets[static_cast<std::size_t>(node.index)].value)]
            .back();
      case AstKind::has: {
        const GraphNode& signal = graph()[arg(0)];
        return graph().constant(signal.column < kMissingColumn ? 1.0F : 0.0F);
      }
      case AstKind::negate:
        return graph().apply(Op::negate, arg(0));
      case AstKind::inverse:
        return graph().apply(Op::inverse, arg(0));
      case AstKind::sigmoid:
        return graph().apply(Op::sigmoid, arg(0));
      case AstKind::exp:
        return graph().apply(Op::exponential, arg(0));
      case AstKind::log:
        return graph().apply(Op::logarithm, arg(0));
      case AstKind::abs:
        return graph().apply(Op::absolute, arg(0));
      case AstKind::sqrt:
        return graph().apply(Op::root, arg(0));
      case AstKind::add:
        return graph().apply(Op::add, arg(0), arg(1));
      case AstKind::subtract:
        return graph().apply(Op::subtract, arg(0), arg(1));
      case AstKind::multiply:
        return graph().apply(Op::multiply, arg(0), arg(1));
      case AstKind::divide:
        return graph().apply(Op::divide, arg(0), arg(1));
      case AstKind::power:
        return graph().apply(Op::power, arg(0), arg(1));
      case AstKind::both:
        return graph().apply(Op::both, arg(0), arg(1));
      case AstKind::either:
        return graph().apply(Op::either, arg(0), arg(1));
      case AstKind::choose:
        return graph().apply(Op::choose, arg(0), arg(1), arg(2));
      case AstKind::clamp:
        return graph().apply(Op::minimum, graph().apply(Op::maximum, arg(0), arg(1)), arg(2));
      case AstKind::compare:
        return lower_comparison(node, values);
      case AstKind::min:
        return chain(Op::minimum, node, values);
      case AstKind::max:
        return chain(Op::maximum, node, values);
      case AstKind::sum:
        return chain(Op::add, node, values);
      case AstKind::product:
        return chain(Op::multiply, node, values);
      case AstKind::mean:
        return divide_by_count(chain(Op::add, node, values), node.args.size());
      case AstKind::gmean:
        return lower_geometric(node, values);
      case AstKind::hmean:
        return lower_harmonic(node, values);
      case AstKind::weighted:
        return lower_weighted(node, values);
      case AstKind::mean_over:
        return lower_over(Op::mean_over, arg(0), node);
      case AstKind::max_over:
        return lower_over(Op::max_over, arg(0), node);
      case AstKind::min_over:
        return lower_over(Op::min_over, arg(0), node);
      case AstKind::slope_over:
        return lower_over(Op::slope_over, arg(0), node);
    }
    return graph().constant(0.0F);
  }

  std::uint32_t chain(Op op, const AstNode& node, const std::vector<std::uint32_t>& values) {
    std::uint32_t result = values[node.args[0]];
    for (std::size_t i = 1; i < node.args.size(); ++i) {
      result = graph().apply(op, result, values[node.args[i]]);
    }
    return result;
  }

  std::uint32_t divide_by_count(std::uint32_t sum, std::size_t count) {
    const auto n = static_cast<float>(count);
    // For a power of two the product is exact, and faster.
    if ((count & (count - 1)) == 0) {
      return graph().apply(Op::multiply, sum, graph().constant(1.0F / n));
    }
    return graph().apply(Op::divide, sum, graph().constant(n));
  }

  /// Roots first, product after: products of small probabilities would vanish in float32.
  std::uint32_t lower_geometric(const AstNode& node, const std::vector<std::uint32_t>& values) {
    const std::uint32_t exponent = graph().constant(1.0F / static_cast<float>(node.args.size()));
    std::uint32_t result = graph().apply(Op::power, values[node.args[0]], exponent);
    for (std::size_t i = 1; i < node.args.size(); ++i) {
      result = graph().apply(Op::multiply, result,
                             graph().apply(Op::power, values[node.args[i]], exponent));
    }
    return result;
  }

  std::uint32_t lower_harmonic(const AstNode& node, const std::vector<std::uint32_t>& values) {
    if (node.args.size() == 2) {
      return graph().apply(Op::harmonic, values[node.args[0]], values[node.args[1]]);
    }
    std::uint32_t sum = graph().apply(Op::reciprocal, values[node.args[0]]);
    for (std::size_t i = 1; i < node.args.size(); ++i) {
      sum = graph().apply(Op::add, sum, graph().apply(Op::reciprocal, values[node.args[i]]));
    }
    return graph().apply(Op::divide, graph().constant(static_cast<float>(node.args.size())), sum);
  }

  std::uint32_t lower_weighted(const AstNode& node, const std::vector<std::uint32_t>& values) {
    double total = 0.0;
    for (const double weight : node.weights) {
      total += weight;
    }
    std::uint32_t result = 0;
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      const std::uint32_t share = graph().constant(static_cast<float>(node.weights[i] / total));
      const std::uint32_t term = graph().apply(Op::multiply, values[node.args[i]], share);
      result = i == 0 ? term : graph().apply(Op::add, result, term);
    }
    return result;
  }

  std::uint32_t lower_comparison(const AstNode& node, const std::vector<std::uint32_t>& values) {
    std::uint32_t result = graph().constant(1.0F);
    for (std::size_t i = 0; i < node.comparisons.size(); ++i) {
      const std::uint32_t left = values[node.args[i]];
      const std::uint32_t right = values[node.args[i + 1]];
      result = graph().apply(Op::both, result, compare(node.comparisons[i], left, right));
    }
    return result;
  }

  std::uint32_t compare(Comparison comparison, std::uint32_t left, std::uint32_t right) {
    switch (comparison) {
      case Comparison::less:
        return graph().apply(Op::less, left, right);
      case Comparison::less_equal:
        return graph().apply(Op::less_equal, left, right);
      case Comparison::greater:
        return graph().apply(Op::less, right, left);
      case Comparison::greater_equal:
        return graph().apply(Op::less_equal, right, left);
      case Comparison::equal:
        return graph().apply(Op::equal, left, right);
      case Comparison::not_equal:
        break;
    }
    return graph().apply(Op::not_equal, left, right);
  }

  /// A constant is the same in every window, but for its slope, which needs rows all the same.
  std::uint32_t lower_over(Op op, std::uint32_t value, const AstNode& node) {
    return op != Op::slope_over && graph().is_constant(value)
               ? value
               : graph().over(op, value, node.window);
  }

  void check_constant(const Expression& expression, const AstNode& node,
                      const std::vector<std::uint32_t>& values) {
    if (node.kind == AstKind::divide && graph().is_constant(values[node.args[1]], 0.0F)) {
      add_problem(expression, expression.nodes[node.args[1]].begin, "division by zero", *problems_);
      return;
    }
    const auto is_broken = [this](std::uint32_t value) {
      return graph().is_constant(value) && !std::isfinite(graph()[value].value);
    };
    bool is_first = is_broken(values.back());
    for (const std::uint32_t arg : node.args) {
      is_first = is_first && !is_broken(values[arg]);
    }
    if (is_first && node.kind != AstKind::let) {
      const std::string text = quoted(expression.text.substr(node.begin, node.end - node.begin));
      add_problem(expression, node.begin,
                  text + (std::isnan(graph()[values.back()].value) ? " is not a real number"
                                                                   : " is too large for a number"),
                  *problems_);
    }
  }

  const Document& document_;
  const std::vector<std::int32_t>& columns_;
  Problems* problems_;
  Lowered& result_;
};

}  // namespace

Lowered lower(const Document& document, const std::vector<std::int32_t>& columns,
              Problems* problems) {
  Lowered result;
  Lowering(document, columns, problems, result).run();
  return result;
}

}  // namespace cexpr::rules::detail
