#pragma once

#include "rules/ast.hpp"
#include "rules/lexer.hpp"

namespace cexpr::rules::detail {

/// Parses `expression.text` into `expression.nodes`. Throws SyntaxError.
void parse(Expression& expression);

}  // namespace cexpr::rules::detail
