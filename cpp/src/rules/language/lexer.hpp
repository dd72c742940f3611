#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cexpr::rules::detail {

enum class TokenKind : std::uint8_t { number, seconds, name, symbol, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
  std::string text;
  double number = 0.0;
};

/// A mistake at byte `at` of an expression; never leaves the compiler.
struct SyntaxError {
  std::size_t at = 0;
  std::string message;
};

/// Cuts an expression into tokens, the last one `end`. Throws SyntaxError.
std::vector<Token> tokenize(const std::string& text);

}  // namespace cexpr::rules::detail
