#include <arm_neon.h>

#include "kernels/preprocess_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Vector = float32x4_t;
  static constexpr int kWidth = 4;

  static Vector fill(float value) { return vdupq_n_f32(value); }
  static Vector load(const float* from, int count) {
    if (count >= kWidth) {
      return vld1q_f32(from);
    }
    float values[kWidth] = {};
    for (int i = 0; i < count; ++i) {
      values[i] = from[i];
    }
    return vld1q_f32(values);
  }
  static Vector add(Vector a, Vector b) { return vaddq_f32(a, b); }
  static Vector subtract(Vector a, Vector b) { return vsubq_f32(a, b); }
  static Vector multiply(Vector a, Vector b) { return vmulq_f32(a, b); }
  static void store(float* to, Vector value, int count) {
    if (count >= kWidth) {
      vst1q_f32(to, value);
      return;
    }
    float values[kWidth];
    vst1q_f32(values, value);
    for (int i = 0; i < count; ++i) {
      to[i] = values[i];
    }
  }

  static Vector byte_of(uint32x4_t words, int index) {
    const uint32x4_t shifted = vshlq_u32(words, vdupq_n_s32(-8 * index));
    return vcvtq_f32_u32(vandq_u32(shifted, vdupq_n_u32(255)));
  }

  static uint32x2_t read_pair(const std::uint8_t* from) {
    return vreinterpret_u32_u8(vld1_u8(from));
  }

  // The left and the right pixel at each of four places.
  template <int kChannels, int kColors>
  static void read(const std::uint8_t* from, const std::int32_t* offset, Vector (&left)[kColors],
                   Vector (&right)[kColors]) {
    if constexpr (kChannels == 1) {
      std::uint32_t words[kWidth];
      for (int i = 0; i < kWidth; ++i) {
        words[i] = from[offset[i]] | static_cast<std::uint32_t>(from[offset[i] + 1]) << 8;
      }
      const uint32x4_t pairs = vld1q_u32(words);
      left[0] = byte_of(pairs, 0);
      right[0] = byte_of(pairs, 1);
    } else {
      const uint32x2_t a = read_pair(from + offset[0]);
      const uint32x2_t b = read_pair(from + offset[1]);
      const uint32x2_t c = read_pair(from + offset[2]);
      const uint32x2_t d = read_pair(from + offset[3]);
      const uint32x4_t low = vcombine_u32(vtrn1_u32(a, b), vtrn1_u32(c, d));
      const uint32x4_t high = vcombine_u32(vtrn2_u32(a, b), vtrn2_u32(c, d));
      for (int color = 0; color < kColors; ++color) {
        left[color] = byte_of(low, color);
        const int index = color + kChannels;
        right[color] = index < 4 ? byte_of(low, index) : byte_of(high, index - 4);
      }
    }
  }
};

}  // namespace

const PreprocessTable PreprocessTable::neon = table_over<Lanes>();

}  // namespace cexpr::kernels
