#include <utility>

#include "kernels/rules_table.hpp"
#include "rules/program/scalar_ops.hpp"
#include "timeline/leader.hpp"

namespace cexpr::kernels {
namespace {

using rules::detail::kElementWiseOps;
using rules::detail::Op;

template <Op op>
void operate(float* out, const float* a, const float* b, const float* c, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    if constexpr (rules::detail::operand_count(op) == 1) {
      out[i] = rules::detail::apply(op, a[i], 0.0F, 0.0F);
    } else if constexpr (rules::detail::operand_count(op) == 2) {
      out[i] = rules::detail::apply(op, a[i], b[i], 0.0F);
    } else {
      out[i] = rules::detail::apply(op, a[i], b[i], c[i]);
    }
  }
}

void gather(const float* rows, std::size_t stride, std::size_t, std::size_t row_count,
            const std::uint32_t* columns, std::size_t count, float* const* out) {
  for (std::size_t k = 0; k < count; ++k) {
    const float* from = rows + columns[k];
    float* to = out[k];
    for (std::size_t i = 0; i < row_count; ++i) {
      to[i] = from[i * stride];
    }
  }
}

void scatter(const float* const* columns, std::size_t count, std::size_t row_count, float* rows,
             std::size_t stride) {
  for (std::size_t i = 0; i < row_count; ++i) {
    float* to = rows + i * stride;
    for (std::size_t k = 0; k < count; ++k) {
      to[k] = columns[k][i];
    }
  }
}

void choose(const float* const* columns, std::size_t count, const float* weight, const float* bias,
            float least, std::size_t n, std::int32_t* labels) {
  for (std::size_t i = 0; i < n; ++i) {
    cexpr::detail::Leader leader;
    for (std::size_t k = 0; k < count; ++k) {
      const float score = columns[k][i];
      const float adjusted = weight == nullptr ? score : score * weight[k] + bias[k];
      leader.offer(static_cast<std::int32_t>(k), score, adjusted);
    }
    labels[i] = leader.winner(least);
  }
}

template <std::size_t... index>
constexpr RulesTable table_of(std::index_sequence<index...>) {
  return {{operate<static_cast<Op>(index)>...}, gather, scatter, choose};
}

}  // namespace

const RulesTable RulesTable::scalar = table_of(std::make_index_sequence<kElementWiseOps>());

}  // namespace cexpr::kernels
