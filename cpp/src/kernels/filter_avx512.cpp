#include <immintrin.h>

#include "kernels/filter_body.hpp"

namespace cexpr::detail {
namespace {

struct EightLanes {
  using Reg = __m512d;
  static constexpr std::size_t width = 8;
  static constexpr __mmask8 kAll = 0xFF;
  static Reg zero() { return _mm512_setzero_pd(); }
  static Reg fill(double v) { return _mm512_set1_pd(v); }
  static Reg load(const double* p) { return _mm512_loadu_pd(p); }
  // GCC 12 calls the unmasked conversions uninitialised; a full mask is the same instruction.
  static Reg load(const float* p) { return _mm512_maskz_cvtps_pd(kAll, _mm256_loadu_ps(p)); }
  static void store(double* p, Reg v) { _mm512_storeu_pd(p, v); }
  static void store(float* p, Reg v) { _mm256_storeu_ps(p, _mm512_maskz_cvtpd_ps(kAll, v)); }
  static Reg add(Reg a, Reg b) { return _mm512_add_pd(a, b); }
  static Reg mul(Reg a, Reg b) { return _mm512_mul_pd(a, b); }
  static Reg div(Reg a, Reg b) { return _mm512_div_pd(a, b); }
  static Reg number_or_zero(Reg v) {
    return _mm512_maskz_mov_pd(_mm512_cmp_pd_mask(v, v, _CMP_ORD_Q), v);
  }
  static Reg one_if_number(Reg v) {
    return _mm512_maskz_mov_pd(_mm512_cmp_pd_mask(v, v, _CMP_ORD_Q), _mm512_set1_pd(1.0));
  }
};

Content scan_avx512(const float* x, std::size_t n) {
  return scan<128>(x, n, [](const float* p) {
    __m512 sum = _mm512_setzero_ps();
    for (std::size_t k = 0; k < 8; ++k) {
      const __m512 v = _mm512_loadu_ps(p + 16 * k);
      sum = _mm512_add_ps(sum, _mm512_sub_ps(v, v));
    }
    return _mm512_cmp_ps_mask(sum, sum, _CMP_UNORD_Q) != 0;
  });
}

}  // namespace

const FilterKernels kFilterAvx512{
    scan_avx512,        widen<EightLanes>,    narrow<EightLanes>, accumulate<EightLanes>,
    divide<EightLanes>, convolve<EightLanes>, box<EightLanes>};

}  // namespace cexpr::detail
