#pragma once

#include <cstddef>
#include <cstdint>

namespace cexpr::rules::detail {

/// Operations of a compiled program. The order of the element-wise ones is that of the kernel
/// tables.
enum class Op : std::uint8_t {
  // one operand
  negate,
  absolute,
  root,
  inverse,
  reciprocal,  // of a number >= 0; infinite for 0, so that n / sum makes the harmonic mean 0
  exponential,
  logarithm,
  sigmoid,
  // two operands
  add,
  subtract,
  multiply,
  divide,
  power,
  less,
  less_equal,
  equal,
  not_equal,
  both,
  either,
  minimum,
  maximum,
  harmonic,
  // three operands
  choose,
  element_wise_count,
  // leaves
  constant = element_wise_count,
  signal,
  // over the rows of a track
  mean_over,
  max_over,
  min_over,
  slope_over
};

constexpr std::size_t kElementWiseOps = static_cast<std::size_t>(Op::element_wise_count);

constexpr bool is_over_time(Op op) { return op >= Op::mean_over; }
constexpr int operand_count(Op op) {
  return op <= Op::sigmoid    ? 1
         : op <= Op::harmonic ? 2
         : op == Op::choose   ? 3
         : is_over_time(op)   ? 1
                              : 0;
}
constexpr bool is_commutative(Op op) {
  return op == Op::add || op == Op::multiply || op == Op::equal || op == Op::not_equal ||
         op == Op::both || op == Op::either || op == Op::minimum || op == Op::maximum;
}

}  // namespace cexpr::rules::detail
