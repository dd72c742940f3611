#pragma once

#include "nodes/problems.hpp"
#include "rules/file/document.hpp"

namespace cexpr::rules::detail {

/// What can be known only of a file without mistakes so far: constants that are no numbers, the
/// size of the program, the signals that are read, tests that cannot run.
void finish(Document& document, const Node& root, nodes::Problems& problems);

}  // namespace cexpr::rules::detail
