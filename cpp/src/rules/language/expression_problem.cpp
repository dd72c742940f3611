#include "rules/language/expression_problem.hpp"

#include "nodes/text.hpp"

namespace cexpr::rules::detail {

void add_problem(const Expression& expression, std::size_t at, const std::string& message,
                 nodes::Problems& problems) {
  for (auto anchor = expression.anchors.rbegin(); anchor != expression.anchors.rend(); ++anchor) {
    if (anchor->begin <= at) {
      problems.add(anchor->line, anchor->column, expression.rule, message);
      return;
    }
  }
  const int column = expression.text_offset < 0 || expression.column == 0
                         ? expression.column
                         : expression.column + expression.text_offset +
                               nodes::count_characters(expression.text, at);
  problems.add(expression.line, column, expression.rule, message);
}

}  // namespace cexpr::rules::detail
