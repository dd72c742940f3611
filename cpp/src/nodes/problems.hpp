#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cexpr/rules.hpp"

namespace cexpr::nodes {

/// Collects the mistakes of one file, up to `rules::kMaxProblems`.
class Problems {
 public:
  void add(int line, int column, std::string rule, std::string message);
  void add(const Node& at, std::string rule, std::string message) {
    add(at.line, at.column, std::move(rule), std::move(message));
  }
  bool empty() const { return problems_.empty(); }
  /// The problems in file order; this object is empty afterwards.
  std::vector<rules::Problem> take();

 private:
  std::vector<rules::Problem> problems_;
  bool cut_ = false;
};

}  // namespace cexpr::nodes
