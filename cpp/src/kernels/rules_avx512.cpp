#include <immintrin.h>

#include "kernels/rules_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Vector = __m512;
  using Mask = __mmask16;
  static constexpr std::size_t kWidth = 16;

  static Vector load(const float* from) { return _mm512_loadu_ps(from); }
  static void store(float* to, Vector value) { _mm512_storeu_ps(to, value); }
  static void store_integers(std::int32_t* to, Vector value) {
    _mm512_storeu_si512(to, _mm512_cvttps_epi32(value));
  }
  static Vector fill(float value) { return _mm512_set1_ps(value); }
  static Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
  static Vector subtract(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
  static Vector multiply(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
  static Vector divide(Vector a, Vector b) { return _mm512_div_ps(a, b); }
  static Vector root(Vector a) { return _mm512_sqrt_ps(a); }
  static Vector negate(Vector a) { return _mm512_xor_ps(a, fill(-0.0F)); }
  static Vector absolute(Vector a) { return _mm512_andnot_ps(fill(-0.0F), a); }
  static Mask less(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static Mask less_equal(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
  static Mask equal(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static Mask unordered(Vector a, Vector b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
  static Mask any(Mask a, Mask b) { return static_cast<Mask>(a | b); }
  static Vector select(Mask mask, Vector yes, Vector no) {
    return _mm512_mask_blend_ps(mask, no, yes);
  }
};

}  // namespace

// Eight by eight is the tile of choice for a handful of columns here too.
const RulesTable RulesTable::avx512 = table_over<Lanes, Borrowed<RulesTable::avx2>>();

}  // namespace cexpr::kernels
