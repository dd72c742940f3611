#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "cexpr/node.hpp"

// Rule sets built in code: the tree that a rule file's YAML would give, without a file.
//
//   const Node rules = make_map({{"cexpr", 1},
//                                {"name", "mine"},
//                                {"compounds", make_map({{"A", "mean(fear, surprise)"}})}});
namespace cexpr {

/// What may stand in a tree: text, a number, true or false, or a tree.
struct NodeValue {
  NodeValue(const char* text) : node(Node::make_string(text, 0, 0, -1)) {}
  NodeValue(const std::string& text) : node(Node::make_string(text, 0, 0, -1)) {}
  NodeValue(int number) : node(Node::make_number(Node::Kind::integer, number, 0, 0)) {}
  NodeValue(double number) : node(Node::make_number(Node::Kind::real, number, 0, 0)) {}
  NodeValue(bool value) : node(Node::make_number(Node::Kind::boolean, value ? 1.0 : 0.0, 0, 0)) {}
  NodeValue(Node tree) : node(std::move(tree)) {}

  Node node;
};

/// A map with these entries, in this order.
inline Node make_map(std::initializer_list<std::pair<const char*, NodeValue>> entries) {
  Node map = Node::make(Node::Kind::map, 0, 0);
  for (const auto& [key, value] : entries) {
    map.items.push_back(Node::make_string(key, 0, 0, -1));
    map.items.push_back(value.node);
  }
  return map;
}

/// A list of these values.
inline Node make_list(std::initializer_list<NodeValue> values) {
  Node list = Node::make(Node::Kind::list, 0, 0);
  for (const NodeValue& value : values) {
    list.items.push_back(value.node);
  }
  return list;
}

}  // namespace cexpr
