#include "cexpr/quality.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "cexpr/error.hpp"
#include "check.hpp"

namespace {

using cexpr::ArgumentError;
using cexpr::ImageView;
using cexpr::PixelFormat;
using cexpr::QualityReason;

constexpr int kSide = 120;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Grey blocks whose edges are sharp, `block` pixels wide, between two levels.
std::vector<std::uint8_t> blocks(int block, int low, int high) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const bool is_high = (x / block + y / block) % 2 == 0;
      pixels.push_back(static_cast<std::uint8_t>(is_high ? high : low));
    }
  }
  return pixels;
}

std::vector<std::uint8_t> smooth_waves() {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      pixels.push_back(static_cast<std::uint8_t>(128.0 + 60.0 * std::sin(0.05 * (x + y))));
    }
  }
  return pixels;
}

struct Quality {
  float value = 0.0F;
  QualityReason reason = QualityReason::none;
};

const std::vector<float> kBox{20.0F, 20.0F, 80.0F, 80.0F};
const std::vector<float> kFrontal{40, 50, 80, 50, 60, 68, 45, 86, 75, 86};

Quality quality(const std::vector<std::uint8_t>& pixels, const std::vector<float>& box = kBox,
                const std::vector<float>& landmarks = kFrontal, float detection = 1.0F,
                float need = 40.0F) {
  const ImageView image{pixels.data(), kSide, kSide, kSide, PixelFormat::gray8};
  Quality found;
  cexpr::face_quality(image, {landmarks.data(), 1, 10, 10}, {box.data(), 1, 4, 4}, {&detection, 1},
                      need, {&found.value, 1}, {&found.reason, 1});
  return found;
}

void check_is(const Quality& found, float value, QualityReason reason) {
  CHECK_NEAR(found.value, value, 1e-4);
  CHECK(found.reason == reason);
}

}  // namespace

CEXPR_TEST(a_good_face_has_nothing_to_complain_about) {
  check_is(quality(blocks(10, 60, 180)), 1.0F, QualityReason::none);
  const std::vector<float> unknown(10, kNan);
  check_is(quality(blocks(10, 60, 180), kBox, unknown, kNan), 1.0F, QualityReason::none);
}

CEXPR_TEST(a_small_face_counts_by_what_the_model_needs) {
  const auto pixels = blocks(10, 60, 180);
  check_is(quality(pixels, kBox, kFrontal, 1.0F, 80.0F), 1.0F, QualityReason::none);
  check_is(quality(pixels, kBox, kFrontal, 1.0F, 100.0F), 0.6F, QualityReason::none);
  check_is(quality(pixels, kBox, kFrontal, 1.0F, 128.0F), 0.25F, QualityReason::small);
  check_is(quality(pixels, kBox, kFrontal, 1.0F, 200.0F), 0.0F, QualityReason::small);
}

CEXPR_TEST(a_turned_head_is_seen_by_its_landmarks) {
  const auto pixels = blocks(10, 60, 180);
  std::vector<float> landmarks = kFrontal;
  landmarks[4] = 75.0F;  // the nose, nearly below an eye: |n - 0.5| is 15 of 40
  check_is(quality(pixels, kBox, landmarks), 0.5F, QualityReason::none);
  landmarks[4] = 85.0F;
  check_is(quality(pixels, kBox, landmarks), 0.0F, QualityReason::turned);
  // A head that leans is not turned: the same points, a quarter turn around.
  std::vector<float> leaning;
  for (std::size_t i = 0; i < kFrontal.size(); i += 2) {
    leaning.push_back(120.0F - kFrontal[i + 1]);
    leaning.push_back(kFrontal[i]);
  }
  check_is(quality(pixels, kBox, leaning), 1.0F, QualityReason::none);
  const std::vector<float> one_place(10, 50.0F);
  check_is(quality(pixels, kBox, one_place), 0.0F, QualityReason::turned);
}

CEXPR_TEST(blur_darkness_and_glare_count) {
  CHECK(quality(smooth_waves()).reason == QualityReason::blurred);
  CHECK(quality(blocks(10, 60, 84)).value < 1.0F);
  CHECK(quality(blocks(10, 2, 10)).reason == QualityReason::dark);
  CHECK(quality(blocks(10, 250, 255)).reason == QualityReason::dark);
  CHECK(quality(blocks(10, 7, 7)).value == 0.0F);
}

CEXPR_TEST(a_face_may_leave_the_image) {
  const auto pixels = blocks(10, 60, 180);
  const Quality cut = quality(pixels, {76.0F, 20.0F, 80.0F, 80.0F});
  CHECK(cut.reason == QualityReason::cut_off);
  CHECK_NEAR(cut.value, 0.25, 1e-4);
  check_is(quality(pixels, {40.0F, 40.0F, 80.0F, 80.0F}), 1.0F, QualityReason::none);
}

CEXPR_TEST(doubts_of_the_detector_count_without_a_reason) {
  check_is(quality(blocks(10, 60, 180), kBox, kFrontal, 0.6F), 0.5F, QualityReason::none);
  check_is(quality(blocks(10, 60, 180), kBox, kFrontal, 0.36F), 0.1F, QualityReason::none);
}

CEXPR_TEST(what_cannot_be_measured_is_refused) {
  const auto pixels = blocks(10, 60, 180);
  check_is(quality(pixels, {0.0F, 0.0F, 0.0F, 10.0F}), 0.0F, QualityReason::small);
  check_is(quality(pixels, {kNan, 0.0F, 10.0F, 10.0F}), 0.0F, QualityReason::small);
  CHECK_THROWS(quality(pixels, kBox, kFrontal, 1.0F, 0.0F), ArgumentError);
  CHECK_THROWS(cexpr::face_quality({}, {kFrontal.data(), 1, 10, 10}, {kBox.data(), 1, 4, 4}, {},
                                   40.0F, {}, {}),
               ArgumentError);
}
