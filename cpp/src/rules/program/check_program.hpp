#pragma once

#include "nodes/problems.hpp"
#include "rules/file/document.hpp"

namespace cexpr::rules::detail {

/// Lowers the rules on trial, for problems that show only then: constants that are no numbers, too
/// many operations, tests that take away signals that the rules need.
void check_program(const Document& document, const Node& root, nodes::Problems& problems);

}  // namespace cexpr::rules::detail
