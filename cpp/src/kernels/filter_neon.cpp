#include <arm_neon.h>

#include "kernels/filter_body.hpp"

namespace cexpr::detail {
namespace {

struct TwoLanes {
  using Reg = float64x2_t;
  static constexpr std::size_t width = 2;
  static Reg zero() { return vdupq_n_f64(0.0); }
  static Reg fill(double v) { return vdupq_n_f64(v); }
  static Reg load(const double* p) { return vld1q_f64(p); }
  static Reg load(const float* p) { return vcvt_f64_f32(vld1_f32(p)); }
  static void store(double* p, Reg v) { vst1q_f64(p, v); }
  static void store(float* p, Reg v) { vst1_f32(p, vcvt_f32_f64(v)); }
  static Reg add(Reg a, Reg b) { return vaddq_f64(a, b); }
  static Reg mul(Reg a, Reg b) { return vmulq_f64(a, b); }
  static Reg div(Reg a, Reg b) { return vdivq_f64(a, b); }
  static Reg number_or_zero(Reg v) {
    return vreinterpretq_f64_u64(vandq_u64(vreinterpretq_u64_f64(v), vceqq_f64(v, v)));
  }
  static Reg one_if_number(Reg v) {
    return vreinterpretq_f64_u64(vandq_u64(vreinterpretq_u64_f64(fill(1.0)), vceqq_f64(v, v)));
  }
};

Content scan_neon(const float* x, std::size_t n) {
  return scan<32>(x, n, [](const float* p) {
    float32x4_t sum = vdupq_n_f32(0.0F);
    for (std::size_t k = 0; k < 8; ++k) {
      const float32x4_t v = vld1q_f32(p + 4 * k);
      sum = vaddq_f32(sum, vsubq_f32(v, v));
    }
    return vminvq_u32(vceqq_f32(sum, sum)) == 0;
  });
}

}  // namespace

const FilterKernels kFilterNeon{
    scan_neon,        widen<TwoLanes>,    narrow<TwoLanes>, accumulate<TwoLanes>,
    divide<TwoLanes>, convolve<TwoLanes>, box<TwoLanes>};

}  // namespace cexpr::detail
