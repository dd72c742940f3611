// A host that knows the library by its package alone: cuts one face out of an image.

#include <array>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <vector>

#include "cexpr/cexpr.hpp"

int main() {
  const std::array<float, 10> landmarks{38.2946F, 51.6963F, 73.5318F, 51.5014F, 56.0252F,
                                        71.7366F, 41.5493F, 92.3655F, 70.7299F, 92.2041F};
  std::array<float, 6> matrix{};
  cexpr::align({landmarks.data(), 1, 10, 10}, cexpr::AlignOptions{}, {matrix.data(), 1, 6, 6});

  const std::vector<std::uint8_t> pixels(112 * 112 * 3, 51);
  const cexpr::ImageView image{pixels.data(), 112, 112, 112 * 3, cexpr::PixelFormat::bgr8};
  cexpr::PreprocessOptions options;
  std::vector<float> face(3 * 112 * 112);
  cexpr::preprocess(image, {matrix.data(), 1, 6, 6}, options, {face.data(), face.size()});
  const float center = face[56 * 112 + 56];

  try {
    cexpr::preprocess({}, {matrix.data(), 1, 6, 6}, options, {face.data(), face.size()});
    return 1;
  } catch (const cexpr::ArgumentError&) {
  }
  std::cout << "cexpr " CEXPR_VERSION ", " << cexpr::cpu::name(cexpr::cpu::active()) << '\n';
  return std::abs(center - 0.2F) < 1e-6F ? 0 : 1;
}
