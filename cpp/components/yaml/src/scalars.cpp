#include "scalars.hpp"

#include <cstdint>

namespace cexpr::yaml::detail {
namespace {

bool is_printable(std::uint32_t c) {
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0x7e) || c == 0x85 ||
         (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd && c != 0xfeff) ||
         (c >= 0x10000 && c <= 0x10ffff);
}

}  // namespace

std::size_t first_bad_byte(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80 ? 1 : (lead >> 5U) == 6 ? 2 : (lead >> 4U) == 14 ? 3 : 4;
    if (length == 4 && (lead >> 3U) != 30) {
      return at;
    }
    std::uint32_t code = length == 1 ? lead : lead & ((1U << (7U - length)) - 1U);
    for (std::size_t i = 1; i < length; ++i) {
      const auto next = at + i < text.size() ? static_cast<unsigned char>(text[at + i])
                                             : static_cast<unsigned char>(0);
      if ((next >> 6U) != 2) {
        return at;
      }
      code = (code << 6U) | (next & 0x3fU);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kLeast[length] || !is_printable(code)) {
      return at;
    }
    at += length;
  }
  return std::string::npos;
}

}  // namespace cexpr::yaml::detail
