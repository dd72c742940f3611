#include <immintrin.h>

#include "kernels/filter_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Vector = __m256d;
  static constexpr std::size_t kWidth = 4;
  static Vector zero() { return _mm256_setzero_pd(); }
  static Vector fill(double v) { return _mm256_set1_pd(v); }
  static Vector load(const double* p) { return _mm256_loadu_pd(p); }
  static Vector load(const float* p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
  static void store(double* p, Vector v) { _mm256_storeu_pd(p, v); }
  static void store(float* p, Vector v) { _mm_storeu_ps(p, _mm256_cvtpd_ps(v)); }
  static Vector add(Vector a, Vector b) { return _mm256_add_pd(a, b); }
  static Vector multiply(Vector a, Vector b) { return _mm256_mul_pd(a, b); }
  static Vector divide(Vector a, Vector b) { return _mm256_div_pd(a, b); }
  static Vector number_or_zero(Vector v) {
    return _mm256_and_pd(v, _mm256_cmp_pd(v, v, _CMP_ORD_Q));
  }
  static Vector one_if_number(Vector v) {
    return _mm256_and_pd(_mm256_set1_pd(1.0), _mm256_cmp_pd(v, v, _CMP_ORD_Q));
  }

  static constexpr std::size_t kStretch = 64;
  static bool has_unusual(const float* p) {
    __m256 sum = _mm256_setzero_ps();
    for (std::size_t k = 0; k < kStretch; k += 8) {
      const __m256 v = _mm256_loadu_ps(p + k);
      sum = _mm256_add_ps(sum, _mm256_sub_ps(v, v));
    }
    return _mm256_movemask_ps(_mm256_cmp_ps(sum, sum, _CMP_UNORD_Q)) != 0;
  }
};

}  // namespace

const FilterTable FilterTable::avx2 = table_over<Lanes>();

}  // namespace cexpr::kernels
