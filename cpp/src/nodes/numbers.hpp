#pragma once

#include <cstddef>
#include <string>

// Numbers as text, whatever the locale.
namespace cexpr::nodes {

/// End of the decimal number that starts at `begin`, `begin` itself where none does.
std::size_t number_end(const std::string& text, std::size_t begin);

/// Reads a number without a sign; false where it is not finite.
bool read_double(const std::string& text, double& value);

/// Reads a decimal number that spans the whole text; false where it does not.
bool parse_number(const std::string& text, double& value);

/// A number as a person writes it: 0.5, not 0.500000.
std::string number_text(double value, int digits = 6);

}  // namespace cexpr::nodes
