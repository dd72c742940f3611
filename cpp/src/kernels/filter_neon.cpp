#include <arm_neon.h>

#include "kernels/filter_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Vector = float64x2_t;
  static constexpr std::size_t kWidth = 2;
  static Vector zero() { return vdupq_n_f64(0.0); }
  static Vector fill(double v) { return vdupq_n_f64(v); }
  static Vector load(const double* p) { return vld1q_f64(p); }
  static Vector load(const float* p) { return vcvt_f64_f32(vld1_f32(p)); }
  static void store(double* p, Vector v) { vst1q_f64(p, v); }
  static void store(float* p, Vector v) { vst1_f32(p, vcvt_f32_f64(v)); }
  static Vector add(Vector a, Vector b) { return vaddq_f64(a, b); }
  static Vector multiply(Vector a, Vector b) { return vmulq_f64(a, b); }
  static Vector divide(Vector a, Vector b) { return vdivq_f64(a, b); }
  static Vector number_or_zero(Vector v) {
    return vreinterpretq_f64_u64(vandq_u64(vreinterpretq_u64_f64(v), vceqq_f64(v, v)));
  }
  static Vector one_if_number(Vector v) {
    return vreinterpretq_f64_u64(vandq_u64(vreinterpretq_u64_f64(fill(1.0)), vceqq_f64(v, v)));
  }

  static constexpr std::size_t kStretch = 32;
  static bool has_unusual(const float* p) {
    float32x4_t sum = vdupq_n_f32(0.0F);
    for (std::size_t k = 0; k < kStretch; k += 4) {
      const float32x4_t v = vld1q_f32(p + k);
      sum = vaddq_f32(sum, vsubq_f32(v, v));
    }
    return vminvq_u32(vceqq_f32(sum, sum)) == 0;
  }
};

}  // namespace

const FilterTable FilterTable::neon = table_over<Lanes>();

}  // namespace cexpr::kernels
