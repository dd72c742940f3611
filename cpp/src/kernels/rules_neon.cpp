#include <arm_neon.h>

#include "kernels/rules_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Vector = float32x4_t;
  using Mask = uint32x4_t;
  static constexpr std::size_t kWidth = 4;

  static Vector load(const float* from) { return vld1q_f32(from); }
  static void store(float* to, Vector value) { vst1q_f32(to, value); }
  static void store_integers(std::int32_t* to, Vector value) {
    vst1q_s32(to, vcvtq_s32_f32(value));
  }
  static Vector fill(float value) { return vdupq_n_f32(value); }
  static Vector add(Vector a, Vector b) { return vaddq_f32(a, b); }
  static Vector subtract(Vector a, Vector b) { return vsubq_f32(a, b); }
  static Vector multiply(Vector a, Vector b) { return vmulq_f32(a, b); }
  static Vector divide(Vector a, Vector b) { return vdivq_f32(a, b); }
  static Vector root(Vector a) { return vsqrtq_f32(a); }
  static Vector negate(Vector a) { return vnegq_f32(a); }
  static Vector absolute(Vector a) { return vabsq_f32(a); }
  static Mask less(Vector a, Vector b) { return vcltq_f32(a, b); }
  static Mask less_equal(Vector a, Vector b) { return vcleq_f32(a, b); }
  static Mask equal(Vector a, Vector b) { return vceqq_f32(a, b); }
  static Mask unordered(Vector a, Vector b) {
    return vmvnq_u32(vandq_u32(vceqq_f32(a, a), vceqq_f32(b, b)));
  }
  static Mask any(Mask a, Mask b) { return vorrq_u32(a, b); }
  static Vector select(Mask mask, Vector yes, Vector no) { return vbslq_f32(mask, yes, no); }
};

}  // namespace

const RulesTable RulesTable::neon = table_over<Lanes, Borrowed<RulesTable::scalar>>();

}  // namespace cexpr::kernels
