#pragma once

#include "rules/file/document.hpp"

namespace cexpr::rules::detail {

/// Reads, checks and prepares a rule file. Throws RuleError with every problem.
Document compile_document(const Node& root, const CompileOptions& options);

}  // namespace cexpr::rules::detail
