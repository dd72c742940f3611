#include "rules/file/ranges.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "vocabulary.hpp"

namespace cexpr::rules::detail {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Range kAnything{-kInfinity, kInfinity};
constexpr Range kCondition{0.0, 1.0};

/// The smallest range around some corners; everything where one of them is no number.
Range hull(std::initializer_list<double> corners) {
  Range range{kInfinity, -kInfinity};
  for (const double corner : corners) {
    if (std::isnan(corner)) {
      return kAnything;
    }
    range = {std::min(range.low, corner), std::max(range.high, corner)};
  }
  return range;
}

Range join(const Range& a, const Range& b) { return hull({a.low, a.high, b.low, b.high}); }

/// 0 times infinity is 0 here: the zero is exact, the infinity only a bound.
double times(double a, double b) { return a == 0.0 || b == 0.0 ? 0.0 : a * b; }

Range multiply(const Range& a, const Range& b) {
  return hull(
      {times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)});
}

/// Division by 0 gives NaN, which lies in no range.
Range divide(const Range& a, const Range& b) {
  if (b.low >= 0.0) {
    return multiply(a, {1.0 / b.high, b.low == 0.0 ? kInfinity : 1.0 / b.low});
  }
  if (b.high <= 0.0) {
    return multiply(a, {b.high == 0.0 ? -kInfinity : 1.0 / b.high, 1.0 / b.low});
  }
  return kAnything;
}

Range power(const Range& base, const Range& exponent) {
  if (base.low < 0.0 || exponent.low < 0.0) {
    return base.low < 0.0 && exponent.is_only(2.0)
               ? hull({0.0, base.low * base.low, base.high * base.high})
               : kAnything;
  }
  return hull({std::pow(base.low, exponent.low), std::pow(base.low, exponent.high),
               std::pow(base.high, exponent.low), std::pow(base.high, exponent.high)});
}

template <typename Function>
Range rising(const Range& range, Function function) {
  return hull({function(range.low), function(range.high)});
}

/// Ranges of one expression after another; lets come before those that read them.
class Finder {
 public:
  explicit Finder(const Document& document) : document_(document) {
    for (const Expression& expression : document.expressions) {
      ranges_.emplace_back(expression.nodes.size(), kAnything);
    }
  }

  std::vector<std::vector<Range>> run() {
    for (const std::uint32_t let : document_.let_order) {
      visit(document_.lets[let].value);
    }
    for (const Compound& compound : document_.compounds) {
      for (const std::int32_t index : {compound.score, compound.when, compound.otherwise}) {
        visit(index);
      }
    }
    return std::move(ranges_);
  }

 private:
  void visit(std::int32_t index) {
    if (index == kNone) {
      return;
    }
    const auto at = static_cast<std::size_t>(index);
    const Expression& expression = document_.expressions[at];
    for (std::size_t i = 0; i < expression.nodes.size(); ++i) {
      arguments_.clear();
      for (const std::uint32_t arg : expression.nodes[i].args) {
        arguments_.push_back(ranges_[at][arg]);
      }
      ranges_[at][i] = range_of(expression.nodes[i]);
    }
  }

  Range range_of(const AstNode& node) const {
    switch (node.kind) {
      case AstKind::number:
      case AstKind::truth:
        return {node.number, node.number};
      case AstKind::signal:
        return range_of_signal(node.name);
      case AstKind::let: {
        const std::int32_t value = document_.lets[static_cast<std::size_t>(node.index)].value;
        return value == kNone ? kAnything : ranges_[static_cast<std::size_t>(value)].back();
      }
      case AstKind::has:
        return kCondition;
      case AstKind::slope_over:
      case AstKind::name:
        return kAnything;
      case AstKind::compare:
        return compared(node);
      case AstKind::inverse:
        return {1.0 - first().high, 1.0 - first().low};
      case AstKind::both:
      case AstKind::either:
        return combined(node.kind == AstKind::both);
      default:
        return arithmetic(node);
    }
  }

  Range arithmetic(const AstNode& node) const {
    const Range& a = first();
    switch (node.kind) {
      case AstKind::negate:
        return {-a.high, -a.low};
      case AstKind::add:
        return hull({a.low + second().low, a.high + second().high});
      case AstKind::subtract:
        return hull({a.low - second().high, a.high - second().low});
      case AstKind::multiply:
        return multiply(a, second());
      case AstKind::divide:
        return divide(a, second());
      case AstKind::power:
        return power(a, second());
      case AstKind::clamp:
        return {std::min(std::max(a.low, second().low), arguments_[2].low),
                std::min(std::max(a.high, second().high), arguments_[2].high)};
      case AstKind::sigmoid:
        return rising(a, [](double x) { return 1.0 / (1.0 + std::exp(-x)); });
      case AstKind::exp:
        return rising(a, [](double x) { return std::exp(x); });
      case AstKind::log:
        return rising(a, [](double x) { return x <= 0.0 ? -kInfinity : std::log(x); });
      case AstKind::sqrt:
        return rising(a, [](double x) { return std::sqrt(std::max(x, 0.0)); });
      case AstKind::abs:
        return a.low <= 0.0 && a.high >= 0.0 ? hull({0.0, -a.low, a.high})
                                             : hull({std::abs(a.low), std::abs(a.high)});
      case AstKind::choose:
        return a.is_only(1.0) ? second() : a.is_only(0.0) ? arguments_[2] : either_branch();
      case AstKind::mean_over:
      case AstKind::max_over:
      case AstKind::min_over:
        return a;
      default:
        return over_arguments(node);
    }
  }

  Range over_arguments(const AstNode& node) const {
    Range result = first();
    switch (node.kind) {
      case AstKind::sum:
      case AstKind::product:
      case AstKind::min:
      case AstKind::max:
        for (std::size_t i = 1; i < arguments_.size(); ++i) {
          const Range& next = arguments_[i];
          result = node.kind == AstKind::sum
                       ? hull({result.low + next.low, result.high + next.high})
                   : node.kind == AstKind::product ? multiply(result, next)
                   : node.kind == AstKind::min
                       ? Range{std::min(result.low, next.low), std::min(result.high, next.high)}
                       : Range{std::max(result.low, next.low), std::max(result.high, next.high)};
        }
        return result;
      case AstKind::gmean:
        return gmean();
      case AstKind::hmean:
        return hmean();
      case AstKind::mean:
      case AstKind::weighted:
        return mean(node);
      default:
        return kAnything;
    }
  }

  /// `mean` and `weighted`.
  Range mean(const AstNode& node) const {
    Range sum{0.0, 0.0};
    double weights = 0.0;
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      const double weight = node.kind == AstKind::weighted ? node.weights[i] : 1.0;
      sum = {sum.low + times(weight, arguments_[i].low),
             sum.high + times(weight, arguments_[i].high)};
      weights += weight;
    }
    return hull({sum.low / weights, sum.high / weights});
  }

  /// One argument that is always 0 makes it 0; negative ones make it unknown.
  Range gmean() const {
    double low = 0.0;
    double high = 0.0;
    for (const Range& one : arguments_) {
      low += std::log(std::max(one.low, 0.0));
      high += one.high <= 0.0 ? -kInfinity : std::log(one.high);
    }
    const auto count = static_cast<double>(arguments_.size());
    return hull({std::exp(low / count), std::exp(high / count)});
  }

  Range hmean() const {
    double most = 0.0;
    double least = kInfinity;
    for (const Range& one : arguments_) {
      if (one.high <= 0.0) {
        return {0.0, 0.0};
      }
      most += 1.0 / one.high;
      least = std::min(least, std::max(one.low, 0.0));
    }
    return hull({least, static_cast<double>(arguments_.size()) / most});
  }

  Range either_branch() const { return join(second(), arguments_[2]); }

  Range compared(const AstNode& node) const {
    bool is_true = true;
    for (std::size_t i = 0; i < node.comparisons.size(); ++i) {
      const int pair = settled(node.comparisons[i], arguments_[i], arguments_[i + 1]);
      if (pair == 0) {
        return {0.0, 0.0};
      }
      is_true = is_true && pair == 1;
    }
    return is_true ? Range{1.0, 1.0} : kCondition;
  }

  Range combined(bool is_and) const {
    double low = is_and ? 1.0 : 0.0;
    double high = low;
    for (const Range& one : arguments_) {
      low = is_and ? std::min(low, one.low) : std::max(low, one.low);
      high = is_and ? std::min(high, one.high) : std::max(high, one.high);
    }
    return {low, high};
  }

  const Range& first() const { return arguments_[0]; }
  const Range& second() const { return arguments_[1]; }

  const Document& document_;
  std::vector<std::vector<Range>> ranges_;
  std::vector<Range> arguments_;  // of the node at hand
};

}  // namespace

Range range_of_signal(const std::string& name) {
  const std::size_t place = vocabulary::place_of(name);
  if (place == vocabulary::kSignals.size()) {
    return kAnything;
  }
  return vocabulary::kValenceArousal.holds(place) ? Range{-1.0, 1.0} : Range{0.0, 1.0};
}

int settled(Comparison comparison, const Range& left, const Range& right) {
  switch (comparison) {
    case Comparison::less:
      return left.high < right.low ? 1 : left.low >= right.high ? 0 : kUndecided;
    case Comparison::less_equal:
      return left.high <= right.low ? 1 : left.low > right.high ? 0 : kUndecided;
    case Comparison::greater:
      return settled(Comparison::less, right, left);
    case Comparison::greater_equal:
      return settled(Comparison::less_equal, right, left);
    case Comparison::equal:
    case Comparison::not_equal:
      break;
  }
  const bool is_apart = left.high < right.low || right.high < left.low;
  const bool is_same = left.is_only(right.low) && right.is_only(left.low);
  if (!is_apart && !is_same) {
    return kUndecided;
  }
  return is_same == (comparison == Comparison::equal) ? 1 : 0;
}

std::vector<std::vector<Range>> find_ranges(const Document& document) {
  return Finder(document).run();
}

}  // namespace cexpr::rules::detail
