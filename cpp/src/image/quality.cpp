#include "cexpr/quality.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <numeric>
#include <string>

#include "cexpr/align.hpp"
#include "cexpr/error.hpp"
#include "cexpr/preprocess.hpp"

namespace cexpr {
namespace {

constexpr int kSide = 48;
constexpr int kReach = 4;  // of the mean over 9 pixels
constexpr std::size_t kPixels = static_cast<std::size_t>(kSide) * kSide;
using Patch = std::array<float, kPixels>;
using Fine = std::array<float, 4 * kPixels>;

/// 0 at `none`, 1 at `all`, straight in between; `none` may be the larger one.
float ramp(double value, double none, double all) {
  return static_cast<float>(std::clamp((value - none) / (all - none), 0.0, 1.0));
}

float size_factor(const float* box, double need) {
  const double side = std::sqrt(static_cast<double>(box[2]) * static_cast<double>(box[3]));
  return ramp(side, 0.5 * need, need);
}

float turn_factor(const float* landmarks) {
  using Point = std::complex<double>;
  const auto point = [&](std::size_t i) { return Point(landmarks[2 * i], landmarks[2 * i + 1]); };
  for (std::size_t i = 0; i < 10; ++i) {
    if (!std::isfinite(landmarks[i])) {
      return 1.0F;
    }
  }
  const Point middle = (point(0) + point(1)) / 2.0;
  const Point across = point(1) - point(0);
  const Point mouth = (point(3) + point(4)) / 2.0 - middle;
  const Point nose = point(2) - middle;
  const double width = std::norm(across);
  // Downwards is square to the line of the eyes: a quarter turn of it.
  const auto down = [&](const Point& from) { return (from * std::conj(across)).imag(); };
  if (!(width > 0.0) || !(down(mouth) > 0.0)) {
    return 0.0F;
  }
  const double sideways = (nose * std::conj(across)).real() / width;
  const double upwards = down(nose) / down(mouth) - 0.5;
  return std::min(ramp(std::abs(sideways), 0.5, 0.25), ramp(std::abs(upwards), 0.6, 0.3));
}

float inside_factor(const float* box, const ImageView& image) {
  const auto shared = [](double start, double length, double side) {
    return std::max(std::min(start + length, side) - std::max(start, 0.0), 0.0) / length;
  };
  const double share = shared(box[0], box[2], image.width) * shared(box[1], box[3], image.height);
  return ramp(share, 0.45, 0.85);
}

/// Cuts a box out as grey values in 0..1. A box that shrinks more than 2 times gives four samples
/// to each pixel: a mean over all of its pixels costs more than the rest together.
void cut(const ImageView& image, const float* box, std::size_t columns, Fine& fine, Patch& patch) {
  const bool shrinks = std::max(box[2], box[3]) > 2.0F * kSide;
  PreprocessOptions options;
  options.width = shrinks ? 2 * kSide : kSide;
  options.height = options.width;
  options.color = ColorOrder::gray;
  std::array<float, 6> matrix{};
  const Span2D<float> of_box{matrix.data(), 1, 6, 6};
  box_transform({box, 1, columns, columns}, options.width, 0.0F, of_box);
  const Span2D<const float> from{matrix.data(), 1, 6, 6};
  if (!shrinks) {
    preprocess(image, from, options, {patch.data(), patch.size()});
    return;
  }
  preprocess(image, from, options, {fine.data(), fine.size()});
  for (std::size_t y = 0; y < kSide; ++y) {
    const float* upper = fine.data() + 4 * y * kSide;
    const float* lower = fine.data() + (4 * y + 2) * kSide;
    for (std::size_t x = 0; x < kSide; ++x) {
      const std::size_t at = 2 * x;
      patch[y * kSide + x] = 0.25F * (upper[at] + upper[at + 1] + lower[at] + lower[at + 1]);
    }
  }
}

/// Share of the variation down the columns that a mean over 9 pixels of the column takes away.
double sharpness(const Patch& patch) {
  // One sum for each column, so that neighbours are added at the same time.
  std::array<float, kSide> varies{};
  std::array<float, kSide> lost{};
  const auto row = [&](int y) {
    return patch.data() + static_cast<std::size_t>(std::clamp(y, 0, kSide - 1)) * kSide;
  };
  for (int y = 1; y < kSide; ++y) {
    const float* here = row(y);
    const float* above = row(y - 1);
    // Neighbouring means differ by the pixel that comes in and the one that goes out.
    const float* comes = row(y + kReach);
    const float* goes = row(y - kReach - 1);
    for (std::size_t x = 0; x < kSide; ++x) {
      const float step = std::abs(here[x] - above[x]);
      const float of_means = std::abs(comes[x] - goes[x]) / (2 * kReach + 1);
      varies[x] += step;
      lost[x] += std::max(step - of_means, 0.0F);
    }
  }
  const double all = std::accumulate(varies.begin(), varies.end(), 0.0);
  return all > 0.0 ? std::accumulate(lost.begin(), lost.end(), 0.0) / all : 0.0;
}

/// The lower sharpness of rows and columns.
double sharpness_of(const Patch& patch) {
  Patch turned;
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) {
      turned[x * kSide + y] = patch[y * kSide + x];
    }
  }
  return std::min(sharpness(patch), sharpness(turned));
}

float light_factor(const Patch& patch) {
  double sum = 0.0;
  double squares = 0.0;
  std::size_t bright = 0;
  for (const float value : patch) {
    const auto grey = static_cast<double>(value) * 255.0;
    sum += grey;
    squares += grey * grey;
    bright += grey >= 250.0 ? 1 : 0;
  }
  const double count = static_cast<double>(kPixels);
  const double mean = sum / count;
  const double deviation = std::sqrt(std::max(squares / count - mean * mean, 0.0));
  const double unblown = 1.0 - static_cast<double>(bright) / count;
  return std::min(ramp(deviation, 3.0, 13.0), ramp(unblown, 0.4, 0.8));
}

/// Whether the box can be cut out.
bool is_usable(const float* box) {
  constexpr float kLeast = 1e-3F;
  constexpr float kMost = 1e6F;
  return std::abs(box[0]) <= kMost && std::abs(box[1]) <= kMost && box[2] >= kLeast &&
         box[2] <= kMost && box[3] >= kLeast && box[3] <= kMost;
}

void require(std::size_t got, std::size_t expected, const char* name, const char* what) {
  if (got != expected) {
    throw ArgumentError(std::string(name) + ": expected " + std::to_string(expected) + " " + what +
                        ", got " + std::to_string(got));
  }
}

}  // namespace

void face_quality(const ImageView& image, Span2D<const float> landmarks,
                  Span2D<const float> boxes_xywh, Span<const float> detection, float need,
                  Span<float> quality, Span<QualityReason> reasons) {
  if (!(need > 0.0F) || !std::isfinite(need)) {
    throw ArgumentError("need: expected a finite number above 0, got " + std::to_string(need));
  }
  const std::size_t count = boxes_xywh.rows;
  require(boxes_xywh.cols, 4, "boxes_xywh", "columns");
  require(landmarks.rows, count, "landmarks", "rows");
  require(landmarks.cols, 10, "landmarks", "columns");
  require(detection.size, count, "detection", "entries");
  require(quality.size, count, "quality", "entries");
  require(reasons.size, count, "reasons", "entries");
  Fine fine{};
  Patch patch{};
  for (std::size_t face = 0; face < count; ++face) {
    const float* box = boxes_xywh.row(face);
    if (!is_usable(box)) {
      quality[face] = 0.0F;
      reasons[face] = QualityReason::small;
      continue;
    }
    cut(image, box, boxes_xywh.cols, fine, patch);
    // In the order of `QualityReason`, from `small` on.
    const std::array<float, 5> factors{
        size_factor(box, static_cast<double>(need)), turn_factor(landmarks.row(face)),
        ramp(sharpness_of(patch), 0.25, 0.55), inside_factor(box, image), light_factor(patch)};
    const float score = detection[face];
    float product = std::isnan(score) ? 1.0F : ramp(static_cast<double>(score), 0.3, 0.9);
    for (const float factor : factors) {
      product *= factor;
    }
    const auto lowest = std::min_element(factors.begin(), factors.end());
    const bool has_reason = product < kGoodQuality && *lowest < 1.0F;
    quality[face] = product;
    reasons[face] =
        has_reason ? static_cast<QualityReason>(lowest - factors.begin() + 1) : QualityReason::none;
  }
}

}  // namespace cexpr
