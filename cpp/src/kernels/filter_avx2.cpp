#include <immintrin.h>

#include "kernels/filter_body.hpp"

namespace cexpr::detail {
namespace {

struct FourLanes {
  using Reg = __m256d;
  static constexpr std::size_t width = 4;
  static Reg zero() { return _mm256_setzero_pd(); }
  static Reg fill(double v) { return _mm256_set1_pd(v); }
  static Reg load(const double* p) { return _mm256_loadu_pd(p); }
  static Reg load(const float* p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
  static void store(double* p, Reg v) { _mm256_storeu_pd(p, v); }
  static void store(float* p, Reg v) { _mm_storeu_ps(p, _mm256_cvtpd_ps(v)); }
  static Reg add(Reg a, Reg b) { return _mm256_add_pd(a, b); }
  static Reg mul(Reg a, Reg b) { return _mm256_mul_pd(a, b); }
  static Reg div(Reg a, Reg b) { return _mm256_div_pd(a, b); }
  static Reg number_or_zero(Reg v) { return _mm256_and_pd(v, _mm256_cmp_pd(v, v, _CMP_ORD_Q)); }
  static Reg one_if_number(Reg v) {
    return _mm256_and_pd(_mm256_set1_pd(1.0), _mm256_cmp_pd(v, v, _CMP_ORD_Q));
  }
};

Content scan_avx2(const float* x, std::size_t n) {
  return scan<64>(x, n, [](const float* p) {
    __m256 sum = _mm256_setzero_ps();
    for (std::size_t k = 0; k < 8; ++k) {
      const __m256 v = _mm256_loadu_ps(p + 8 * k);
      sum = _mm256_add_ps(sum, _mm256_sub_ps(v, v));
    }
    return _mm256_movemask_ps(_mm256_cmp_ps(sum, sum, _CMP_UNORD_Q)) != 0;
  });
}

}  // namespace

const FilterKernels kFilterAvx2{
    scan_avx2,         widen<FourLanes>,    narrow<FourLanes>, accumulate<FourLanes>,
    divide<FourLanes>, convolve<FourLanes>, box<FourLanes>};

}  // namespace cexpr::detail
