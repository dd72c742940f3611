#pragma once

#include <array>
#include <cstdint>

#include "cexpr/export.hpp"
#include "cexpr/image.hpp"
#include "cexpr/span.hpp"

namespace cexpr {

/// Channels of the output, in order.
enum class ColorOrder : std::uint8_t { rgb, bgr, gray };

/// Number of output planes.
constexpr int planes(ColorOrder color) noexcept { return color == ColorOrder::gray ? 1 : 3; }

/// How an output pixel is read from the image.
///
/// `bilinear`: from the four image pixels around its centre, as `cv2.warpAffine` with
/// `INTER_LINEAR` and a constant border of 0. `area`: the mean of nx x ny bilinear samples spread
/// evenly over the pixel's footprint in the image, where nx and ny are the lengths of its sides in
/// image pixels, rounded up, at most 64; the same as `bilinear` when the image is not shrunk.
/// `automatic`: `area` for a face whose transform shrinks more than 2 times along either output
/// axis, `bilinear` otherwise.
enum class Sampling : std::uint8_t { automatic, bilinear, area };

/// What `preprocess` writes.
struct PreprocessOptions {
  /// Size of the output in pixels, >= 1 each.
  int width = 112;
  int height = 112;
  ColorOrder color = ColorOrder::rgb;
  Sampling sampling = Sampling::bilinear;
  /// On values in 0..1, in the order of the output planes; a grey output uses the first of each.
  /// `std` is > 0.
  std::array<float, 3> mean{0.0F, 0.0F, 0.0F};
  std::array<float, 3> std{1.0F, 1.0F, 1.0F};
};

/// Cuts faces out of an image and makes the input of a network in one pass:
/// out[face, plane, y, x] = (value / 255 - mean) / std, where `value` is sampled from the image at
/// the place that the face's matrix maps to (x, y). Outside the image the value is 0. Grey from
/// colour is 0.299 R + 0.587 G + 0.114 B; the alpha of a four-channel image is left out.
///
/// `matrices`: F x 6, row-major 2 x 3, from image to output pixels. `out`: F * planes * height *
/// width elements, written whole.
///
/// Allocates nothing. Every instruction set gives the same bits. Cost: proportional to the output
/// pixels, times nx * ny with area sampling.
///
/// Throws `ArgumentError` when the image is empty, a matrix is not finite or has no inverse, `out`
/// has the wrong size, or an option is out of range; then nothing has been written for that face.
CEXPR_API void preprocess(const ImageView& image, Span2D<const float> matrices,
                          const PreprocessOptions& options, Span<float> out);

}  // namespace cexpr
