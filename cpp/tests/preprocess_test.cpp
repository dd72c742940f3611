#include "cexpr/preprocess.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "cexpr/cpu.hpp"
#include "cexpr/error.hpp"
#include "check.hpp"
#include "counting_new.hpp"
#include "preprocess_reference.hpp"

using cexpr::ArgumentError;
using cexpr::ColorOrder;
using cexpr::ImageView;
using cexpr::PixelFormat;
using cexpr::PreprocessOptions;
using cexpr::Sampling;
using namespace cexpr::test;

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
