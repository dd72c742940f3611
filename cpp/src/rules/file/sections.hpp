#pragma once

#include "nodes/problems.hpp"
#include "rules/file/document.hpp"

namespace cexpr::rules::detail {

// The sections of a file, in the order in which they are read; null where a file lacks one.

/// `let` and `compounds`, down to parsed expressions. The other sections need their names.
void read_rules(const Node* lets, const Node* compounds, Document& document,
                nodes::Problems& problems);
void read_smooth(const Node* node, Document& document, nodes::Problems& problems);
void read_faces(const Node* node, Document& document, nodes::Problems& problems);
void read_gaps(const Node* node, Document& document, nodes::Problems& problems);
void read_decide(const Node* node, Document& document, nodes::Problems& problems);
void read_events(const Node* node, Document& document, nodes::Problems& problems);
void read_tests(const Node* node, Document& document, nodes::Problems& problems);

}  // namespace cexpr::rules::detail
