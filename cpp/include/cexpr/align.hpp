#pragma once

#include "cexpr/export.hpp"
#include "cexpr/span.hpp"

namespace cexpr {

/// Where the face lies in the aligned square.
struct AlignOptions {
  /// Side of the output square in pixels, >= 1.
  int size = 112;
  /// Room around the ArcFace template, as a fraction of its side, > -0.5: a template coordinate t
  /// in 0..1 becomes (t + margin) / (1 + 2 margin). Negative values cut tighter.
  float margin = 0.0F;
  /// Added to the template after the margin, as fractions of the output side.
  float shift_x = 0.0F;
  float shift_y = 0.0F;
};

/// The similarity transform (scale, rotation, translation; never a mirror image) that maps five
/// landmarks onto the ArcFace template with the least squared error (Umeyama, IEEE PAMI 13(4),
/// 1991). One matrix for each face, from image to output pixels, as `cv2.warpAffine` takes it.
///
/// `landmarks`: F x 10, x and y of left eye, right eye, nose, left and right corner of the mouth as
/// they appear in the image, in pixels. `matrices`: F x 6, row-major 2 x 3, written. No faces:
/// nothing is written.
///
/// Throws `ArgumentError` when a landmark is not finite, when the five points of a face coincide or
/// lie so that no transform maps them (the mirror image of the template), or when an option is out
/// of range. Matrices of faces before the one at fault are already written.
CEXPR_API void align(Span2D<const float> landmarks, const AlignOptions& options,
                     Span2D<float> matrices);

/// The transform that cuts out a box with a margin and stretches it to a square, the same pixels as
/// cropping and then `cv2.resize`: x' = (x + 0.5 - left) * size / width - 0.5, where `left` and
/// `width` belong to the box grown by `margin` of its own size on each side.
///
/// `boxes_xywh`: F x 4, left, top, width, height in pixels. `size`: side of the output in pixels,
/// >= 1. `margin`: > -0.5. `matrices`: F x 6, row-major 2 x 3, written.
///
/// Throws `ArgumentError` when a box is not finite or has no area, or an option is out of range.
CEXPR_API void box_transform(Span2D<const float> boxes_xywh, int size, float margin,
                             Span2D<float> matrices);

}  // namespace cexpr
