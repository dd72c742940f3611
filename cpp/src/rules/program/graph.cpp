#include "rules/program/graph.hpp"

#include <cstring>
#include <utility>

#include "rules/program/scalar_ops.hpp"

namespace cexpr::rules::detail {
namespace {

std::uint32_t bits_of(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

}  // namespace

std::size_t Graph::Hash::operator()(const GraphNode& node) const {
  std::uint64_t hash = static_cast<std::uint64_t>(node.op) + 1;
  std::uint64_t window = 0;
  std::memcpy(&window, &node.window.value, sizeof(window));
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(node.a), static_cast<std::uint64_t>(node.b),
        static_cast<std::uint64_t>(node.c), static_cast<std::uint64_t>(bits_of(node.value)),
        static_cast<std::uint64_t>(node.column), window}) {
    hash = (hash ^ part) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29U;
  }
  return static_cast<std::size_t>(hash);
}

bool Graph::Equal::operator()(const GraphNode& x, const GraphNode& y) const {
  return x.op == y.op && x.a == y.a && x.b == y.b && x.c == y.c && x.column == y.column &&
         bits_of(x.value) == bits_of(y.value) && x.window.value == y.window.value &&
         x.window.in_seconds == y.window.in_seconds;
}

std::uint32_t Graph::intern(const GraphNode& node) {
  const auto found = seen_.find(node);
  if (found != seen_.end()) {
    return found->second;
  }
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back(node);
  seen_.emplace(node, index);
  return index;
}

std::uint32_t Graph::constant(float value) {
  GraphNode node;
  node.value = value;
  return intern(node);
}

std::uint32_t Graph::signal(std::uint32_t column) {
  GraphNode node;
  node.op = Op::signal;
  node.column = column;
  return intern(node);
}

/// Identities that hold for every value, NaN included.
bool Graph::simplify(Op op, std::uint32_t a, std::uint32_t b, std::uint32_t c,
                     std::uint32_t& result) {
  switch (op) {
    case Op::multiply:
    case Op::divide:
      result = a;
      if (is_constant(b, 1.0F)) {
        return true;
      }
      result = b;
      return op == Op::multiply && is_constant(a, 1.0F);
    case Op::both:
      if (is_constant(a, 0.0F) || is_constant(b, 0.0F)) {
        result = constant(0.0F);
        return true;
      }
      result = is_constant(a, 1.0F) ? b : a;
      return a == b || is_constant(a, 1.0F) || is_constant(b, 1.0F);
    case Op::either:
      if (is_constant(a, 1.0F) || is_constant(b, 1.0F)) {
        result = constant(1.0F);
        return true;
      }
      result = is_constant(a, 0.0F) ? b : a;
      return a == b || is_constant(a, 0.0F) || is_constant(b, 0.0F);
    case Op::minimum:
    case Op::maximum:
      result = a;
      return a == b;
    case Op::choose:
      result = is_constant(a, 1.0F) ? b : c;
      return is_constant(a, 1.0F) || is_constant(a, 0.0F);
    case Op::power:
      if (is_constant(b, 1.0F)) {
        result = a;
        return true;
      }
      if (is_constant(b, 2.0F)) {
        result = apply(Op::multiply, a, a);
        return true;
      }
      if (is_constant(b, 0.5F)) {
        result = apply(Op::root, a);
        return true;
      }
      return false;
    default:
      return false;
  }
}

std::uint32_t Graph::apply(Op op, std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  const int operands = operand_count(op);
  if (is_constant(a) && (operands < 2 || is_constant(b)) && (operands < 3 || is_constant(c))) {
    return constant(detail::apply(op, nodes_[a].value, operands < 2 ? 0.0F : nodes_[b].value,
                                  operands < 3 ? 0.0F : nodes_[c].value));
  }
  std::uint32_t simpler = 0;
  if (simplify(op, a, b, c, simpler)) {
    return simpler;
  }
  GraphNode node;
  node.op = op;
  node.a = a;
  node.b = b;
  node.c = c;
  if (is_commutative(op) && node.b < node.a) {
    std::swap(node.a, node.b);
  }
  return intern(node);
}

std::uint32_t Graph::over(Op op, std::uint32_t a, Length window) {
  GraphNode node;
  node.op = op;
  node.a = a;
  node.window = window;
  return intern(node);
}

}  // namespace cexpr::rules::detail
