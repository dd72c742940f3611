#include "kernels/preprocess_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Vector = float;
  static constexpr int kWidth = 1;

  static Vector fill(float value) { return value; }
  static Vector load(const float* from, int) { return *from; }
  static Vector add(Vector a, Vector b) { return a + b; }
  static Vector subtract(Vector a, Vector b) { return a - b; }
  static Vector multiply(Vector a, Vector b) { return a * b; }
  static void store(float* to, Vector value, int) { *to = value; }

  // The left and the right pixel at one place.
  template <int kChannels, int kColors>
  static void read(const std::uint8_t* from, const std::int32_t* offset, Vector (&left)[kColors],
                   Vector (&right)[kColors]) {
    const std::uint8_t* pixel = from + *offset;
    for (int c = 0; c < kColors; ++c) {
      left[c] = static_cast<float>(pixel[c]);
      right[c] = static_cast<float>(pixel[c + kChannels]);
    }
  }
};

}  // namespace

const PreprocessTable PreprocessTable::scalar = table_over<Lanes>();

}  // namespace cexpr::kernels
