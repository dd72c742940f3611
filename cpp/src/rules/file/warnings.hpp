#pragma once

#include "rules/file/document.hpp"

namespace cexpr::rules::detail {

/// What is legal in a checked file and surely not meant: conditions that no face can change, scores
/// that are always 0, values under let that nothing reads, lengths in frames that were probably
/// milliseconds, test values outside the range of their signal.
std::vector<Problem> find_warnings(const Document& document, const Node& root);

}  // namespace cexpr::rules::detail
