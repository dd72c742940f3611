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
  static void sample(const PreprocessPlan& plan, const LaneSteps& lanes, int lane,
                     const std::uint8_t* pixel, float fraction_x, float fraction_y,
                     Vector (&colors)[kColors]) {
    const float x = fraction_x + lanes.fraction_x[lane];
    const float y = fraction_y + lanes.fraction_y[lane];
    const bool next_x = x >= 1.0F;
    const bool next_y = y >= 1.0F;
    const float wx = next_x ? x - 1.0F : x;
    const float wy = next_y ? y - 1.0F : y;
    const float w11 = wx * wy;
    const float w01 = wx - w11;
    const float w10 = wy - w11;
    const float w00 = (1.0F - wx) - w10;
    const std::uint8_t* top =
        pixel + lanes.offset[lane] + (next_x ? kChannels : 0) + (next_y ? plan.image_stride : 0);
    const std::uint8_t* bottom = top + plan.image_stride;
    for (int c = 0; c < kColors; ++c) {
      colors[c] =
          ((w00 * static_cast<float>(top[c]) + w01 * static_cast<float>(top[c + kChannels])) +
           w10 * static_cast<float>(bottom[c])) +
          w11 * static_cast<float>(bottom[c + kChannels]);
    }
  }
};

}  // namespace

const PreprocessKernels& preprocess_kernels_scalar() {
  static constexpr PreprocessKernels kKernels = kPreprocessKernels<Scalar>;
  return kKernels;
}

}  // namespace cexpr::detail
