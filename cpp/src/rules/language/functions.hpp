#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rules/language/ast.hpp"

namespace cexpr::rules::detail {

/// A function of the language: how many arguments it takes, and how a message shows it.
struct FunctionInfo {
  const char* name;
  AstKind kind;
  std::size_t least;
  std::size_t most;
  const char* usage;
};

/// Null for a name that is no function.
const FunctionInfo* find_function(const std::string& name);

/// The functions of the language, for suggestions and to keep `let` names apart from them.
const std::vector<std::string>& function_names();

/// Words that are no names: and, or, not, true, false.
bool is_keyword(const std::string& word);

}  // namespace cexpr::rules::detail
