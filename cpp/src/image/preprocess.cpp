#include "cexpr/preprocess.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "cexpr/error.hpp"
#include "kernels/pick.hpp"
#include "kernels/preprocess_table.hpp"

namespace cexpr {
namespace {

using kernels::kBlock;
using kernels::LaneSteps;
using kernels::PreprocessKernel;
using kernels::PreprocessPlan;
using kernels::PreprocessTable;

constexpr int kMaxSide = 1 << 30;
constexpr double kAreaFrom = 2.0;     // shrinking more than this, `automatic` samples areas
constexpr double kMaxSamples = 64.0;  // along one side of an output pixel
// A shrink factor comes from float32 numbers; 2.0000001 is 2.
constexpr double kShrinkSlack = 1.0 - 1e-5;
// ITU-R BT.601, as in cv2.cvtColor.
constexpr double kRedShare = 0.299;
constexpr double kGreenShare = 0.587;
constexpr double kBlueShare = 0.114;

PreprocessKernel choose_kernel(PixelFormat format, ColorOrder color) {
  const PreprocessTable& all = kernels::pick<PreprocessTable>();
  const bool mix = color == ColorOrder::gray;
  switch (channels(format)) {
    case 1:
      return all.gray_copy;
    case 3:
      return mix ? all.color_mix : all.color_copy;
    default:
      return mix ? all.alpha_mix : all.alpha_copy;
  }
}

void require_image(const ImageView& image) {
  if (image.data == nullptr || image.width < 1 || image.height < 1) {
    throw ArgumentError("image: expected at least one pixel, got " + std::to_string(image.width) +
                        " x " + std::to_string(image.height));
  }
  if (image.width > kMaxSide || image.height > kMaxSide) {
    throw ArgumentError("image: expected sides of at most 2^30 pixels, got " +
                        std::to_string(image.width) + " x " + std::to_string(image.height));
  }
}

void require_options(const PreprocessOptions& options) {
  if (options.width < 1 || options.height < 1 || options.width > kMaxSide ||
      options.height > kMaxSide) {
    throw ArgumentError("size: expected 1 to 2^30 pixels, got " + std::to_string(options.width) +
                        " x " + std::to_string(options.height));
  }
  for (std::size_t p = 0; p < static_cast<std::size_t>(planes(options.color)); ++p) {
    if (!std::isfinite(options.mean[p])) {
      throw ArgumentError("mean: expected finite numbers, got " + std::to_string(options.mean[p]));
    }
    if (!std::isfinite(options.std[p]) || !(options.std[p] > 0.0F)) {
      throw ArgumentError("std: expected finite numbers above 0, got " +
                          std::to_string(options.std[p]));
    }
  }
}

// Channel of the image, by its place in memory, that holds red, green or blue (0, 1, 2).
int channel_of(PixelFormat format, int color) {
  return format == PixelFormat::rgb8 ? color : 2 - color;
}

struct Scaling {
  float scale;
  float offset;
};

// (value / 255 - mean) / std as one product and one sum.
Scaling scaling(const PreprocessOptions& options, std::size_t plane) {
  const double std = options.std[plane];
  return {static_cast<float>(1.0 / (255.0 * std)),
          static_cast<float>(-static_cast<double>(options.mean[plane]) / std)};
}

// Everything of a plan that is the same for all faces but where the output lies.
void plan_colors(const ImageView& image, const PreprocessOptions& options, PreprocessPlan& plan) {
  plan.plane_count = planes(options.color);
  if (options.color == ColorOrder::gray && image.format != PixelFormat::gray8) {
    const Scaling one = scaling(options, 0);
    const double shares[3] = {kRedShare, kGreenShare, kBlueShare};
    for (int color = 0; color < 3; ++color) {
      plan.scale[channel_of(image.format, color)] =
          static_cast<float>(shares[color] / (255.0 * options.std[0]));
    }
    plan.offset[0] = one.offset;
    return;
  }
  for (int p = 0; p < plan.plane_count; ++p) {
    const Scaling one = scaling(options, static_cast<std::size_t>(p));
    const int color = options.color == ColorOrder::bgr ? 2 - p : p;
    const int slot = image.format == PixelFormat::gray8 ? p : channel_of(image.format, color);
    plan.scale[slot] = one.scale;
    plan.offset[slot] = one.offset;
  }
}

void point_planes(const ImageView& image, const PreprocessOptions& options, float* out,
                  PreprocessPlan& plan) {
  const std::size_t size =
      static_cast<std::size_t>(plan.width) * static_cast<std::size_t>(plan.height);
  for (int p = 0; p < plan.plane_count; ++p) {
    const int color = options.color == ColorOrder::bgr ? 2 - p : p;
    const bool in_order = image.format == PixelFormat::gray8 || plan.plane_count == 1;
    plan.plane[in_order ? p : channel_of(image.format, color)] =
        out + static_cast<std::size_t>(p) * size;
  }
}

// Returns false where the matrix has no finite inverse.
bool invert(const float* m, double (&inverse)[6]) {
  const double a = m[0];
  const double b = m[1];
  const double d = m[3];
  const double e = m[4];
  const double determinant = a * e - b * d;
  inverse[0] = e / determinant;
  inverse[1] = -b / determinant;
  inverse[3] = -d / determinant;
  inverse[4] = a / determinant;
  inverse[2] = -(inverse[0] * m[2] + inverse[1] * m[5]);
  inverse[5] = -(inverse[3] * m[2] + inverse[4] * m[5]);
  return determinant != 0.0 &&
         std::all_of(inverse, inverse + 6, [](double v) { return std::isfinite(v); });
}

// A position along one axis as whole pixels and a fraction below 1.
struct Split {
  std::int32_t whole;
  float fraction;
};

Split split(double value) {
  const double whole = std::floor(value);
  const float fraction = static_cast<float>(value - whole);
  return {static_cast<std::int32_t>(whole), std::min(fraction, std::nextafter(1.0F, 0.0F))};
}

// Steps of a block in which `count` pixels are written.
void plan_lanes(const ImageView& image, const PreprocessPlan& plan, int count, LaneSteps& lanes) {
  const double step_x = plan.to_image[0];
  const double step_y = plan.to_image[3];
  const double last = count - 1;
  lanes.count = count;
  // A block that is longer than the image never lies inside it, and an image of 2 GB is too large
  // for 32-bit offsets; both are sampled pixel by pixel.
  const double stride = std::abs(static_cast<double>(image.stride));
  const double bytes =
      stride * image.height + static_cast<double>(image.width) * channels(image.format);
  lanes.is_valid = std::abs(last * step_x) <= image.width &&
                   std::abs(last * step_y) <= image.height &&
                   2.0 * bytes < std::numeric_limits<std::int32_t>::max();
  if (!lanes.is_valid) {
    return;
  }
  for (int lane = 0; lane < kBlock; ++lane) {
    const double at = std::min(lane, count - 1);
    const Split x = split(at * step_x);
    const Split y = split(at * step_y);
    lanes.fraction_x[lane] = x.fraction;
    lanes.fraction_y[lane] = y.fraction;
    lanes.offset[lane] = static_cast<std::int32_t>(
        y.whole * image.stride + std::ptrdiff_t{x.whole} * channels(image.format));
    lanes.last_x = x.whole;
    lanes.last_y = y.whole;
  }
}

int samples_along(double shrink) {
  return static_cast<int>(std::clamp(std::ceil(shrink * kShrinkSlack), 1.0, kMaxSamples));
}

void plan_samples(Sampling sampling, PreprocessPlan& plan) {
  // Length in the image of one step along each output axis.
  const double shrink_x = std::hypot(plan.to_image[0], plan.to_image[3]);
  const double shrink_y = std::hypot(plan.to_image[1], plan.to_image[4]);
  const bool shrinks = std::max(shrink_x, shrink_y) * kShrinkSlack > kAreaFrom;
  const bool area = sampling == Sampling::area || (sampling == Sampling::automatic && shrinks);
  plan.samples_x = area ? samples_along(shrink_x) : 1;
  plan.samples_y = area ? samples_along(shrink_y) : 1;
}

}  // namespace

void preprocess(const ImageView& image, Span2D<const float> matrices,
                const PreprocessOptions& options, Span<float> out) {
  require_image(image);
  require_options(options);
  const std::size_t face_size = static_cast<std::size_t>(planes(options.color)) *
                                static_cast<std::size_t>(options.width) *
                                static_cast<std::size_t>(options.height);
  if (matrices.cols != 6) {
    throw ArgumentError("matrices: expected 6 columns, got " + std::to_string(matrices.cols));
  }
  if (out.size / face_size != matrices.rows || out.size % face_size != 0) {
    throw ArgumentError("out: expected " + std::to_string(matrices.rows) + " faces of " +
                        std::to_string(face_size) + " elements, got " + std::to_string(out.size));
  }
  PreprocessPlan plan{};
  plan.pixels = image.data;
  plan.image_width = image.width;
  plan.image_height = image.height;
  plan.image_stride = image.stride;
  plan.width = options.width;
  plan.height = options.height;
  plan_colors(image, options, plan);
  const PreprocessKernel kernel = choose_kernel(image.format, options.color);
  for (std::size_t face = 0; face < matrices.rows; ++face) {
    if (!invert(matrices.row(face), plan.to_image)) {
      throw ArgumentError("matrices[" + std::to_string(face) +
                          "]: expected finite numbers and a transform with an inverse");
    }
    plan_samples(options.sampling, plan);
    plan_lanes(image, plan, kBlock, plan.full);
    plan_lanes(image, plan, plan.width % kBlock == 0 ? kBlock : plan.width % kBlock, plan.tail);
    point_planes(image, options, out.data + face * face_size, plan);
    kernel(plan);
  }
}

}  // namespace cexpr
