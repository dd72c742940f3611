#include <immintrin.h>

#include "kernels/filter_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Vector = __m512d;
  static constexpr std::size_t kWidth = 8;
  static Vector zero() { return _mm512_setzero_pd(); }
  static Vector fill(double v) { return _mm512_set1_pd(v); }
  static Vector load(const double* p) { return _mm512_loadu_pd(p); }
  static Vector load(const float* p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
  static void store(double* p, Vector v) { _mm512_storeu_pd(p, v); }
  static void store(float* p, Vector v) { _mm256_storeu_ps(p, _mm512_cvtpd_ps(v)); }
  static Vector add(Vector a, Vector b) { return _mm512_add_pd(a, b); }
  static Vector multiply(Vector a, Vector b) { return _mm512_mul_pd(a, b); }
  static Vector divide(Vector a, Vector b) { return _mm512_div_pd(a, b); }
  static Vector number_or_zero(Vector v) {
    return _mm512_maskz_mov_pd(_mm512_cmp_pd_mask(v, v, _CMP_ORD_Q), v);
  }
  static Vector one_if_number(Vector v) {
    return _mm512_maskz_mov_pd(_mm512_cmp_pd_mask(v, v, _CMP_ORD_Q), _mm512_set1_pd(1.0));
  }

  static constexpr std::size_t kStretch = 128;
  static bool has_unusual(const float* p) {
    __m512 sum = _mm512_setzero_ps();
    for (std::size_t k = 0; k < kStretch; k += 16) {
      const __m512 v = _mm512_loadu_ps(p + k);
      sum = _mm512_add_ps(sum, _mm512_sub_ps(v, v));
    }
    return _mm512_cmp_ps_mask(sum, sum, _CMP_UNORD_Q) != 0;
  }
};

}  // namespace

const FilterTable FilterTable::avx512 = table_over<Lanes>();

}  // namespace cexpr::kernels
