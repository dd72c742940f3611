#include "model/face_cut.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace cexpr::detail {
namespace {

// Up to this much is left to bilinear sampling, as in `preprocess`.
constexpr double kMostBilinear = 2.0;
constexpr int kMaxHalvings = 6;

struct Range {
  int first = 0;
  int end = 0;  // may lie outside of the image, which is black there
};

/// The part of a side of the image that holds [low, high]; its length is a multiple of `unit`.
Range surroundings(double low, double high, int length, int unit) {
  const auto multiple = [unit](int size) { return std::max((size + unit - 1) / unit, 1) * unit; };
  const double last = length - 1;
  Range range;
  range.first = static_cast<int>(std::clamp(std::floor(low) - unit, 0.0, last));
  const double most = 2.0 * (static_cast<double>(length) + 2.0 * unit);
  const double end = std::clamp(std::ceil(high) + unit, 0.0, most);
  range.end = range.first + multiple(static_cast<int>(end) - range.first);
  range.end = std::min(range.end, range.first + multiple(length - range.first));
  return range;
}

}  // namespace

FaceCutter::FaceCutter(const ModelInput& input) : input_(input) {
  options_.width = input.size;
  options_.height = input.size;
  options_.color = input.color;
  options_.sampling = Sampling::automatic;
  options_.mean = input.mean;
  options_.std = input.std;
}

void FaceCutter::cut(const ImageView& image, const std::array<float, 6>& matrix, Span<float> out) {
  const auto a = static_cast<double>(matrix[0]);
  const auto b = static_cast<double>(matrix[1]);
  const auto tx = static_cast<double>(matrix[2]);
  const auto c = static_cast<double>(matrix[3]);
  const auto d = static_cast<double>(matrix[4]);
  const auto ty = static_cast<double>(matrix[5]);
  const double area = a * d - b * c;
  const double shrink = area == 0.0 ? 0.0 : 1.0 / std::sqrt(std::abs(area));
  const bool has_pixels = image.data != nullptr && image.width > 0 && image.height > 0;
  if (!(shrink > kMostBilinear) || !std::isfinite(shrink) || !has_pixels) {
    preprocess(image, {matrix.data(), 1, 6, 6}, options_, out);
    return;
  }
  const int times = static_cast<int>(std::min(std::log2(shrink), double{kMaxHalvings}));
  const int unit = 1 << times;
  // The output's corners in the image; pixel (0, 0) is the square around that point.
  const double ends[] = {-0.5, input_.size - 0.5};
  std::array<double, 4> x{};
  std::array<double, 4> y{};
  for (std::size_t corner = 0; corner < 4; ++corner) {
    const double u = ends[corner / 2] - tx;
    const double v = ends[corner % 2] - ty;
    x[corner] = (d * u - b * v) / area;
    y[corner] = (a * v - c * u) / area;
  }
  const Range across = surroundings(*std::min_element(x.begin(), x.end()),
                                    *std::max_element(x.begin(), x.end()), image.width, unit);
  const Range down = surroundings(*std::min_element(y.begin(), y.end()),
                                  *std::max_element(y.begin(), y.end()), image.height, unit);
  const ImageView small = halve(image, across.first, down.first, across.end, down.end, times);
  // Pixel i of the halved image is centred on pixel unit * i + (unit - 1) / 2 of the part.
  const double middle_x = across.first + (unit - 1) / 2.0;
  const double middle_y = down.first + (unit - 1) / 2.0;
  const std::array<float, 6> inside{static_cast<float>(a * unit),
                                    static_cast<float>(b * unit),
                                    static_cast<float>(tx + a * middle_x + b * middle_y),
                                    static_cast<float>(c * unit),
                                    static_cast<float>(d * unit),
                                    static_cast<float>(ty + c * middle_x + d * middle_y)};
  preprocess(small, {inside.data(), 1, 6, 6}, options_, out);
}

ImageView FaceCutter::halve(const ImageView& image, int left, int top, int right, int bottom,
                            int times) {
  const int step = channels(image.format);
  int width = (right - left) / 2;
  int height = (bottom - top) / 2;
  const auto bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                     static_cast<std::size_t>(step);
  for (std::vector<std::uint8_t>& buffer : buffers_) {
    if (buffer.size() < bytes) {
      buffer.resize(bytes);
    }
  }
  // The first halving reads the image, black outside; the others read what the one before wrote.
  const auto value = [&image, step](int row, int column, int channel) -> int {
    if (row >= image.height || column >= image.width) {
      return 0;
    }
    return image.data[row * image.stride + std::ptrdiff_t{column} * step + channel];
  };
  std::uint8_t* to = buffers_[0].data();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int row = top + 2 * y;
      const int column = left + 2 * x;
      for (int k = 0; k < step; ++k) {
        const int sum = value(row, column, k) + value(row, column + 1, k) +
                        value(row + 1, column, k) + value(row + 1, column + 1, k);
        *to++ = static_cast<std::uint8_t>((sum + 2) / 4);
      }
    }
  }
  std::size_t current = 0;
  for (int done = 1; done < times; ++done) {
    const std::uint8_t* from = buffers_[current].data();
    const std::ptrdiff_t stride = std::ptrdiff_t{width} * step;
    current = 1 - current;
    to = buffers_[current].data();
    width /= 2;
    height /= 2;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::uint8_t* at =
            from + std::ptrdiff_t{2} * y * stride + std::ptrdiff_t{2} * x * step;
        for (int k = 0; k < step; ++k) {
          const int sum = at[k] + at[k + step] + at[k + stride] + at[k + stride + step];
          *to++ = static_cast<std::uint8_t>((sum + 2) / 4);
        }
      }
    }
  }
  return {buffers_[current].data(), width, height, std::ptrdiff_t{width} * step, image.format};
}

}  // namespace cexpr::detail
