#include "cexpr/align.hpp"

#include <cmath>
#include <complex>
#include <cstddef>
#include <string>

#include "cexpr/error.hpp"

namespace cexpr {
namespace {

constexpr std::size_t kPoints = 5;
constexpr double kTemplateSide = 112.0;

// ArcFace template (Deng et al., CVPR 2019) in pixels of a 112 x 112 face: eyes, nose, mouth.
constexpr double kTemplate[kPoints][2] = {{38.2946, 51.6963},
                                          {73.5318, 51.5014},
                                          {56.0252, 71.7366},
                                          {41.5493, 92.3655},
                                          {70.7299, 92.2041}};

using Point = std::complex<double>;

std::string at(const char* name, std::size_t index) {
  return std::string(name) + "[" + std::to_string(index) + "]: ";
}

void require_size(int size) {
  if (size < 1) {
    throw ArgumentError("size: expected at least 1, got " + std::to_string(size));
  }
}

// At -0.5 the template has shrunk to nothing.
void require_margin(float margin) {
  if (!(margin > -0.5F) || !std::isfinite(margin)) {
    throw ArgumentError("margin: expected a finite number above -0.5, got " +
                        std::to_string(margin));
  }
}

void require_shape(std::size_t rows, std::size_t cols, std::size_t wanted_cols, const char* name,
                   Span2D<float> matrices) {
  if (cols != wanted_cols) {
    throw ArgumentError(std::string(name) + ": expected " + std::to_string(wanted_cols) +
                        " columns, got " + std::to_string(cols));
  }
  if (matrices.rows != rows || matrices.cols != 6) {
    throw ArgumentError("matrices: expected " + std::to_string(rows) + " x 6, got " +
                        std::to_string(matrices.rows) + " x " + std::to_string(matrices.cols));
  }
}

bool all_finite(const float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(values[i])) {
      return false;
    }
  }
  return true;
}

struct Target {
  Point points[kPoints];
  Point mean;
};

Target target_points(const AlignOptions& options) {
  Target target{};
  const double margin = options.margin;
  const Point shift(options.shift_x, options.shift_y);
  for (std::size_t i = 0; i < kPoints; ++i) {
    const Point unit(kTemplate[i][0] / kTemplateSide, kTemplate[i][1] / kTemplateSide);
    target.points[i] = ((unit + Point(margin, margin)) / (1.0 + 2.0 * margin) + shift) *
                       static_cast<double>(options.size);
    target.mean += target.points[i];
  }
  target.mean /= static_cast<double>(kPoints);
  return target;
}

// In the plane a similarity is z -> rotation * z + offset over the complex numbers, and Umeyama's
// solution without reflection is the ordinary least-squares fit.
void fit(const float* landmarks, const Target& target, std::size_t face, float* matrix) {
  Point mean;
  for (std::size_t i = 0; i < kPoints; ++i) {
    mean += Point(landmarks[2 * i], landmarks[2 * i + 1]);
  }
  mean /= static_cast<double>(kPoints);
  double variance = 0.0;
  Point covariance;
  for (std::size_t i = 0; i < kPoints; ++i) {
    const Point centred = Point(landmarks[2 * i], landmarks[2 * i + 1]) - mean;
    variance += std::norm(centred);
    covariance += std::conj(centred) * (target.points[i] - target.mean);
  }
  if (!(variance > 0.0)) {
    throw ArgumentError(at("landmarks", face) + "the five points coincide");
  }
  const Point rotation = covariance / variance;
  const Point offset = target.mean - rotation * mean;
  matrix[0] = static_cast<float>(rotation.real());
  matrix[1] = static_cast<float>(-rotation.imag());
  matrix[2] = static_cast<float>(offset.real());
  matrix[3] = static_cast<float>(rotation.imag());
  matrix[4] = static_cast<float>(rotation.real());
  matrix[5] = static_cast<float>(offset.imag());
  const bool vanishes = matrix[0] == 0.0F && matrix[1] == 0.0F;
  if (vanishes || !all_finite(matrix, 6)) {
    throw ArgumentError(at("landmarks", face) +
                        "no similarity transform maps the points to a face");
  }
}

}  // namespace

void align(Span2D<const float> landmarks, const AlignOptions& options, Span2D<float> matrices) {
  require_size(options.size);
  require_margin(options.margin);
  if (!std::isfinite(options.shift_x) || !std::isfinite(options.shift_y)) {
    throw ArgumentError("shift: expected finite numbers");
  }
  require_shape(landmarks.rows, landmarks.cols, 2 * kPoints, "landmarks", matrices);
  const Target target = target_points(options);
  for (std::size_t face = 0; face < landmarks.rows; ++face) {
    if (!all_finite(landmarks.row(face), 2 * kPoints)) {
      throw ArgumentError(at("landmarks", face) + "expected finite coordinates");
    }
    fit(landmarks.row(face), target, face, matrices.row(face));
  }
}

void box_transform(Span2D<const float> boxes_xywh, int size, float margin, Span2D<float> matrices) {
  require_size(size);
  require_margin(margin);
  require_shape(boxes_xywh.rows, boxes_xywh.cols, 4, "boxes", matrices);
  for (std::size_t face = 0; face < boxes_xywh.rows; ++face) {
    const float* box = boxes_xywh.row(face);
    if (!all_finite(box, 4) || !(box[2] > 0.0F) || !(box[3] > 0.0F)) {
      throw ArgumentError(at("boxes", face) +
                          "expected a finite box with a positive width and height");
    }
    float* matrix = matrices.row(face);
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const double length = box[2 + axis];
      const double grown = length * (1.0 + 2.0 * margin);
      const double start = box[axis] - length * margin;
      const double scale = size / grown;
      matrix[3 * axis + axis] = static_cast<float>(scale);
      matrix[3 * axis + 1 - axis] = 0.0F;
      matrix[3 * axis + 2] = static_cast<float>((0.5 - start) * scale - 0.5);
    }
    if (!all_finite(matrix, 6) || matrix[0] == 0.0F || matrix[4] == 0.0F) {
      throw ArgumentError(at("boxes", face) + "the box is too small or too large to be scaled");
    }
  }
}

}  // namespace cexpr
