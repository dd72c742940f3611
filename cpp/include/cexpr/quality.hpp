#pragma once

#include <cstdint>

#include "cexpr/export.hpp"
#include "cexpr/image.hpp"
#include "cexpr/span.hpp"

namespace cexpr {

/// What is worst about a face; `none` where it is good enough.
enum class QualityReason : std::uint8_t { none, small, turned, blurred, cut_off, dark };

/// Faces below this carry a reason, and by default get no label.
inline constexpr float kGoodQuality = 0.5F;

/// How much of a face there is to see, 0..1, from its box, its landmarks and its pixels:
///
///   quality = small * turned * blurred * cut_off * dark * agreement
///
/// Each factor runs from 0 to 1 on a straight line between the two values in brackets:
///   small      side of the box, sqrt(w h), against `need` (0.5 to 1 times `need`)
///   turned     the lower of two: |n - 0.5| (0.5 to 0.25), where n is the place of the nose along
///              the line from eye to eye, 0 at the left one and 1 at the right one; and |v - 0.5|
///              (0.6 to 0.3), where v is its place on the way from the eyes to the mouth
///   blurred    sharpness s (0.25 to 0.55): share of the variation between neighbouring pixels that
///              a mean over 9 pixels takes away, the lower of rows and columns (1 - the blur
///              measure of Crete et al., SPIE 6492, 2007), on the box as 48 x 48 grey pixels
///   cut_off    share of the box that lies inside the image (0.45 to 0.85)
///   dark       the lower of two, on the same pixels: their standard deviation (3 to 13 grey
///              levels), and the share of them that is below 250 (0.4 to 0.8)
///   agreement  the score of the detector (0.3 to 0.9)
/// Without landmarks (NaN) `turned` is 1, without a score (NaN) `agreement`. A box that is not
/// finite or has no area has the quality 0.
///
/// `landmarks`: F x 10 as in `align`; `boxes_xywh`: F x 4, left, top, width, height in pixels;
/// `detection`: F scores; `need`: side of a face that shows all that the model can see, in pixels,
/// > 0. `quality` and `reasons` (F each) are written; the reason is the lowest factor (of equal
/// ones the first in the order of the enum) where the quality is below `kGoodQuality`, and `none`
/// elsewhere, also where `agreement` alone is low.
///
/// Allocates nothing. Throws `ArgumentError` when the image is empty, `need` is out of range or
/// sizes differ.
CEXPR_API void face_quality(const ImageView& image, Span2D<const float> landmarks,
                            Span2D<const float> boxes_xywh, Span<const float> detection, float need,
                            Span<float> quality, Span<QualityReason> reasons);

}  // namespace cexpr
