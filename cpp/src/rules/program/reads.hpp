#pragma once

#include <vector>

#include "rules/file/document.hpp"
#include "rules/program/lower.hpp"

namespace cexpr::rules::detail {

/// Marks, by expression and node, what the compounds read, directly or through lets. With
/// `lowered`, what a settled `has` cuts off is not marked, nor what lies below a constant.
std::vector<std::vector<bool>> nodes_read(const Document& document, const Lowered* lowered);

/// Places that read a signal which has no column and that no `has` guards.
std::vector<Problem> find_missing(const Document& document, const Lowered& lowered);

/// Fills in what a document's compounds read: `signals` and `looks_over_time`.
void note_signals(Document& document);

}  // namespace cexpr::rules::detail
