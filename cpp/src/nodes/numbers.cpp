#include "nodes/numbers.hpp"

#include <cmath>
#include <iomanip>
#include <locale>
#include <sstream>

namespace cexpr::nodes {
namespace {

std::size_t skip_digits(const std::string& text, std::size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    ++at;
  }
  return at;
}

}  // namespace

std::size_t number_end(const std::string& text, std::size_t begin) {
  std::size_t end = skip_digits(text, begin);
  std::size_t digits = end - begin;
  if (end < text.size() && text[end] == '.') {
    const std::size_t after = skip_digits(text, end + 1);
    digits += after - end - 1;
    end = after;
  }
  if (digits == 0) {
    return begin;
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) {
      ++exponent;
    }
    const std::size_t after = skip_digits(text, exponent);
    if (after > exponent) {
      end = after;
    }
  }
  return end;
}

bool read_double(const std::string& text, double& value) {
  std::istringstream stream(text);
  stream.imbue(std::locale::classic());
  stream >> value;
  return !stream.fail() && std::isfinite(value);
}

bool parse_number(const std::string& text, double& value) {
  const std::size_t digits = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t end = number_end(text, digits);
  if (end == digits || end != text.size()) {
    return false;
  }
  if (!read_double(text.substr(digits), value)) {
    return false;
  }
  value = text[0] == '-' ? -value : value;
  return true;
}

std::string number_text(double value, int digits) {
  // A stream, because printf writes the decimal point of the locale.
  std::ostringstream stream;
  stream.imbue(std::locale::classic());
  stream << std::setprecision(digits) << value;
  return stream.str();
}

}  // namespace cexpr::nodes
