#pragma once

#include <cstddef>
#include <string>

namespace cexpr::yaml::detail {

/// Where the text is no UTF-8 or has a character that may not stand in YAML: offset of the byte;
/// npos for none.
std::size_t first_bad_byte(const std::string& text);

}  // namespace cexpr::yaml::detail
