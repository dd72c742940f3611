#include "rules/language/lexer.hpp"

#include <cmath>

#include "nodes/numbers.hpp"
#include "nodes/text.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

Token lex_number(const std::string& text, std::size_t begin) {
  Token token;
  token.kind = TokenKind::number;
  token.begin = begin;
  token.end = number_end(text, begin);
  if (!read_double(text.substr(begin, token.end - begin), token.number) ||
      std::abs(token.number) > 1e30) {
    throw SyntaxError{
        begin, "number " + quoted(text.substr(begin, token.end - begin)) + " is out of range"};
  }
  std::size_t unit_end = token.end;
  while (unit_end < text.size() && (is_letter(text[unit_end]) || is_digit(text[unit_end]))) {
    ++unit_end;
  }
  const std::string unit = text.substr(token.end, unit_end - token.end);
  if (unit == "s") {
    token.kind = TokenKind::seconds;
    token.end = unit_end;
  } else if (!unit.empty()) {
    throw SyntaxError{token.end, "expected an operator after the number, got " + quoted(unit) +
                                     "; seconds are written 0.5s"};
  }
  token.text = text.substr(begin, token.end - begin);
  return token;
}

/// What to write instead of a symbol that other languages have.
std::string foreign_hint(const std::string& text, std::size_t at) {
  const std::string two = text.substr(at, 2);
  if (two == "&&" || text[at] == '&') {
    return "; write 'and'";
  }
  if (two == "||" || text[at] == '|') {
    return "; write 'or'";
  }
  if (text[at] == '!') {
    return "; write 'not'";
  }
  return "";
}

std::string character_at(const std::string& text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    ++end;
  }
  return text.substr(at, end - at);
}

Token lex_symbol(const std::string& text, std::size_t begin) {
  static const char* const two_characters[] = {"<=", ">=", "==", "!="};
  Token token;
  token.kind = TokenKind::symbol;
  token.begin = begin;
  const std::string two = text.substr(begin, 2);
  if (two == "**") {
    throw SyntaxError{begin, "unexpected '**'; a power is written '^'"};
  }
  for (const char* symbol : two_characters) {
    if (two == symbol) {
      token.text = two;
    }
  }
  if (token.text.empty()) {
    if (std::string("+-*/^(),:<>=").find(text[begin]) == std::string::npos) {
      throw SyntaxError{begin, "unexpected character " + quoted(character_at(text, begin)) +
                                   foreign_hint(text, begin)};
    }
    token.text = text.substr(begin, 1);
  }
  token.end = begin + token.text.size();
  return token;
}

}  // namespace

std::vector<Token> tokenize(const std::string& text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (true) {
    while (at < text.size() && is_space(text[at])) {
      ++at;
    }
    if (at == text.size()) {
      Token token;
      token.begin = at;
      token.end = at;
      tokens.push_back(token);
      return tokens;
    }
    if (number_end(text, at) != at) {
      tokens.push_back(lex_number(text, at));
    } else if (is_letter(text[at])) {
      Token token;
      token.kind = TokenKind::name;
      token.begin = at;
      token.end = at;
      while (token.end < text.size() && (is_letter(text[token.end]) || is_digit(text[token.end]))) {
        ++token.end;
      }
      token.text = text.substr(at, token.end - at);
      tokens.push_back(token);
    } else {
      tokens.push_back(lex_symbol(text, at));
    }
    at = tokens.back().end;
  }
}

}  // namespace cexpr::rules::detail
