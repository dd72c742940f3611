#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "cexpr/preprocess.hpp"

// The formula of preprocessing in plain code, and images for it.
namespace cexpr::test {

using Matrix = std::array<float, 6>;
using Random = std::mt19937;

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr Matrix kIdentity{1, 0, 0, 0, 1, 0};
inline constexpr PixelFormat kFormats[] = {PixelFormat::gray8, PixelFormat::bgr8, PixelFormat::rgb8,
                                           PixelFormat::bgra8};
inline constexpr ColorOrder kColors[] = {ColorOrder::rgb, ColorOrder::bgr, ColorOrder::gray};
// Values in 0..1: float32 weights and positions to 2^-24 pixels.
inline constexpr double kExact = 2e-6;

/// Memory that ends, or starts, where reading further faults.
class GuardedBytes {
 public:
  GuardedBytes(std::size_t size, bool at_end) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t body = (size + page - 1) / page * page;
    length_ = body + 2 * page;
    base_ = static_cast<std::uint8_t*>(
        mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base_, page, PROT_NONE);
    mprotect(base_ + page + body, page, PROT_NONE);
    data_ = base_ + page + (at_end ? body - size : 0);
  }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;
  ~GuardedBytes() { munmap(base_, length_); }
  std::uint8_t* data() const { return data_; }

 private:
  std::uint8_t* base_ = nullptr;
  std::uint8_t* data_ = nullptr;
  std::size_t length_ = 0;
};

inline void fill(std::uint8_t* bytes, std::size_t size, Random& random) {
  std::uniform_int_distribution<int> byte(0, 255);
  std::generate(bytes, bytes + size, [&] { return static_cast<std::uint8_t>(byte(random)); });
}

inline std::vector<float> run(const ImageView& image, const std::vector<Matrix>& matrices,
                              const PreprocessOptions& options) {
  const auto size = static_cast<std::size_t>(options.width) *
                    static_cast<std::size_t>(options.height) *
                    static_cast<std::size_t>(cexpr::planes(options.color));
  std::vector<float> out(size * matrices.size(), -777.0F);
  cexpr::preprocess(image,
                    {matrices.empty() ? nullptr : matrices.front().data(), matrices.size(), 6, 6},
                    options, {out.data(), out.size()});
  return out;
}

inline PreprocessOptions sized(int width, int height) {
  PreprocessOptions options;
  options.width = width;
  options.height = height;
  return options;
}

// The formula of the header in double precision: red, green and blue (or three times grey), 0..255.
inline std::array<double, 3> bilinear(const ImageView& image, double x, double y) {
  std::array<double, 3> sum{};
  const double left = std::floor(x);
  const double top = std::floor(y);
  for (int tap = 0; tap < 4; ++tap) {
    const double tap_x = left + (tap & 1);
    const double tap_y = top + (tap >> 1);
    if (!(tap_x >= 0 && tap_x < image.width && tap_y >= 0 && tap_y < image.height)) {
      continue;
    }
    const double weight = (1 - std::abs(x - tap_x)) * (1 - std::abs(y - tap_y));
    const int depth = cexpr::channels(image.format);
    const std::uint8_t* pixel = image.data + static_cast<std::ptrdiff_t>(tap_y) * image.stride +
                                static_cast<std::ptrdiff_t>(tap_x) * depth;
    for (std::size_t c = 0; c < 3; ++c) {
      const std::size_t at = depth == 1 ? 0 : (image.format == PixelFormat::rgb8 ? c : 2 - c);
      sum[c] += weight * pixel[at];
    }
  }
  return sum;
}

inline std::vector<double> expected(const ImageView& image, const Matrix& m,
                                    const PreprocessOptions& options, int samples_x,
                                    int samples_y) {
  const double determinant = double{m[0]} * m[4] - double{m[1]} * m[3];
  const int count = cexpr::planes(options.color);
  std::vector<double> out;
  for (int plane = 0; plane < count; ++plane) {
    for (int y = 0; y < options.height; ++y) {
      for (int x = 0; x < options.width; ++x) {
        std::array<double, 3> mean{};
        for (int s = 0; s < samples_x * samples_y; ++s) {
          const double to_x = x + (s % samples_x + 0.5) / samples_x - 0.5 - m[2];
          const double to_y = y + (s / samples_x + 0.5) / samples_y - 0.5 - m[5];
          const std::array<double, 3> one =
              bilinear(image, (m[4] * to_x - m[1] * to_y) / determinant,
                       (m[0] * to_y - m[3] * to_x) / determinant);
          for (std::size_t c = 0; c < 3; ++c) {
            mean[c] += one[c] / (samples_x * samples_y);
          }
        }
        const auto p = static_cast<std::size_t>(plane);
        double value = 0.299 * mean[0] + 0.587 * mean[1] + 0.114 * mean[2];
        if (options.color != ColorOrder::gray) {
          value = mean[options.color == ColorOrder::bgr ? 2 - p : p];
        }
        out.push_back((value / 255.0 - options.mean[p]) / options.std[p]);
      }
    }
  }
  return out;
}

inline double largest_difference(const std::vector<float>& a, const std::vector<double>& b) {
  double largest = a.size() == b.size() ? 0.0 : kInfinity;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::abs(a[i] - b[i]);
    largest = difference <= largest ? largest : difference;  // NaN comes through
  }
  return largest;
}

inline Matrix random_matrix(Random& random, double least_scale, double most_scale,
                            const ImageView& image, const PreprocessOptions& options) {
  std::uniform_real_distribution<double> unit(-1.0, 1.0);
  const double scale = least_scale * std::pow(most_scale / least_scale, 0.5 + 0.5 * unit(random));
  const double angle = 3.2 * unit(random);
  const double shear = 0.3 * unit(random);
  const double a = scale * std::cos(angle);
  const double b = scale * (shear - std::sin(angle));
  const double d = scale * std::sin(angle);
  const double e = scale * std::cos(angle);
  const double x = image.width * (0.5 + 0.6 * unit(random));
  const double y = image.height * (0.5 + 0.6 * unit(random));
  return {static_cast<float>(a),
          static_cast<float>(b),
          static_cast<float>(options.width / 2.0 - a * x - b * y),
          static_cast<float>(d),
          static_cast<float>(e),
          static_cast<float>(options.height / 2.0 - d * x - e * y)};
}

}  // namespace cexpr::test
