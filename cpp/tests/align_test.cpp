#include "cexpr/align.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cexpr/error.hpp"
#include "check.hpp"

using cexpr::AlignOptions;
using cexpr::ArgumentError;

namespace {

using Landmarks = std::array<float, 10>;
using Matrix = std::array<float, 6>;

constexpr Landmarks kTemplate{38.2946F, 51.6963F, 73.5318F, 51.5014F, 56.0252F,
                              71.7366F, 41.5493F, 92.3655F, 70.7299F, 92.2041F};
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kPixel = 1e-3;  // float32 coordinates of some hundred pixels

Matrix aligned(const Landmarks& landmarks, const AlignOptions& options) {
  Matrix matrix{};
  cexpr::align({landmarks.data(), 1, 10, 10}, options, {matrix.data(), 1, 6, 6});
  return matrix;
}

Matrix cut(const std::array<float, 4>& box, int size, float margin) {
  Matrix matrix{};
  cexpr::box_transform({box.data(), 1, 4, 4}, size, margin, {matrix.data(), 1, 6, 6});
  return matrix;
}

double map_x(const Matrix& m, double x, double y) { return m[0] * x + m[1] * y + m[2]; }
double map_y(const Matrix& m, double x, double y) { return m[3] * x + m[4] * y + m[5]; }

// Rotates, scales and moves the template: what a face in an image looks like.
Landmarks moved(double scale, double angle, double x, double y) {
  Landmarks landmarks{};
  for (std::size_t i = 0; i < 5; ++i) {
    const double px = kTemplate[2 * i];
    const double py = kTemplate[2 * i + 1];
    landmarks[2 * i] =
        static_cast<float>(scale * (std::cos(angle) * px - std::sin(angle) * py) + x);
    landmarks[2 * i + 1] =
        static_cast<float>(scale * (std::sin(angle) * px + std::cos(angle) * py) + y);
  }
  return landmarks;
}

}  // namespace

CEXPR_TEST(the_template_stays_where_it_is) {
  const Matrix matrix = aligned(kTemplate, AlignOptions{});
  const Matrix identity{1, 0, 0, 0, 1, 0};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK_NEAR(matrix[i], identity[i], 1e-5);
  }
}

CEXPR_TEST(a_moved_face_comes_back_to_the_template) {
  for (const double angle : {-2.5, -0.3, 0.0, 0.7, 3.1}) {
    const Landmarks landmarks = moved(1.7, angle, 220.0, -35.0);
    AlignOptions options;
    options.size = 224;
    options.margin = 0.15F;
    options.shift_y = -0.05F;
    const Matrix matrix = aligned(landmarks, options);
    for (std::size_t i = 0; i < 5; ++i) {
      const double x = (kTemplate[2 * i] / 112.0 + 0.15) / 1.3 * 224.0;
      const double y = ((kTemplate[2 * i + 1] / 112.0 + 0.15) / 1.3 - 0.05) * 224.0;
      CHECK_NEAR(map_x(matrix, landmarks[2 * i], landmarks[2 * i + 1]), x, kPixel);
      CHECK_NEAR(map_y(matrix, landmarks[2 * i], landmarks[2 * i + 1]), y, kPixel);
    }
  }
}

CEXPR_TEST(the_fit_has_the_least_squared_error) {
  Landmarks landmarks = moved(0.8, 0.4, 60.0, 20.0);
  landmarks[0] += 9.0F;
  landmarks[5] -= 6.0F;
  const auto error = [&](const Matrix& m) {
    double sum = 0.0;
    for (std::size_t i = 0; i < 5; ++i) {
      const double dx = map_x(m, landmarks[2 * i], landmarks[2 * i + 1]) - kTemplate[2 * i];
      const double dy = map_y(m, landmarks[2 * i], landmarks[2 * i + 1]) - kTemplate[2 * i + 1];
      sum += dx * dx + dy * dy;
    }
    return sum;
  };
  const Matrix best = aligned(landmarks, AlignOptions{});
  for (const float step : {-0.01F, 0.01F}) {
    Matrix scaled = best;
    scaled[0] += step;
    scaled[4] += step;
    Matrix turned = best;
    turned[1] -= step;
    turned[3] += step;
    Matrix shifted = best;
    shifted[2] += 10.0F * step;
    CHECK(error(best) < error(scaled));
    CHECK(error(best) < error(turned));
    CHECK(error(best) < error(shifted));
  }
}

CEXPR_TEST(the_transform_never_mirrors) {
  Landmarks mirrored = kTemplate;
  for (std::size_t i = 0; i < 5; ++i) {
    mirrored[2 * i] = 112.0F - mirrored[2 * i];
  }
  const Matrix matrix = aligned(mirrored, AlignOptions{});
  CHECK(matrix[0] * matrix[4] - matrix[1] * matrix[3] > 0.0F);
}

CEXPR_TEST(degenerate_landmarks_are_refused) {
  Landmarks same{};
  same.fill(41.7F);
  CHECK_THROWS(aligned(same, AlignOptions{}), ArgumentError);
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    Landmarks landmarks = kTemplate;
    landmarks[7] = bad;
    CHECK_THROWS(aligned(landmarks, AlignOptions{}), ArgumentError);
  }
  Landmarks tiny{};
  tiny[0] = 1e-44F;
  CHECK_THROWS(aligned(tiny, AlignOptions{}), ArgumentError);
}

CEXPR_TEST(points_on_a_line_and_huge_points_have_a_transform) {
  const Landmarks line{0, 0, 10, 0, 5, 0, 2, 0, 8, 0};
  Landmarks huge = kTemplate;
  huge[0] = std::numeric_limits<float>::max();
  huge[3] = -std::numeric_limits<float>::max();
  for (const Landmarks& landmarks : {line, huge}) {
    for (const float value : aligned(landmarks, AlignOptions{})) {
      CHECK(std::isfinite(value));
    }
  }
}

CEXPR_TEST(options_out_of_range_are_refused) {
  for (const int size : {0, -3}) {
    AlignOptions options;
    options.size = size;
    CHECK_THROWS(aligned(kTemplate, options), ArgumentError);
    CHECK_THROWS(cut({0, 0, 4, 4}, size, 0.0F), ArgumentError);
  }
  for (const float margin : {-0.5F, -2.0F, kNan, kInfinity}) {
    AlignOptions options;
    options.margin = margin;
    CHECK_THROWS(aligned(kTemplate, options), ArgumentError);
    CHECK_THROWS(cut({0, 0, 4, 4}, 8, margin), ArgumentError);
  }
  AlignOptions options;
  options.shift_x = kNan;
  CHECK_THROWS(aligned(kTemplate, options), ArgumentError);
}

CEXPR_TEST(no_faces_need_no_work) {
  cexpr::align({nullptr, 0, 10, 10}, AlignOptions{}, {nullptr, 0, 6, 6});
  cexpr::box_transform({nullptr, 0, 4, 4}, 8, 0.0F, {nullptr, 0, 6, 6});
  CHECK_THROWS(cexpr::align({nullptr, 0, 8, 8}, AlignOptions{}, {nullptr, 0, 6, 6}), ArgumentError);
}

CEXPR_TEST(a_box_is_cut_like_crop_and_resize) {
  // 40 x 20 pixels from (10, 5) on become 80 x 80: corners of the pixel grid meet.
  const Matrix matrix = cut({10, 5, 40, 20}, 80, 0.0F);
  CHECK_NEAR(map_x(matrix, 9.5, 0), -0.5, kPixel);
  CHECK_NEAR(map_x(matrix, 49.5, 0), 79.5, kPixel);
  CHECK_NEAR(map_y(matrix, 0, 4.5), -0.5, kPixel);
  CHECK_NEAR(map_y(matrix, 0, 24.5), 79.5, kPixel);
  CHECK(matrix[1] == 0.0F && matrix[3] == 0.0F);
}

CEXPR_TEST(the_margin_grows_a_box_by_its_own_size) {
  const Matrix matrix = cut({100, 50, 40, 80}, 64, 0.25F);
  CHECK_NEAR(map_x(matrix, 89.5, 0), -0.5, kPixel);
  CHECK_NEAR(map_x(matrix, 149.5, 0), 63.5, kPixel);
  CHECK_NEAR(map_y(matrix, 0, 29.5), -0.5, kPixel);
  CHECK_NEAR(map_y(matrix, 0, 149.5), 63.5, kPixel);
}

CEXPR_TEST(boxes_without_area_are_refused) {
  CHECK_THROWS(cut({0, 0, 0, 4}, 8, 0.0F), ArgumentError);
  CHECK_THROWS(cut({0, 0, 4, -4}, 8, 0.0F), ArgumentError);
  CHECK_THROWS(cut({kNan, 0, 4, 4}, 8, 0.0F), ArgumentError);
  CHECK_THROWS(cut({0, 0, kInfinity, 4}, 8, 0.0F), ArgumentError);
  CHECK_THROWS(cut({0, 0, 1e-44F, 1e-44F}, 8, 0.0F), ArgumentError);
}
