#pragma once

#include <cstddef>
#include <string>

namespace cexpr::nodes {

constexpr std::size_t kMaxNameBytes = 64;

/// A name that an expression can read.
bool is_identifier(const std::string& text);

/// A name that makes a column and a label: letters of any script, digits, '_' and '-'.
bool is_label(const std::string& text);

}  // namespace cexpr::nodes
