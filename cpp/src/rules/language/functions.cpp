#include "rules/language/functions.hpp"

namespace cexpr::rules::detail {
namespace {

constexpr std::size_t kAnyNumber = 100000;

constexpr FunctionInfo kFunctions[] = {
    {"mean", AstKind::mean, 1, kAnyNumber, "mean(x, ...)"},
    {"gmean", AstKind::gmean, 1, kAnyNumber, "gmean(x, ...)"},
    {"hmean", AstKind::hmean, 1, kAnyNumber, "hmean(x, ...)"},
    {"min", AstKind::min, 1, kAnyNumber, "min(x, ...)"},
    {"max", AstKind::max, 1, kAnyNumber, "max(x, ...)"},
    {"sum", AstKind::sum, 1, kAnyNumber, "sum(x, ...)"},
    {"product", AstKind::product, 1, kAnyNumber, "product(x, ...)"},
    {"clamp", AstKind::clamp, 3, 3, "clamp(x, low, high)"},
    {"sigmoid", AstKind::sigmoid, 1, 1, "sigmoid(x)"},
    {"exp", AstKind::exp, 1, 1, "exp(x)"},
    {"log", AstKind::log, 1, 1, "log(x)"},
    {"abs", AstKind::abs, 1, 1, "abs(x)"},
    {"sqrt", AstKind::sqrt, 1, 1, "sqrt(x)"},
    {"if", AstKind::choose, 3, 3, "if(condition, a, b)"},
    {"has", AstKind::has, 1, 1, "has(signal)"},
    {"weighted", AstKind::weighted, 1, kAnyNumber, "weighted(fear: 0.6, surprise: 0.4)"},
    {"mean_over", AstKind::mean_over, 2, 2, "mean_over(x, 0.5s)"},
    {"max_over", AstKind::max_over, 2, 2, "max_over(x, 0.5s)"},
    {"min_over", AstKind::min_over, 2, 2, "min_over(x, 0.5s)"},
    {"slope_over", AstKind::slope_over, 2, 2, "slope_over(x, 0.5s)"},
};

}  // namespace

const FunctionInfo* find_function(const std::string& name) {
  for (const FunctionInfo& function : kFunctions) {
    if (name == function.name) {
      return &function;
    }
  }
  return nullptr;
}

const std::vector<std::string>& function_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const FunctionInfo& function : kFunctions) {
      all.emplace_back(function.name);
    }
    return all;
  }();
  return names;
}

bool is_keyword(const std::string& word) {
  return word == "and" || word == "or" || word == "not" || word == "true" || word == "false";
}

}  // namespace cexpr::rules::detail
