#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cexpr/settings.hpp"

namespace cexpr::rules::detail {

enum class AstKind : std::uint8_t {
  number,
  truth,  // true, false
  name,   // not yet resolved
  signal,
  let,
  negate,
  inverse,  // not
  add,
  subtract,
  multiply,
  divide,
  power,
  compare,  // a < b <= c, one node
  both,     // and
  either,   // or
  mean,
  gmean,
  hmean,
  min,
  max,
  sum,
  product,
  clamp,
  sigmoid,
  exp,
  log,
  abs,
  sqrt,
  choose,  // if
  has,
  weighted,
  mean_over,
  max_over,
  min_over,
  slope_over
};

enum class Comparison : std::uint8_t { less, less_equal, greater, greater_equal, equal, not_equal };

/// `unknown` where another problem was already reported.
enum class Type : std::uint8_t { unknown, number, condition };

struct AstNode {
  AstKind kind = AstKind::number;
  Type type = Type::unknown;
  std::uint32_t begin = 0;  // bytes of the expression's text
  std::uint32_t end = 0;
  std::uint32_t height = 1;
  std::int32_t index = -1;  // signal or let, once resolved
  std::vector<std::uint32_t> args;
  std::vector<Comparison> comparisons;
  std::vector<double> weights;
  double number = 0.0;
  std::string name;
  Length window;
};

/// Where the text from byte `begin` on stands in the file, for text that was put together.
struct Anchor {
  std::uint32_t begin = 0;
  int line = 0;
  int column = 0;
};

/// One expression of a file. Children stand before their parents in `nodes`, the root last, so
/// that nothing has to recurse.
struct Expression {
  std::string rule;  // compound or let that it belongs to
  std::string text;
  int line = 0;
  int column = 0;
  int text_offset = 0;
  std::vector<Anchor> anchors;
  std::vector<AstNode> nodes;

  const AstNode& root() const { return nodes.back(); }
  bool is_parsed() const { return !nodes.empty(); }
};

}  // namespace cexpr::rules::detail
