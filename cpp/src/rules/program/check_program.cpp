#include "rules/program/check_program.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "rules/program/lower.hpp"
#include "rules/program/reads.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

// Parts of expressions times lists under `absent`: what is compiled to check the tests.
constexpr std::size_t kMaxTestWork = 20000000;

/// The first problem of the rules without some signals, "" where they can run.
std::string problem_without(const Document& document, const std::vector<std::string>& absent,
                            std::vector<std::int32_t> columns) {
  for (const std::string& name : absent) {
    const auto at = std::find(document.vocabulary.begin(), document.vocabulary.end(), name);
    columns[static_cast<std::size_t>(at - document.vocabulary.begin())] = kNone;
  }
  const std::vector<Problem> missing = find_missing(document, lower(document, columns, nullptr));
  return missing.empty() ? "" : missing.front().rule + ": " + missing.front().message;
}

/// A test that takes signals away must leave the rules able to run.
void check_tests(const Document& document, const std::vector<std::int32_t>& columns,
                 Problems& problems) {
  std::size_t parts = 0;
  for (const Expression& expression : document.expressions) {
    parts += expression.nodes.size();
  }
  std::map<std::vector<std::string>, std::string> known;
  for (std::size_t i = 0; i < document.tests.size(); ++i) {
    const TestCase& test = document.tests[i];
    if (test.absent.empty()) {
      continue;
    }
    const std::string rule = "test " + std::to_string(i + 1);
    auto found = known.find(test.absent);
    if (found == known.end()) {
      if ((known.size() + 1) * parts > kMaxTestWork) {
        problems.add(test.line, test.column, rule,
                     "too many different lists under absent for rules of this length");
        return;
      }
      found = known.emplace(test.absent, problem_without(document, test.absent, columns)).first;
    }
    if (!found->second.empty()) {
      problems.add(test.line, test.column, rule,
                   "without the signals under absent the rules cannot run: " + found->second);
    }
  }
}

}  // namespace

void check_program(const Document& document, const Node& root, Problems& problems) {
  std::vector<std::int32_t> columns(document.vocabulary.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i] = static_cast<std::int32_t>(i);
  }
  const Lowered lowered = lower(document, columns, &problems);
  if (lowered.graph.size() > kMaxOperations) {
    problems.add(root, "",
                 "the rules need more than " + std::to_string(kMaxOperations) + " operations");
    return;
  }
  // Each holds a column of the whole clip, and a stream the rows of its window.
  std::size_t over_time = 0;
  for (std::uint32_t i = 0; i < lowered.graph.size(); ++i) {
    over_time += is_over_time(lowered.graph[i].op) ? 1U : 0U;
  }
  if (over_time > kMaxOverTime) {
    problems.add(root, "",
                 "the rules have " + std::to_string(over_time) +
                     " different functions over time; at most " + std::to_string(kMaxOverTime));
    return;
  }
  check_tests(document, columns, problems);
}

}  // namespace cexpr::rules::detail
