#include "kernels/preprocess_driver.hpp"

namespace cexpr::detail {
namespace {

struct Scalar {
  using Vector = float;
  static constexpr int kLanes = 1;

  static Vector all(float value) { return value; }
  static Vector load(const float* from, int) { return *from; }
  static Vector add(Vector a, Vector b) { return a + b; }
  static Vector mul(Vector a, Vector b) { return a * b; }
  static void store(float* to, Vector value, int) { *to = value; }

  template <int kChannels, int kColors>
  static void sample(const std::uint8_t* top, const std::uint8_t* bottom,
                     const std::int32_t* offset, const float* weight_x, const float* weight_y,
                     Vector (&colors)[kColors]) {
    const float wx = *weight_x;
    const float wy = *weight_y;
    const float w11 = wx * wy;
    const float w01 = wx - w11;
    const float w10 = wy - w11;
    const float w00 = (1.0F - wx) - w10;
    const std::uint8_t* upper = top + *offset;
    const std::uint8_t* lower = bottom + *offset;
    for (int c = 0; c < kColors; ++c) {
      colors[c] =
          ((w00 * static_cast<float>(upper[c]) + w01 * static_cast<float>(upper[c + kChannels])) +
           w10 * static_cast<float>(lower[c])) +
          w11 * static_cast<float>(lower[c + kChannels]);
    }
  }
};

}  // namespace

const PreprocessKernels& preprocess_kernels_scalar() {
  static constexpr PreprocessKernels kKernels = kPreprocessKernels<Scalar>;
  return kKernels;
}

}  // namespace cexpr::detail
