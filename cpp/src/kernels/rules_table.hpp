#pragma once

#include <cstddef>
#include <cstdint>

#include "cexpr/cpu.hpp"
#include "rules/program/ops.hpp"

namespace cexpr::kernels {

/// Columns of a block are computed in steps of this many rows; every column has room for it, so
/// that no kernel has a remainder to treat.
constexpr std::size_t kColumnStep = 16;

/// out[i] = op(a[i], b[i], c[i]) for i < n, n a multiple of `kColumnStep`; `out` may be an operand.
using ColumnOperation = void (*)(float* out, const float* a, const float* b, const float* c,
                                 std::size_t n);

/// The operations of compiled rules on columns, once per instruction set; all give the same bits.
struct RulesTable {
  ColumnOperation operations[rules::detail::kElementWiseOps];

  /// Copies `count` columns of a row-major block: out[k][i] = rows[i * stride + columns[k]].
  /// `columns` is ascending; a row has `width` elements that may be read.
  void (*gather)(const float* rows, std::size_t stride, std::size_t width, std::size_t row_count,
                 const std::uint32_t* columns, std::size_t count, float* const* out);

  /// rows[i * stride + k] = columns[k][i] for k < count; elements beyond `count` stay as they are.
  void (*scatter)(const float* const* columns, std::size_t count, std::size_t row_count,
                  float* rows, std::size_t stride);

  /// For each of n rows the k with the highest columns[k][i] * weight[k] + bias[k] among those with
  /// columns[k][i] neither 0 nor NaN, -1 where there is none or it lies below `least`. Both
  /// `weight` and `bias` may be null: all 1, all 0. n is a multiple of `kColumnStep`.
  void (*choose)(const float* const* columns, std::size_t count, const float* weight,
                 const float* bias, float least, std::size_t n, std::int32_t* labels);

  // Those of the instruction sets in this build are defined; `pick` chooses.
  static const RulesTable scalar;
  static const RulesTable avx2;
  static const RulesTable avx512;
  static const RulesTable neon;
};

}  // namespace cexpr::kernels
