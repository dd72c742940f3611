#pragma once

#include "nodes/problems.hpp"
#include "rules/file/document.hpp"

namespace cexpr::rules::detail {

/// Reads every section of a rule file. What it holds is complete only where no problem was added;
/// names in expressions are not looked up yet.
Document read_document(const Node& root, const CompileOptions& options, nodes::Problems& problems);

}  // namespace cexpr::rules::detail
