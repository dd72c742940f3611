#include "cexpr/preprocess.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "cexpr/cpu.hpp"
#include "cexpr/error.hpp"
#include "check.hpp"
#include "counting_new.hpp"

using cexpr::ArgumentError;
using cexpr::ColorOrder;
using cexpr::ImageView;
using cexpr::PixelFormat;
using cexpr::PreprocessOptions;
using cexpr::Sampling;

namespace {

using Matrix = std::array<float, 6>;
using Random = std::mt19937;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr Matrix kIdentity{1, 0, 0, 0, 1, 0};
constexpr PixelFormat kFormats[] = {PixelFormat::gray8, PixelFormat::bgr8, PixelFormat::rgb8,
                                    PixelFormat::bgra8};
constexpr ColorOrder kColors[] = {ColorOrder::rgb, ColorOrder::bgr, ColorOrder::gray};
// Values in 0..1: float32 weights and positions to 2^-24 pixels.
constexpr double kExact = 2e-6;

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

void fill(std::uint8_t* bytes, std::size_t size, Random& random) {
  std::uniform_int_distribution<int> byte(0, 255);
  std::generate(bytes, bytes + size, [&] { return static_cast<std::uint8_t>(byte(random)); });
}

std::vector<float> run(const ImageView& image, const std::vector<Matrix>& matrices,
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

PreprocessOptions sized(int width, int height) {
  PreprocessOptions options;
  options.width = width;
  options.height = height;
  return options;
}

// The formula of the header in double precision: red, green and blue (or three times grey), 0..255.
std::array<double, 3> bilinear(const ImageView& image, double x, double y) {
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

std::vector<double> expected(const ImageView& image, const Matrix& m,
                             const PreprocessOptions& options, int samples_x, int samples_y) {
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

double largest_difference(const std::vector<float>& a, const std::vector<double>& b) {
  double largest = a.size() == b.size() ? 0.0 : kInfinity;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::abs(a[i] - b[i]);
    largest = difference <= largest ? largest : difference;  // NaN comes through
  }
  return largest;
}

Matrix random_matrix(Random& random, double least_scale, double most_scale, const ImageView& image,
                     const PreprocessOptions& options) {
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

}  // namespace

CEXPR_TEST(the_identity_copies_and_normalises) {
  Random random(1);
  std::vector<std::uint8_t> bytes(40 * 33 * 3);
  fill(bytes.data(), bytes.size(), random);
  const ImageView image{bytes.data(), 40, 33, 40 * 3, PixelFormat::bgr8};
  PreprocessOptions options = sized(40, 33);
  options.mean = {0.5F, 0.4F, 0.3F};
  options.std = {0.25F, 0.5F, 2.0F};
  const std::vector<float> out = run(image, {kIdentity}, options);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < 40 * 33; ++i) {
      const double value = bytes[3 * i + 2 - c] / 255.0;
      CHECK_NEAR(out[c * 40 * 33 + i], (value - options.mean[c]) / options.std[c], 1e-5);
    }
  }
}

CEXPR_TEST(every_format_and_colour_equals_the_formula) {
  Random random(2);
  std::uniform_int_distribution<int> side(1, 70);
  std::uniform_int_distribution<int> padding(0, 9);
  for (int round = 0; round < 12; ++round) {
    for (const PixelFormat format : kFormats) {
      const int width = side(random);
      const int height = side(random);
      const int row = width * cexpr::channels(format) + padding(random);
      const auto size = static_cast<std::size_t>(row * height);
      const GuardedBytes bytes(size, round % 2 == 0);
      fill(bytes.data(), size, random);
      ImageView image{bytes.data(), width, height, row, format};
      if (round % 3 == 0) {  // upside down
        image.data += (height - 1) * row;
        image.stride = -row;
      }
      for (const ColorOrder color : kColors) {
        PreprocessOptions options = sized(side(random), side(random));
        options.color = color;
        const Matrix matrix = random_matrix(random, 0.2, 6.0, image, options);
        const std::vector<float> out = run(image, {matrix}, options);
        CHECK(largest_difference(out, expected(image, matrix, options, 1, 1)) < kExact);
      }
    }
  }
}

CEXPR_TEST(every_instruction_set_gives_the_bits_of_the_scalar_path) {
  const cexpr::cpu::Target target = cexpr::cpu::active();
  Random random(3);
  std::vector<std::uint8_t> bytes(90 * 70 * 4);
  fill(bytes.data(), bytes.size(), random);
  for (const Sampling sampling : {Sampling::bilinear, Sampling::area}) {
    for (const PixelFormat format : kFormats) {
      for (const ColorOrder color : kColors) {
        const ImageView image{bytes.data(), 90, 70, 90 * cexpr::channels(format), format};
        PreprocessOptions options = sized(61, 47);
        options.color = color;
        options.sampling = sampling;
        options.mean = {0.1F, 0.2F, 0.3F};
        options.std = {0.7F, 0.8F, 0.9F};
        const std::vector<Matrix> matrices{random_matrix(random, 0.2, 0.9, image, options),
                                           random_matrix(random, 1.0, 4.0, image, options)};
        const std::vector<float> out = run(image, matrices, options);
        cexpr::cpu::set_active(cexpr::cpu::Target::scalar);
        const std::vector<float> scalar = run(image, matrices, options);
        cexpr::cpu::set_active(target);
        CHECK(std::memcmp(out.data(), scalar.data(), out.size() * sizeof(float)) == 0);
      }
    }
  }
}

CEXPR_TEST(a_face_of_a_batch_equals_the_face_alone) {
  Random random(4);
  std::vector<std::uint8_t> bytes(50 * 50 * 3);
  fill(bytes.data(), bytes.size(), random);
  const ImageView image{bytes.data(), 50, 50, 150, PixelFormat::rgb8};
  const PreprocessOptions options = sized(24, 24);
  std::vector<Matrix> matrices;
  std::vector<float> alone;
  for (int i = 0; i < 5; ++i) {
    matrices.push_back(random_matrix(random, 0.3, 3.0, image, options));
    const std::vector<float> one = run(image, {matrices.back()}, options);
    alone.insert(alone.end(), one.begin(), one.end());
  }
  CHECK(run(image, matrices, options) == alone);
  CHECK(run(image, {}, options).empty());
}

CEXPR_TEST(area_sampling_is_the_mean_over_the_footprint) {
  Random random(5);
  std::vector<std::uint8_t> bytes(120 * 100 * 3);
  fill(bytes.data(), bytes.size(), random);
  const ImageView image{bytes.data(), 120, 100, 360, PixelFormat::bgr8};
  PreprocessOptions options = sized(21, 18);
  options.sampling = Sampling::area;
  const Matrix turned{0.2F, 0.1F, -4.0F, -0.1F, 0.2F, 8.0F};  // shrinks 4.47 times both ways
  CHECK(largest_difference(run(image, {turned}, options), expected(image, turned, options, 5, 5)) <
        kExact);
  const Matrix stretched{0.25F, 0, 0, 0, 2.0F, 0};
  CHECK(largest_difference(run(image, {stretched}, options),
                           expected(image, stretched, options, 4, 1)) < kExact);
}

CEXPR_TEST(shrinking_by_a_whole_number_averages_whole_pixels) {
  Random random(6);
  std::vector<std::uint8_t> bytes(64 * 64);
  fill(bytes.data(), bytes.size(), random);
  const ImageView image{bytes.data(), 64, 64, 64, PixelFormat::gray8};
  PreprocessOptions options = sized(16, 16);
  options.color = ColorOrder::gray;
  options.sampling = Sampling::automatic;
  const std::vector<float> out =
      run(image, {Matrix{0.25F, 0, -0.375F, 0, 0.25F, -0.375F}}, options);
  for (std::size_t y = 0; y < 16; ++y) {
    for (std::size_t x = 0; x < 16; ++x) {
      int sum = 0;
      for (std::size_t i = 0; i < 16; ++i) {
        sum += bytes[(4 * y + i / 4) * 64 + 4 * x + i % 4];
      }
      CHECK_NEAR(out[16 * y + x], sum / 16.0 / 255.0, kExact);
    }
  }
}

CEXPR_TEST(automatic_sampling_starts_above_a_factor_of_two) {
  Random random(7);
  std::vector<std::uint8_t> bytes(80 * 80);
  fill(bytes.data(), bytes.size(), random);
  const ImageView image{bytes.data(), 80, 80, 80, PixelFormat::gray8};
  PreprocessOptions options = sized(20, 20);
  options.color = ColorOrder::gray;
  const auto sampled = [&](Sampling sampling, float scale) {
    options.sampling = sampling;
    return run(image, {Matrix{scale, 0, 1, 0, scale, 1}}, options);
  };
  CHECK(sampled(Sampling::automatic, 0.5F) == sampled(Sampling::bilinear, 0.5F));
  CHECK(sampled(Sampling::automatic, 3.0F) == sampled(Sampling::bilinear, 3.0F));
  CHECK(sampled(Sampling::area, 1.0F) == sampled(Sampling::bilinear, 1.0F));
  CHECK(sampled(Sampling::automatic, 0.49F) == sampled(Sampling::area, 0.49F));
  CHECK(sampled(Sampling::automatic, 0.49F) != sampled(Sampling::bilinear, 0.49F));
}

CEXPR_TEST(outside_the_image_is_zero_before_normalisation) {
  const std::array<std::uint8_t, 3> white{255, 255, 255};
  const ImageView image{white.data(), 1, 1, 3, PixelFormat::bgr8};
  PreprocessOptions options = sized(5, 3);
  options.mean = {0.5F, 0.5F, 0.5F};
  options.std = {0.25F, 0.25F, 0.25F};
  const std::vector<float> out = run(image, {Matrix{1, 0, 2, 0, 1, 1}}, options);
  for (std::size_t i = 0; i < out.size(); ++i) {
    CHECK_NEAR(out[i], i % 15 == 7 ? 2.0 : -2.0, 1e-6);
  }
}

CEXPR_TEST(no_matrix_reads_outside_the_image) {
  Random random(8);
  std::uniform_int_distribution<int> side(1, 24);
  std::uniform_real_distribution<double> exponent(-40.0, 40.0);
  std::uniform_int_distribution<int> coin(0, 5);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    const PixelFormat format = kFormats[round % 4];
    const int width = side(random);
    const int height = side(random);
    const int row = width * cexpr::channels(format);
    const auto size = static_cast<std::size_t>(row * height);
    const GuardedBytes bytes(size, round % 8 < 4);
    std::memset(bytes.data(), 200, size);
    const ImageView image{bytes.data(), width, height, row, format};
    PreprocessOptions options = sized(side(random), side(random));
    options.sampling = round % 3 == 0 ? Sampling::automatic : Sampling::bilinear;
    Matrix matrix = random_matrix(random, 0.3, 3.0, image, options);
    for (float& value : matrix) {
      if (coin(random) == 0) {
        const auto wild = static_cast<float>(std::pow(10.0, exponent(random)));
        value = coin(random) == 0 ? -wild : wild;
      }
    }
    try {
      for (const float value : run(image, {matrix}, options)) {
        CHECK(value >= -1e-4F && value <= 200.0F / 255.0F + 1e-4F);
      }
    } catch (const ArgumentError&) {
      ++refused;
    }
  }
  CHECK(refused < 200);
}

CEXPR_TEST(outputs_narrower_than_a_block_take_any_step) {
  // A block of such steps would leave fixed point, which UndefinedBehaviorSanitizer sees.
  Random random(10);
  std::vector<std::uint8_t> bytes(6 * 5 * 3);
  fill(bytes.data(), bytes.size(), random);
  const ImageView image{bytes.data(), 6, 5, 18, PixelFormat::bgr8};
  for (int width = 1; width < 16; ++width) {
    for (const float scale : {0x1p-27F, -0x1p-27F, 0x1p-29F, 0x1p-31F}) {
      const PreprocessOptions options = sized(width, 4);
      for (const Matrix& matrix :
           {Matrix{scale, 0, 0, 0, 1, 0}, Matrix{0, 1, -2.25F, scale, 0, -1.5F * scale}}) {
        CHECK(largest_difference(run(image, {matrix}, options),
                                 expected(image, matrix, options, 1, 1)) < kExact);
      }
    }
  }
}

CEXPR_TEST(edges_of_the_image_are_reached_exactly) {
  // Every start between the left of and the right of a narrow image, so that blocks end at each
  // pixel in turn.
  Random random(9);
  for (const PixelFormat format : kFormats) {
    const int row = 37 * cexpr::channels(format);
    const auto size = static_cast<std::size_t>(row * 6);
    for (const bool at_end : {false, true}) {
      const GuardedBytes bytes(size, at_end);
      fill(bytes.data(), size, random);
      const ImageView image{bytes.data(), 37, 6, row, format};
      const PreprocessOptions options = sized(18, 7);
      for (int start = -20; start < 40; ++start) {
        const Matrix matrix{1, 0, 0.25F - static_cast<float>(start), 0, 1, 0.75F};
        CHECK(largest_difference(run(image, {matrix}, options),
                                 expected(image, matrix, options, 1, 1)) < kExact);
      }
    }
  }
}

CEXPR_TEST(a_matrix_without_an_inverse_is_refused) {
  const std::array<std::uint8_t, 3> pixel{1, 2, 3};
  const ImageView image{pixel.data(), 1, 1, 3, PixelFormat::bgr8};
  for (const Matrix& bad : {Matrix{0, 0, 0, 0, 0, 0}, Matrix{1, 2, 0, 2, 4, 0},
                            Matrix{kNan, 0, 0, 0, 1, 0}, Matrix{1, 0, kNan, 0, 1, 0},
                            Matrix{1, 0, 0, 0, kInfinity, 0}, Matrix{1, 0, 0, 0, 1, -kInfinity}}) {
    CHECK_THROWS(run(image, {kIdentity, bad}, sized(4, 4)), ArgumentError);
  }
}

CEXPR_TEST(arguments_out_of_range_are_refused) {
  std::array<std::uint8_t, 3> pixel{1, 2, 3};
  const ImageView image{pixel.data(), 1, 1, 3, PixelFormat::bgr8};
  ImageView empty = image;
  empty.width = 0;
  CHECK_THROWS(run(empty, {kIdentity}, sized(4, 4)), ArgumentError);
  CHECK_THROWS(run(ImageView{}, {kIdentity}, sized(4, 4)), ArgumentError);

  std::array<float, 48> out{};
  const auto into = [&](const PreprocessOptions& options, std::size_t size, std::size_t cols) {
    cexpr::preprocess(image, {kIdentity.data(), 1, cols, cols}, options, {out.data(), size});
  };
  into(sized(4, 4), 48, 6);
  CHECK_THROWS(into(sized(4, 4), 47, 6), ArgumentError);
  CHECK_THROWS(into(sized(4, 4), 0, 6), ArgumentError);
  CHECK_THROWS(into(sized(4, 4), 48, 5), ArgumentError);
  CHECK_THROWS(into(sized(0, 4), 48, 6), ArgumentError);
  CHECK_THROWS(into(sized(4, -1), 48, 6), ArgumentError);
  for (const float bad : {0.0F, -1.0F, kNan, kInfinity}) {
    PreprocessOptions options = sized(4, 4);
    options.std[1] = bad;
    CHECK_THROWS(into(options, 48, 6), ArgumentError);
  }
  PreprocessOptions options = sized(4, 4);
  options.mean[2] = kNan;
  CHECK_THROWS(into(options, 48, 6), ArgumentError);
  options.color = ColorOrder::gray;  // which has no third plane
  into(options, 16, 6);
}

CEXPR_TEST(nothing_is_allocated) {
  const std::vector<std::uint8_t> bytes(64 * 64 * 3, 90);
  const ImageView image{bytes.data(), 64, 64, 192, PixelFormat::bgr8};
  PreprocessOptions options = sized(32, 32);
  options.sampling = Sampling::automatic;
  std::vector<float> out(3 * 32 * 32);
  const Matrix shrinking{0.3F, 0.1F, 2.0F, -0.1F, 0.3F, 4.0F};
  const std::size_t before = cexpr::test::allocations();
  cexpr::preprocess(image, {kIdentity.data(), 1, 6, 6}, options, {out.data(), out.size()});
  cexpr::preprocess(image, {shrinking.data(), 1, 6, 6}, options, {out.data(), out.size()});
  CHECK(cexpr::test::allocations() == before);
}
