#pragma once

#include <cstddef>
#include <string>

#include "nodes/problems.hpp"
#include "rules/language/ast.hpp"

namespace cexpr::rules::detail {

/// Adds a problem that points at byte `at` of the expression.
void add_problem(const Expression& expression, std::size_t at, const std::string& message,
                 nodes::Problems& problems);

}  // namespace cexpr::rules::detail
