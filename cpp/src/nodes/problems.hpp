#pragma once

#include <string>
#include <vector>

#include "cexpr/rules.hpp"

namespace cexpr::rules::detail {

/// Collects the mistakes of one file, up to `kMaxProblems`.
class Problems {
 public:
  void add(int line, int column, std::string rule, std::string message);
  void add(const Node& at, std::string rule, std::string message) {
    add(at.line, at.column, std::move(rule), std::move(message));
  }
  bool empty() const { return problems_.empty(); }
  /// The problems in file order; this object is empty afterwards.
  std::vector<Problem> take();

 private:
  std::vector<Problem> problems_;
  bool cut_ = false;
};

/// "; did you mean 'x'?" with the candidate nearest to `name`, or "" when none is near.
std::string suggest(const std::string& name, const std::vector<std::string>& candidates);

/// `text` between quotes, cut and with control characters escaped, for a message.
std::string quoted(const std::string& text);

/// A number as a person writes it: 0.5, not 0.500000.
std::string number_text(double value, int digits = 6);

/// Characters (code points) in the first `bytes` bytes of UTF-8 text.
int count_characters(const std::string& text, std::size_t bytes);

}  // namespace cexpr::rules::detail
