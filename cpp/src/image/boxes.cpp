#include "cexpr/boxes.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "cexpr/error.hpp"

namespace cexpr {
namespace {

void require_boxes(std::size_t rows, std::size_t cols, std::size_t wanted_rows, const char* name) {
  if (rows != wanted_rows || cols != 4) {
    throw ArgumentError(std::string(name) + ": expected " + std::to_string(wanted_rows) +
                        " x 4, got " + std::to_string(rows) + " x " + std::to_string(cols));
  }
}

// Double, so that areas of finite boxes are finite.
double area(const float* box) {
  const double width = static_cast<double>(box[2]) - box[0];
  const double height = static_cast<double>(box[3]) - box[1];
  return width > 0.0 && height > 0.0 ? width * height : 0.0;
}

double intersection(const float* a, const float* b) {
  const double width = static_cast<double>(std::min(a[2], b[2])) - std::max(a[0], b[0]);
  const double height = static_cast<double>(std::min(a[3], b[3])) - std::max(a[1], b[1]);
  return width > 0.0 && height > 0.0 ? width * height : 0.0;
}

double overlap_of(const float* a, const float* b, Overlap overlap) {
  const double area_a = area(a);
  const double area_b = area(b);
  if (!(area_a > 0.0) || !(area_b > 0.0)) {
    return 0.0;
  }
  const double common = intersection(a, b);
  const double whole =
      overlap == Overlap::union_area ? area_a + area_b - common : std::min(area_a, area_b);
  return common / whole;
}

bool is_usable(const float* box, float score) {
  return std::isfinite(score) &&
         std::all_of(box, box + 4, [](float v) { return std::isfinite(v); });
}

}  // namespace

void iou(Span2D<const float> a_xyxy, Span2D<const float> b_xyxy, Span2D<float> out) {
  require_boxes(a_xyxy.rows, a_xyxy.cols, a_xyxy.rows, "a");
  require_boxes(b_xyxy.rows, b_xyxy.cols, b_xyxy.rows, "b");
  if (out.rows != a_xyxy.rows || out.cols != b_xyxy.rows) {
    throw ArgumentError("out: expected one row for each box of a and one column for each of b");
  }
  for (std::size_t i = 0; i < a_xyxy.rows; ++i) {
    for (std::size_t j = 0; j < b_xyxy.rows; ++j) {
      out(i, j) = static_cast<float>(overlap_of(a_xyxy.row(i), b_xyxy.row(j), Overlap::union_area));
    }
  }
}

void nms(Span2D<const float> boxes_xyxy, Span<const float> scores, float threshold, Overlap overlap,
         std::vector<std::int64_t>& kept) {
  require_boxes(boxes_xyxy.rows, boxes_xyxy.cols, scores.size, "boxes");
  if (!(threshold >= 0.0F && threshold <= 1.0F)) {
    throw ArgumentError("threshold: expected 0 to 1, got " + std::to_string(threshold));
  }
  const auto box = [&](std::int64_t i) { return boxes_xyxy.row(static_cast<std::size_t>(i)); };
  kept.clear();
  for (std::size_t i = 0; i < scores.size; ++i) {
    if (is_usable(boxes_xyxy.row(i), scores[i])) {
      kept.push_back(static_cast<std::int64_t>(i));
    }
  }
  std::sort(kept.begin(), kept.end(), [&](std::int64_t a, std::int64_t b) {
    const float score_a = scores[static_cast<std::size_t>(a)];
    const float score_b = scores[static_cast<std::size_t>(b)];
    return score_a != score_b ? score_a > score_b : a < b;
  });
  // The front of the list is what is kept, the rest is what still waits.
  auto end = kept.begin();
  for (const std::int64_t candidate : kept) {
    const bool stands_alone = std::none_of(kept.begin(), end, [&](std::int64_t winner) {
      return overlap_of(box(winner), box(candidate), overlap) > threshold;
    });
    if (stands_alone) {
      *end++ = candidate;
    }
  }
  kept.erase(end, kept.end());
}

void regress_boxes(Span2D<const float> boxes_xyxy, Span2D<const float> offsets, Span2D<float> out) {
  require_boxes(boxes_xyxy.rows, boxes_xyxy.cols, boxes_xyxy.rows, "boxes");
  require_boxes(offsets.rows, offsets.cols, boxes_xyxy.rows, "offsets");
  require_boxes(out.rows, out.cols, boxes_xyxy.rows, "out");
  for (std::size_t i = 0; i < boxes_xyxy.rows; ++i) {
    const float* box = boxes_xyxy.row(i);
    const float length[2] = {box[2] - box[0], box[3] - box[1]};
    for (std::size_t side = 0; side < 4; ++side) {
      out(i, side) = box[side] + offsets(i, side) * length[side % 2];
    }
  }
}

void square_boxes(Span2D<const float> boxes_xyxy, Span2D<float> out) {
  require_boxes(boxes_xyxy.rows, boxes_xyxy.cols, boxes_xyxy.rows, "boxes");
  require_boxes(out.rows, out.cols, boxes_xyxy.rows, "out");
  for (std::size_t i = 0; i < boxes_xyxy.rows; ++i) {
    const float* box = boxes_xyxy.row(i);
    const float half = std::max(box[2] - box[0], box[3] - box[1]) * 0.5F;
    const float center[2] = {(box[0] + box[2]) * 0.5F, (box[1] + box[3]) * 0.5F};
    for (std::size_t axis = 0; axis < 2; ++axis) {
      out(i, axis) = center[axis] - half;
      out(i, axis + 2) = center[axis] + half;
    }
  }
}

}  // namespace cexpr
