#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "cexpr/rules.hpp"

// Rule files put together in a test.
namespace cexpr::test {

inline Node text(const std::string& value, int line = 1, int column = 1) {
  return Node::make_string(value, line, column);
}
inline Node number(double value) { return Node::make_number(Node::Kind::real, value, 1, 1); }
inline Node integer(int value) { return Node::make_number(Node::Kind::integer, value, 1, 1); }
inline Node truth(bool value) {
  return Node::make_number(Node::Kind::boolean, value ? 1.0 : 0.0, 1, 1);
}

using Entries = std::vector<std::pair<std::string, Node>>;

inline Node map(const Entries& entries) {
  Node node = Node::make(Node::Kind::map, 1, 1);
  for (const auto& [key, value] : entries) {
    node.items.push_back(text(key));
    node.items.push_back(value);
  }
  return node;
}

inline Node list(std::vector<Node> items) {
  Node node = Node::make(Node::Kind::list, 1, 1);
  node.items = std::move(items);
  return node;
}

inline Node file(const Entries& compounds, const Entries& rest = {}) {
  Entries all{{"cexpr", integer(1)}, {"name", text("test")}, {"compounds", map(compounds)}};
  all.insert(all.end(), rest.begin(), rest.end());
  return map(all);
}

/// The problems of a file, none where it compiles.
inline std::vector<rules::Problem> problems_of(const Node& root) {
  try {
    RuleSet::compile(root);
  } catch (const RuleError& error) {
    return error.problems();
  }
  return {};
}

/// Whether one of the problems contains `part`.
inline bool mentions(const std::vector<rules::Problem>& problems, const std::string& part) {
  for (const rules::Problem& problem : problems) {
    if (problem.message.find(part) != std::string::npos) {
      return true;
    }
  }
  return false;
}

struct Given {
  std::string name;
  float value;
};

/// The value of one expression on one row.
inline float value_of(const std::string& expression, const std::vector<Given>& given = {}) {
  const RuleSet rules = RuleSet::compile(file({{"C", text(expression)}}));
  std::vector<std::string> names;
  std::vector<float> row;
  for (const Given& one : given) {
    names.push_back(one.name);
    row.push_back(one.value);
  }
  float score = 0.0F;
  rules.bind(names).evaluate({row.data(), 1, row.size(), row.size()}, {}, rules::Windows::centred,
                             {&score, 1, 1, 1});
  return score;
}

/// Scores of the first compound for every row of a matrix.
inline std::vector<float> column_of(const RuleSet& rules, const std::vector<std::string>& names,
                                    const std::vector<float>& signals, const rules::RowIndex& index,
                                    rules::Windows windows) {
  const std::size_t rows = signals.size() / names.size();
  const std::size_t compounds = rules.compounds().size();
  std::vector<float> scores(rows * compounds);
  rules.bind(names).evaluate({signals.data(), rows, names.size(), names.size()}, index, windows,
                             {scores.data(), rows, compounds, compounds});
  std::vector<float> column;
  for (std::size_t i = 0; i < rows; ++i) {
    column.push_back(scores[i * compounds]);
  }
  return column;
}

}  // namespace cexpr::test
