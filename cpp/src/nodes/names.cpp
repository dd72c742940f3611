#include "nodes/names.hpp"

#include <algorithm>

namespace cexpr::nodes {
namespace {

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

bool is_identifier(const std::string& text) {
  return !text.empty() && text.size() <= kMaxNameBytes && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), is_name_byte);
}

bool is_label(const std::string& text) {
  const auto fits = [](char c) {
    return is_name_byte(c) || c == '-' || static_cast<unsigned char>(c) >= 0x80;
  };
  return !text.empty() && text.size() <= kMaxNameBytes && text[0] != '-' &&
         !(text[0] >= '0' && text[0] <= '9') && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace cexpr::nodes
