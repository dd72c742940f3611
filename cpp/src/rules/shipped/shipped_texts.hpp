#pragma once

#include <vector>

namespace cexpr::rules::detail {

/// A rule file that is compiled in; its comments are left out.
struct ShippedText {
  const char* name;
  const char* text;
};

/// All of them, by name; generated from rules/*.yaml when the library is built.
const std::vector<ShippedText>& shipped_texts();

}  // namespace cexpr::rules::detail
