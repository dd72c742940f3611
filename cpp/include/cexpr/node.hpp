#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cexpr {

/// One value of a parsed file (YAML, JSON, ...) with the place where it stands: what a reader of
/// any syntax hands to the rule compiler.
///
/// Lines and columns are 1-based and count characters, not bytes; 0 means unknown. Trees deeper
/// than `rules::kMaxNodeDepth` are refused by the compiler.
struct Node {
  enum class Kind : std::uint8_t { map, list, string, integer, real, boolean, null };

  Kind kind = Kind::null;
  int line = 0;
  int column = 0;
  /// string: the text, UTF-8, after unquoting and unfolding.
  std::string text;
  /// string: characters from `column` to the first character of `text` in the file, so that a
  /// problem inside an expression can be shown at its own column: 0 for a plain scalar, 1 for a
  /// quoted one, -1 where the text does not stand in the file as it is (escapes, several lines).
  int text_offset = 0;
  /// integer, real: the value; boolean: 0 or 1.
  double number = 0.0;
  /// list: the elements; map: key, value, key, value, ... in file order, duplicate keys kept.
  std::vector<Node> items;

  static Node make(Kind kind, int line, int column) {
    Node node;
    node.kind = kind;
    node.line = line;
    node.column = column;
    return node;
  }

  static Node make_string(std::string text, int line, int column, int text_offset = 0) {
    Node node = make(Kind::string, line, column);
    node.text = std::move(text);
    node.text_offset = text_offset;
    return node;
  }

  static Node make_number(Kind kind, double value, int line, int column) {
    Node node = make(kind, line, column);
    node.number = value;
    return node;
  }
};

}  // namespace cexpr
