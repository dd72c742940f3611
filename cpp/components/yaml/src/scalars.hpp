#pragma once

#include <string>

#include "cexpr/node.hpp"

namespace cexpr::yaml::detail {

/// A plain scalar as YAML 1.2 reads it: null, boolean, number or text. False for an integer that is
/// out of range.
bool resolve(const std::string& value, Node& node);

/// Where the text is no UTF-8 or has a character that may not stand in YAML: offset of the byte;
/// npos for none.
std::size_t first_bad_byte(const std::string& text);

}  // namespace cexpr::yaml::detail
