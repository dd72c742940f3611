#pragma once

#include <string>

#include "cexpr/node.hpp"

namespace cexpr::nodes {

/// A plain scalar as YAML 1.2 reads it: null, boolean, number or text. False for an integer that is
/// out of range.
bool resolve_scalar(const std::string& value, Node& node);

}  // namespace cexpr::nodes
