#pragma once

#include "rules/ast.hpp"
#include "rules/lexer.hpp"

namespace cexpr::rules::detail {

/// Parses `expression.text` into `expression.nodes`. Throws SyntaxError.
void parse(Expression& expression);

/// The functions of the language, for suggestions and to keep `let` names apart from them.
const std::vector<std::string>& function_names();

/// Words that are no names: and, or, not, true, false.
bool is_keyword(const std::string& word);

}  // namespace cexpr::rules::detail
