#include <arm_neon.h>

#include "kernels/preprocess_driver.hpp"

namespace cexpr::detail {
namespace {

struct Neon {
  using Vector = float32x4_t;
  static constexpr int kLanes = 4;

  static Vector all(float value) { return vdupq_n_f32(value); }
  static Vector load(const float* from, int count) {
    if (count >= kLanes) {
      return vld1q_f32(from);
    }
    float values[kLanes] = {};
    for (int i = 0; i < count; ++i) {
      values[i] = from[i];
    }
    return vld1q_f32(values);
  }
  static Vector add(Vector a, Vector b) { return vaddq_f32(a, b); }
  static Vector mul(Vector a, Vector b) { return vmulq_f32(a, b); }
  static void store(float* to, Vector value, int count) {
    if (count >= kLanes) {
      vst1q_f32(to, value);
      return;
    }
    float values[kLanes];
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
      std::uint32_t words[kLanes];
      for (int i = 0; i < kLanes; ++i) {
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

  template <int kChannels, int kColors>
  static void sample(const std::uint8_t* top, const std::uint8_t* bottom,
                     const std::int32_t* offset, const float* weight_x, const float* weight_y,
                     Vector (&colors)[kColors]) {
    const float32x4_t wx = vld1q_f32(weight_x);
    const float32x4_t wy = vld1q_f32(weight_y);
    const float32x4_t w11 = vmulq_f32(wx, wy);
    const float32x4_t w01 = vsubq_f32(wx, w11);
    const float32x4_t w10 = vsubq_f32(wy, w11);
    const float32x4_t w00 = vsubq_f32(vsubq_f32(vdupq_n_f32(1.0F), wx), w10);
    Vector left[kColors];
    Vector right[kColors];
    read<kChannels>(top, offset, left, right);
    for (int c = 0; c < kColors; ++c) {
      colors[c] = vaddq_f32(vmulq_f32(w00, left[c]), vmulq_f32(w01, right[c]));
    }
    read<kChannels>(bottom, offset, left, right);
    for (int c = 0; c < kColors; ++c) {
      colors[c] =
          vaddq_f32(vaddq_f32(colors[c], vmulq_f32(w10, left[c])), vmulq_f32(w11, right[c]));
    }
  }
};

}  // namespace

const PreprocessKernels& preprocess_kernels_neon() {
  static constexpr PreprocessKernels kKernels = kPreprocessKernels<Neon>;
  return kKernels;
}

}  // namespace cexpr::detail
