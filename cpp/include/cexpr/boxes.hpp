#pragma once

#include <cstdint>
#include <vector>

#include "cexpr/export.hpp"
#include "cexpr/span.hpp"

// Boxes are rows of four: x1, y1, x2, y2 in continuous coordinates; width is x2 - x1. A box whose
// width or height is not positive, or that has a NaN, has no area and overlaps nothing.
namespace cexpr {

/// What the intersection of two boxes is divided by.
enum class Overlap : std::uint8_t {
  union_area,    ///< the area of the union: intersection over union
  smaller_area,  ///< the smaller of the two areas: a box inside another overlaps it fully
};

/// Intersection over union of each pair; `out` is N x M, written. 0 where a box has no area.
/// Throws `ArgumentError` when a shape does not fit.
CEXPR_API void iou(Span2D<const float> a_xyxy, Span2D<const float> b_xyxy, Span2D<float> out);

/// Non-maximum suppression: walks through the boxes from the best score down and keeps each one
/// whose overlap with every box kept so far is at most `threshold`. Equal scores: the lower index
/// first. Boxes with a score or coordinate that is not finite are never kept.
///
/// `boxes_xyxy`: N x 4. `scores`: N. `threshold`: 0..1. `kept`: indices, best first; its old
/// contents go, its memory is used again. Cost: n log n for the order, kept * n for the overlaps.
///
/// Throws `ArgumentError` when a shape does not fit or `threshold` is out of range.
CEXPR_API void nms(Span2D<const float> boxes_xyxy, Span<const float> scores, float threshold,
                   Overlap overlap, std::vector<std::int64_t>& kept);

/// Moves the sides of each box by a network's regression: side + offset * (width or height).
/// `offsets`: N x 4 in the order of the sides. `out`: N x 4, written; may be `boxes_xyxy` itself.
/// Throws `ArgumentError` when a shape does not fit.
CEXPR_API void regress_boxes(Span2D<const float> boxes_xyxy, Span2D<const float> offsets,
                             Span2D<float> out);

/// Grows each box to a square around its centre, with the longer of its sides.
/// `out`: N x 4, written; may be `boxes_xyxy` itself. Throws `ArgumentError` when a shape does not
/// fit.
CEXPR_API void square_boxes(Span2D<const float> boxes_xyxy, Span2D<float> out);

}  // namespace cexpr
