#include "cexpr/boxes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "cexpr/error.hpp"
#include "check.hpp"

using cexpr::ArgumentError;
using cexpr::Overlap;

namespace {

using Box = std::array<float, 4>;
using Kept = std::vector<std::int64_t>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

cexpr::Span2D<const float> rows(const std::vector<Box>& boxes) {
  return {boxes.empty() ? nullptr : boxes.front().data(), boxes.size(), 4, 4};
}

float iou_of(const Box& a, const Box& b) {
  float out = -1.0F;
  cexpr::iou({a.data(), 1, 4, 4}, {b.data(), 1, 4, 4}, {&out, 1, 1, 1});
  return out;
}

Kept kept(const std::vector<Box>& boxes, const std::vector<float>& scores, float threshold,
          Overlap overlap = Overlap::union_area) {
  Kept indices{99};
  cexpr::nms(rows(boxes), {scores.data(), scores.size()}, threshold, overlap, indices);
  return indices;
}

// The textbook form: take the best, strike out what overlaps it, repeat.
Kept kept_by_the_book(const std::vector<Box>& boxes, const std::vector<float>& scores,
                      float threshold) {
  std::vector<bool> waits(boxes.size(), true);
  Kept winners;
  while (true) {
    std::size_t best = boxes.size();
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      if (waits[i] && (best == boxes.size() || scores[i] > scores[best])) {
        best = i;
      }
    }
    if (best == boxes.size()) {
      return winners;
    }
    winners.push_back(static_cast<std::int64_t>(best));
    waits[best] = false;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      waits[i] = waits[i] && !(iou_of(boxes[best], boxes[i]) > threshold);
    }
  }
}

}  // namespace

CEXPR_TEST(iou_of_known_boxes) {
  CHECK_NEAR(iou_of({0, 0, 2, 2}, {0, 0, 2, 2}), 1.0, 0.0);
  CHECK_NEAR(iou_of({0, 0, 2, 2}, {1, 1, 3, 3}), 1.0 / 7.0, 1e-7);
  CHECK_NEAR(iou_of({0, 0, 2, 2}, {2, 0, 4, 2}), 0.0, 0.0);
  CHECK_NEAR(iou_of({0, 0, 4, 4}, {1, 1, 3, 3}), 0.25, 1e-7);
}

CEXPR_TEST(boxes_without_area_overlap_nothing) {
  const Box whole{0, 0, 2, 2};
  for (const Box& bad :
       {Box{1, 1, 1, 2}, Box{2, 2, 0, 0}, Box{kNan, 0, 2, 2}, Box{0, 0, 2, kNan}}) {
    CHECK(iou_of(whole, bad) == 0.0F);
    CHECK(iou_of(bad, whole) == 0.0F);
    CHECK(iou_of(bad, bad) == 0.0F);
  }
}

CEXPR_TEST(areas_of_huge_boxes_do_not_overflow) {
  constexpr float kLarge = 3e38F;
  CHECK_NEAR(iou_of({-kLarge, -kLarge, kLarge, kLarge}, {-kLarge, -kLarge, kLarge, kLarge}), 1.0,
             0.0);
}

CEXPR_TEST(nms_keeps_the_best_of_a_heap) {
  const std::vector<Box> boxes{{0, 0, 10, 10}, {1, 0, 11, 10}, {20, 20, 30, 30}};
  CHECK((kept(boxes, {0.5F, 0.9F, 0.7F}, 0.5F) == Kept{1, 2}));
  CHECK((kept(boxes, {0.5F, 0.9F, 0.7F}, 0.9F) == Kept{1, 2, 0}));
}

CEXPR_TEST(nms_by_the_smaller_area_removes_boxes_inside_others) {
  const std::vector<Box> boxes{{0, 0, 10, 10}, {4, 4, 6, 6}};
  CHECK((kept(boxes, {0.9F, 0.8F}, 0.5F) == Kept{0, 1}));
  CHECK((kept(boxes, {0.9F, 0.8F}, 0.5F, Overlap::smaller_area) == Kept{0}));
}

CEXPR_TEST(nms_takes_the_lower_index_of_equal_scores) {
  const std::vector<Box> boxes(4, Box{0, 0, 1, 1});
  CHECK((kept(boxes, {0.5F, 0.5F, 0.5F, 0.5F}, 0.3F) == Kept{0}));
  CHECK((kept(boxes, {0.5F, 0.5F, 0.5F, 0.5F}, 1.0F) == Kept{0, 1, 2, 3}));
}

CEXPR_TEST(nms_never_keeps_what_is_not_finite) {
  const std::vector<Box> boxes{{0, 0, 1, 1}, {kNan, 0, 1, 1}, {5, 5, 6, 6}, {0, 0, kInfinity, 1}};
  CHECK((kept(boxes, {0.1F, 0.9F, kNan, 0.8F}, 0.5F) == Kept{0}));
  CHECK(kept({}, {}, 0.5F).empty());
}

CEXPR_TEST(nms_equals_the_textbook) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> corner(0.0F, 60.0F);
  std::uniform_real_distribution<float> side(-2.0F, 40.0F);
  std::uniform_int_distribution<int> score(0, 30);
  for (int round = 0; round < 30; ++round) {
    std::vector<Box> boxes;
    std::vector<float> scores;
    for (int i = 0; i < 60; ++i) {
      const float x = corner(random);
      const float y = corner(random);
      boxes.push_back({x, y, x + side(random), y + side(random)});
      scores.push_back(static_cast<float>(score(random)) / 30.0F);
    }
    for (const float threshold : {0.0F, 0.3F, 0.7F}) {
      CHECK(kept(boxes, scores, threshold) == kept_by_the_book(boxes, scores, threshold));
    }
  }
}

CEXPR_TEST(nms_refuses_bad_arguments) {
  const std::vector<Box> boxes{{0, 0, 1, 1}};
  for (const float threshold : {-0.1F, 1.1F, kNan}) {
    CHECK_THROWS(kept(boxes, {0.5F}, threshold), ArgumentError);
  }
  CHECK_THROWS(kept(boxes, {0.5F, 0.4F}, 0.5F), ArgumentError);
}

CEXPR_TEST(regression_moves_sides_by_the_size_of_the_box) {
  std::vector<Box> boxes{{10, 20, 30, 60}};
  const std::vector<Box> offsets{{0.1F, -0.1F, 0.5F, 0.25F}};
  Box out{};
  cexpr::regress_boxes(rows(boxes), rows(offsets), {out.data(), 1, 4, 4});
  const Box expected{12, 16, 40, 70};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK_NEAR(out[i], expected[i], 1e-5);
  }
  cexpr::regress_boxes(rows(boxes), rows(offsets), {boxes.front().data(), 1, 4, 4});
  CHECK(boxes.front() == out);
}

CEXPR_TEST(squares_keep_the_centre_and_the_longer_side) {
  std::vector<Box> boxes{{10, 20, 30, 60}, {0, 0, 8, 2}};
  cexpr::square_boxes(rows(boxes), {boxes.front().data(), 2, 4, 4});
  CHECK((boxes[0] == Box{0, 20, 40, 60}));
  CHECK((boxes[1] == Box{0, -3, 8, 5}));
}

CEXPR_TEST(shapes_that_do_not_fit_are_refused) {
  std::array<float, 8> memory{};
  CHECK_THROWS(cexpr::square_boxes({memory.data(), 1, 3, 3}, {memory.data(), 1, 4, 4}),
               ArgumentError);
  CHECK_THROWS(cexpr::regress_boxes({memory.data(), 2, 4, 4}, {memory.data(), 1, 4, 4},
                                    {memory.data(), 2, 4, 4}),
               ArgumentError);
  CHECK_THROWS(
      cexpr::iou({memory.data(), 2, 4, 4}, {memory.data(), 1, 4, 4}, {memory.data(), 1, 1, 1}),
      ArgumentError);
}
