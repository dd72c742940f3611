#include <immintrin.h>

#include "kernels/rules_lanes.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Value = __m512;
  using Mask = __mmask16;
  static constexpr std::size_t kWidth = 16;

  static Value load(const float* from) { return _mm512_loadu_ps(from); }
  static void store(float* to, Value value) { _mm512_storeu_ps(to, value); }
  static void store_integers(std::int32_t* to, Value value) {
    _mm512_storeu_si512(to, _mm512_cvttps_epi32(value));
  }
  static Value splat(float value) { return _mm512_set1_ps(value); }
  static Value add(Value a, Value b) { return _mm512_add_ps(a, b); }
  static Value subtract(Value a, Value b) { return _mm512_sub_ps(a, b); }
  static Value multiply(Value a, Value b) { return _mm512_mul_ps(a, b); }
  static Value divide(Value a, Value b) { return _mm512_div_ps(a, b); }
  static Value root(Value a) { return _mm512_sqrt_ps(a); }
  static Value negate(Value a) { return _mm512_xor_ps(a, splat(-0.0F)); }
  static Value absolute(Value a) { return _mm512_andnot_ps(splat(-0.0F), a); }
  static Mask less(Value a, Value b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static Mask less_equal(Value a, Value b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
  static Mask equal(Value a, Value b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static Mask unordered(Value a, Value b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
  static Mask any(Mask a, Mask b) { return static_cast<Mask>(a | b); }
  static Value select(Mask mask, Value yes, Value no) {
    return _mm512_mask_blend_ps(mask, no, yes);
  }
};

RuleKernels make_table() {
  RuleKernels table = ColumnOperations<Lanes>::over(scalar_rule_kernels());
  // Eight by eight is the tile of choice for a handful of columns here too.
  table.gather = avx2_rule_kernels().gather;
  table.scatter = avx2_rule_kernels().scatter;
  return table;
}

}  // namespace

const RuleKernels& avx512_rule_kernels() {
  static const RuleKernels table = make_table();
  return table;
}

}  // namespace cexpr::kernels
