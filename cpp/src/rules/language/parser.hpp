#pragma once

#include "rules/language/ast.hpp"
#include "rules/language/lexer.hpp"

namespace cexpr::rules::detail {

/// Parses `expression.text` into `expression.nodes`. Throws SyntaxError.
void parse(Expression& expression);

}  // namespace cexpr::rules::detail
