#pragma once

#include "nodes/problems.hpp"
#include "rules/file/document.hpp"

namespace cexpr::rules::detail {

// The sections beside let and compounds; null where the file lacks them. Compound names are known.
void read_smooth(const Node* node, Document& document, nodes::Problems& problems);
void read_faces(const Node* node, Document& document, nodes::Problems& problems);
void read_gaps(const Node* node, Document& document, nodes::Problems& problems);
void read_decide(const Node* node, Document& document, nodes::Problems& problems);
void read_events(const Node* node, Document& document, nodes::Problems& problems);
void read_tests(const Node* node, Document& document, nodes::Problems& problems);

}  // namespace cexpr::rules::detail
