#include "nodes/problems.hpp"

#include <algorithm>
#include <utility>

namespace cexpr::nodes {

void Problems::add(int line, int column, std::string rule, std::string message) {
  if (problems_.size() < rules::kMaxProblems) {
    problems_.push_back({line, column, std::move(rule), std::move(message)});
  } else {
    cut_ = true;
  }
}

std::vector<rules::Problem> Problems::take() {
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const rules::Problem& a, const rules::Problem& b) {
                     return std::make_pair(a.line, a.column) < std::make_pair(b.line, b.column);
                   });
  if (cut_) {
    problems_.push_back(
        {0, 0, "",
         "more problems follow; these are the first " + std::to_string(rules::kMaxProblems)});
  }
  cut_ = false;
  return std::exchange(problems_, {});
}

}  // namespace cexpr::nodes
