#include "nodes/scalars.hpp"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <locale>
#include <sstream>

namespace cexpr::nodes {
namespace {

constexpr std::size_t kMaxIntegerLength = 19;

bool is_one_of(const std::string& value, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(), [&](const char* word) { return value == word; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(const std::string& text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) {
    ++at;
  }
  return at;
}

std::size_t skip_sign(const std::string& text, std::size_t at) {
  return at < text.size() && (text[at] == '-' || text[at] == '+') ? at + 1 : at;
}

bool is_integer(const std::string& text) {
  const std::size_t first = skip_sign(text, 0);
  return first < text.size() && skip_digits(text, first) == text.size();
}

/// [-+]? ( .5 | 5 | 5. | 5.5 ) ( e[-+]?5 )?
bool is_real(const std::string& text) {
  const std::size_t first = skip_sign(text, 0);
  std::size_t at = skip_digits(text, first);
  bool has_digits = at > first;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = skip_digits(text, at + 1);
    has_digits = has_digits || fraction > at + 1;
    at = fraction;
  }
  if (!has_digits) {
    return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const std::size_t exponent = skip_sign(text, at + 1);
    const std::size_t end = skip_digits(text, exponent);
    if (end == exponent) {
      return false;
    }
    at = end;
  }
  return at == text.size();
}

/// The value of a text that `is_real`; whatever the locale of the process is.
double to_number(const std::string& text) {
  std::istringstream stream(text);
  stream.imbue(std::locale::classic());
  double value = 0.0;
  // Out of range gives the largest number and a failure; the caller sees infinity as Python does.
  if (!(stream >> value) && (value > 1.0 || value < -1.0)) {
    value = value > 0.0 ? std::numeric_limits<double>::infinity()
                        : -std::numeric_limits<double>::infinity();
  }
  return value;
}

}  // namespace

bool resolve_scalar(const std::string& value, Node& node) {
  using Kind = Node::Kind;
  if (is_one_of(value, {"", "~", "null", "Null", "NULL"})) {
    node.kind = Kind::null;
  } else if (is_one_of(value, {"true", "True", "TRUE", "false", "False", "FALSE"})) {
    node.kind = Kind::boolean;
    node.number = value[0] == 't' || value[0] == 'T' ? 1.0 : 0.0;
  } else if (is_one_of(value, {".nan", ".NaN", ".NAN"})) {
    node.kind = Kind::real;
    node.number = std::numeric_limits<double>::quiet_NaN();
  } else if (is_one_of(value.substr(skip_sign(value, 0)), {".inf", ".Inf", ".INF"})) {
    node.kind = Kind::real;
    node.number = value[0] == '-' ? -std::numeric_limits<double>::infinity()
                                  : std::numeric_limits<double>::infinity();
  } else if (is_integer(value)) {
    node.kind = Kind::integer;
    node.number = to_number(value);
    // 2^63 is a double.
    constexpr double kEnd = 9223372036854775808.0;
    return value.size() <= kMaxIntegerLength && node.number >= -kEnd && node.number < kEnd;
  } else if (is_real(value)) {
    node.kind = Kind::real;
    node.number = to_number(value);
  } else {
    node.kind = Kind::string;
    node.text = value;
  }
  return true;
}

}  // namespace cexpr::nodes
