#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "cexpr/settings.hpp"
#include "rules/program/ops.hpp"

namespace cexpr::rules::detail {

/// Columns from here on stand for signals of the vocabulary that the matrix does not have.
constexpr std::uint32_t kMissingColumn = 0x80000000U;

struct GraphNode {
  Op op = Op::constant;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
  float value = 0.0F;        // constant
  std::uint32_t column = 0;  // signal
  Length window;
};

/// Values that depend on each other, operands before their users. Equal values are one node, and
/// operations on constants are constants.
class Graph {
 public:
  std::uint32_t constant(float value);
  std::uint32_t signal(std::uint32_t column);
  std::uint32_t apply(Op op, std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0);
  std::uint32_t over(Op op, std::uint32_t a, Length window);

  const GraphNode& operator[](std::uint32_t node) const { return nodes_[node]; }
  std::size_t size() const { return nodes_.size(); }
  bool is_constant(std::uint32_t node) const { return nodes_[node].op == Op::constant; }
  bool is_constant(std::uint32_t node, float value) const {
    return is_constant(node) && nodes_[node].value == value;
  }

 private:
  struct Hash {
    std::size_t operator()(const GraphNode& node) const;
  };
  struct Equal {
    bool operator()(const GraphNode& x, const GraphNode& y) const;
  };
  bool simplify(Op op, std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t& result);
  std::uint32_t intern(const GraphNode& node);

  std::vector<GraphNode> nodes_;
  std::unordered_map<GraphNode, std::uint32_t, Hash, Equal> seen_;
};

}  // namespace cexpr::rules::detail
