#pragma once

#include <cstddef>
#include <cstdint>

// What a preprocessing kernel needs to know of one face. Plain data: kernels are built with the
// flags of their instruction set and must not share inline functions with the rest of the library.
namespace cexpr::kernels {

/// Output pixels that are handled together, by every instruction set.
constexpr int kBlock = 16;

/// Where the pixels of a block lie in the image relative to its first one: whole pixels plus a
/// fraction, so that the fraction keeps its precision however long the step is.
struct LaneSteps {
  float fraction_x[kBlock];     // 0 <= f < 1
  float fraction_y[kBlock];     // 0 <= f < 1
  std::int32_t offset[kBlock];  // bytes, of the whole pixels
  std::int32_t last_x, last_y;  // whole pixels of the last one
  int count;                    // pixels that are written; the others repeat the last of them
  bool is_valid;                // the numbers above fit their types
};

struct PreprocessPlan {
  const std::uint8_t* pixels;
  int image_width, image_height;
  std::ptrdiff_t image_stride;

  double to_image[6];  // 2x3, from output to image pixels
  LaneSteps full, tail;
  int samples_x, samples_y;  // 1 x 1 for bilinear sampling

  int width, height;  // of the output
  int plane_count;    // 1 or 3
  float* plane[3];    // a colour image: by the image's channel; a grey one: by output plane
  float scale[3];     // of the same order
  float offset[3];
};

}  // namespace cexpr::kernels
