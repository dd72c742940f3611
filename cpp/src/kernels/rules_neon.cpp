#include <arm_neon.h>

#include "kernels/rules_lanes.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Value = float32x4_t;
  using Mask = uint32x4_t;
  static constexpr std::size_t kWidth = 4;

  static Value load(const float* from) { return vld1q_f32(from); }
  static void store(float* to, Value value) { vst1q_f32(to, value); }
  static void store_integers(std::int32_t* to, Value value) { vst1q_s32(to, vcvtq_s32_f32(value)); }
  static Value splat(float value) { return vdupq_n_f32(value); }
  static Value add(Value a, Value b) { return vaddq_f32(a, b); }
  static Value subtract(Value a, Value b) { return vsubq_f32(a, b); }
  static Value multiply(Value a, Value b) { return vmulq_f32(a, b); }
  static Value divide(Value a, Value b) { return vdivq_f32(a, b); }
  static Value root(Value a) { return vsqrtq_f32(a); }
  static Value negate(Value a) { return vnegq_f32(a); }
  static Value absolute(Value a) { return vabsq_f32(a); }
  static Mask less(Value a, Value b) { return vcltq_f32(a, b); }
  static Mask less_equal(Value a, Value b) { return vcleq_f32(a, b); }
  static Mask equal(Value a, Value b) { return vceqq_f32(a, b); }
  static Mask unordered(Value a, Value b) {
    return vmvnq_u32(vandq_u32(vceqq_f32(a, a), vceqq_f32(b, b)));
  }
  static Mask any(Mask a, Mask b) { return vorrq_u32(a, b); }
  static Value select(Mask mask, Value yes, Value no) { return vbslq_f32(mask, yes, no); }
};

RuleKernels make_table() { return ColumnOperations<Lanes>::over(scalar_rule_kernels()); }

}  // namespace

const RuleKernels& neon_rule_kernels() {
  static const RuleKernels table = make_table();
  return table;
}

}  // namespace cexpr::kernels
