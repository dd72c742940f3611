#pragma once

#include "nodes/problems.hpp"
#include "rules/file/document.hpp"

namespace cexpr::rules::detail {

/// Resolves names, finds cycles among lets (and orders them), and checks types in every expression
/// of the document that was parsed.
void check_expressions(Document& document, nodes::Problems& problems);

}  // namespace cexpr::rules::detail
