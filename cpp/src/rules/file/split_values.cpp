#include "rules/file/split_values.hpp"

#include <algorithm>
#include <utility>

#include "nodes/numbers.hpp"
#include "nodes/text.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

std::ptrdiff_t open_parentheses(const std::string& text) {
  return std::count(text.begin(), text.end(), '(') - std::count(text.begin(), text.end(), ')');
}

bool is_number(const Node& node) {
  return node.kind == Node::Kind::integer || node.kind == Node::Kind::real;
}

std::string text_of(const Node& key) { return is_number(key) ? number_text(key.number) : key.text; }

/// Entries after `entry` that are pieces of its value; 0 where it is whole.
std::size_t pieces_after(const Node& map, std::size_t entry) {
  const Node& value = map.items[2 * entry + 1];
  std::ptrdiff_t open = value.kind == Node::Kind::string ? open_parentheses(value.text) : 0;
  std::size_t next = entry + 1;
  while (open > 0 && 2 * next + 1 < map.items.size()) {
    const Node& key = map.items[2 * next];
    const bool is_piece = map.items[2 * next + 1].kind == Node::Kind::null &&
                          (key.kind == Node::Kind::string || is_number(key));
    if (!is_piece) {
      return 0;
    }
    open += open_parentheses(text_of(key));
    ++next;
  }
  return open > 0 ? 0 : next - entry - 1;
}

}  // namespace

std::optional<Node> join_split_values(const Node& map, const std::string& rule,
                                      Problems& problems) {
  std::optional<Node> joined;
  for (std::size_t i = 0; 2 * i + 1 < map.items.size(); ++i) {
    const std::size_t pieces = pieces_after(map, i);
    if (pieces > 0 && !joined) {
      joined = Node::make(Node::Kind::map, map.line, map.column);
      joined->items.assign(map.items.begin(),
                           map.items.begin() + static_cast<std::ptrdiff_t>(2 * i));
    }
    if (!joined) {
      continue;
    }
    const Node& key = map.items[2 * i];
    Node value = map.items[2 * i + 1];
    if (pieces > 0) {
      const std::string first = value.text;
      const int to_comma = value.text_offset < 0 || value.column == 0
                               ? 0
                               : value.text_offset + count_characters(first, first.size());
      for (std::size_t piece = 1; piece <= pieces; ++piece) {
        value.text += ", " + text_of(map.items[2 * (i + piece)]);
      }
      problems.add(value.line, value.column + to_comma, rule.empty() ? key.text : rule,
                   "a comma inside { } ends the value, which is " + quoted(first) +
                       " then; put the expression in quotes: " + text_of(key) + ": \"" +
                       value.text + "\", or write the map without { }, one entry per line");
    }
    joined->items.push_back(key);
    joined->items.push_back(std::move(value));
    i += pieces;
  }
  return joined;
}

}  // namespace cexpr::rules::detail
