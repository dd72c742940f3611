#pragma once

#include "kernels/preprocess_table.hpp"

// The loops over output pixels, written once over `Lanes`, which wraps the vectors of one
// instruction set. Everything is in an unnamed namespace: each instruction set compiles its own
// copy, and the linker can never mix them. Sums and products stand in the same order everywhere:
// every instruction set gives the same bits.
//
// A row of the output is cut into blocks. Blocks whose four taps all lie inside the image go
// through `sample`, which checks nothing; the others are sampled pixel by pixel, every tap checked.
namespace cexpr::kernels {
namespace {

template <class Lanes, int kChannels, bool kMix>
struct PreprocessLoops {
  using Vector = typename Lanes::Vector;
  static constexpr int kColors = kChannels == 1 ? 1 : 3;
  static constexpr int kWidth = Lanes::kWidth;
  static constexpr int kLast = kBlock - 1;
  static constexpr int kBatch = 16;  // blocks whose places are worked out before any is sampled
  // `Lanes::read` reads 4 or 8 bytes at the left one of two neighbouring pixels: pixels they touch.
  static constexpr int kReadPixels = kChannels == 1 ? 4 : (8 + kChannels - 1) / kChannels;
  // Beyond this no position is inside any image, and fixed point would not hold it.
  static constexpr double kFarAway = 1 << 30;

  struct Scaling {
    Vector scale[3];
    Vector offset[3];
  };

  // One sample of each pixel of an output row: where it starts in the image, and in the output.
  struct Row {
    double x, y;
    std::ptrdiff_t at;
  };

  // The same start, and the step from block to block, in 1 / 2^32 pixels: sums are exact, so that
  // positions change in one direction along the row.
  struct Walk {
    std::int64_t x, y;
    std::int64_t step_x, step_y;
    bool is_near;  // the row stays where fixed point holds it
  };

  struct Inside {
    int x, y;
    float fraction_x, fraction_y;
  };

  static std::int64_t to_fixed(double value) {
    return static_cast<std::int64_t>(value * 4294967296.0);
  }

  static float fraction_of(std::int64_t fixed) {
    return static_cast<float>(static_cast<std::int32_t>((fixed >> 8) & 0xFFFFFF)) * 0x1p-24F;
  }

  static Walk start_walk(const PreprocessPlan& plan, const Row& row) {
    const double end_x = row.x + plan.width * plan.to_image[0];
    const double end_y = row.y + plan.width * plan.to_image[3];
    const auto is_near = [](double v) { return v > -kFarAway && v < kFarAway; };
    if (!is_near(row.x) || !is_near(row.y) || !is_near(end_x) || !is_near(end_y)) {
      return {0, 0, 0, 0, false};
    }
    // Narrower than a block, a row never takes the step, and fixed point might not hold it.
    const int pixels = plan.width < kBlock ? 0 : kBlock;
    return {to_fixed(row.x), to_fixed(row.y), to_fixed(pixels * plan.to_image[0]),
            to_fixed(pixels * plan.to_image[3]), true};
  }

  static Inside position(const Walk& walk, int block) {
    const std::int64_t x = walk.x + block * walk.step_x;
    const std::int64_t y = walk.y + block * walk.step_y;
    return {static_cast<int>(x >> 32), static_cast<int>(y >> 32), fraction_of(x), fraction_of(y)};
  }

  // Positions change in one direction along a block, so that its first and last pixel speak for
  // all; the last one is computed as the lanes compute theirs.
  static bool is_inside(const PreprocessPlan& plan, const LaneSteps& lanes, const Walk& walk,
                        int block) {
    const Inside first = position(walk, block);
    const bool next_x = first.fraction_x + lanes.fraction_x[kLast] >= 1.0F;
    const bool next_y = first.fraction_y + lanes.fraction_y[kLast] >= 1.0F;
    const std::int64_t end_x = std::int64_t{first.x} + lanes.last_x + (next_x ? 1 : 0);
    const std::int64_t end_y = std::int64_t{first.y} + lanes.last_y + (next_y ? 1 : 0);
    const int limit_x = plan.image_width - kReadPixels;
    const int limit_y = plan.image_height - 2;
    return first.x >= 0 && first.x <= limit_x && end_x >= 0 && end_x <= limit_x && first.y >= 0 &&
           first.y <= limit_y && end_y >= 0 && end_y <= limit_y;
  }

  // Scales the sampled colours of some neighbouring pixels and writes them, or adds them to what
  // stands there.
  template <bool kAdd>
  static void write(const PreprocessPlan& plan, const Scaling& scaling,
                    const Vector (&colors)[kColors], std::ptrdiff_t at, int count) {
    const auto put = [&](float* to, Vector value, Vector offset) {
      Lanes::store(to, Lanes::add(value, kAdd ? Lanes::load(to, count) : offset), count);
    };
    if constexpr (kMix) {
      Vector sum = Lanes::multiply(colors[0], scaling.scale[0]);
      for (int c = 1; c < kColors; ++c) {
        sum = Lanes::add(sum, Lanes::multiply(colors[c], scaling.scale[c]));
      }
      put(plan.plane[0] + at, sum, scaling.offset[0]);
    } else if constexpr (kColors == 1) {
      for (int p = 0; p < plan.plane_count; ++p) {
        put(plan.plane[p] + at, Lanes::multiply(colors[0], scaling.scale[p]), scaling.offset[p]);
      }
    } else {
      for (int c = 0; c < kColors; ++c) {
        put(plan.plane[c] + at, Lanes::multiply(colors[c], scaling.scale[c]), scaling.offset[c]);
      }
    }
  }

  // Where pixels lie: bytes from the image's start, and the weights of the right and lower taps.
  // In memory, so that the loads of one block need not wait for the arithmetic before them.
  struct Places {
    alignas(64) std::int32_t offset[kBatch * kBlock];
    alignas(64) float weight_x[kBatch * kBlock];
    alignas(64) float weight_y[kBatch * kBlock];
  };

  static void find_places(const PreprocessPlan& plan, const LaneSteps& lanes, const Inside& first,
                          Places& places, int at) {
    const int stride = static_cast<int>(plan.image_stride);
    const int start = first.y * stride + first.x * kChannels;
    for (int lane = 0; lane < kBlock; ++lane) {
      const float x = first.fraction_x + lanes.fraction_x[lane];
      const float y = first.fraction_y + lanes.fraction_y[lane];
      const bool next_x = x >= 1.0F;
      const bool next_y = y >= 1.0F;
      places.weight_x[at + lane] = next_x ? x - 1.0F : x;
      places.weight_y[at + lane] = next_y ? y - 1.0F : y;
      places.offset[at + lane] =
          start + lanes.offset[lane] + (next_x ? kChannels : 0) + (next_y ? stride : 0);
    }
  }

  // The pixels at `kWidth` places: the upper taps first, then the lower ones.
  static void sample(const PreprocessPlan& plan, const Places& places, int lane,
                     Vector (&colors)[kColors]) {
    const std::int32_t* offset = places.offset + lane;
    const Vector wx = Lanes::load(places.weight_x + lane, kWidth);
    const Vector wy = Lanes::load(places.weight_y + lane, kWidth);
    const Vector w11 = Lanes::multiply(wx, wy);
    const Vector w01 = Lanes::subtract(wx, w11);
    const Vector w10 = Lanes::subtract(wy, w11);
    const Vector w00 = Lanes::subtract(Lanes::subtract(Lanes::fill(1.0F), wx), w10);
    Vector left[kColors];
    Vector right[kColors];
    Lanes::template read<kChannels>(plan.pixels, offset, left, right);
    for (int c = 0; c < kColors; ++c) {
      colors[c] = Lanes::add(Lanes::multiply(w00, left[c]), Lanes::multiply(w01, right[c]));
    }
    Lanes::template read<kChannels>(plan.pixels + plan.image_stride, offset, left, right);
    for (int c = 0; c < kColors; ++c) {
      colors[c] = Lanes::add(Lanes::add(colors[c], Lanes::multiply(w10, left[c])),
                             Lanes::multiply(w11, right[c]));
    }
  }

  template <bool kAdd>
  static void sample_places(const PreprocessPlan& plan, const Scaling& scaling,
                            const Places& places, std::ptrdiff_t at, int count) {
    for (int lane = 0; lane < count; lane += kWidth) {
      Vector colors[kColors];
      sample(plan, places, lane, colors);
      write<kAdd>(plan, scaling, colors, at + lane, count - lane);
    }
  }

  template <bool kAdd>
  static void inside_blocks(const PreprocessPlan& plan, const Scaling& scaling, const Row& row,
                            const Walk& walk, int first, int last) {
    Places places;
    for (int block = first; block < last; block += kBatch) {
      const int count = last - block < kBatch ? last - block : kBatch;
      for (int i = 0; i < count; ++i) {
        find_places(plan, plan.full, position(walk, block + i), places, i * kBlock);
      }
      sample_places<kAdd>(plan, scaling, places, row.at + std::ptrdiff_t{block} * kBlock,
                          count * kBlock);
    }
  }

  // One pixel with every tap checked; taps outside the image are 0.
  static void sample_checked(const PreprocessPlan& plan, double x, double y, int lane,
                             float (*values)[kBlock]) {
    // Written so that NaN is outside.
    if (!(x > -1.0 && x < plan.image_width && y > -1.0 && y < plan.image_height)) {
      return;
    }
    const int left = static_cast<int>(x + 1.0) - 1;
    const int top = static_cast<int>(y + 1.0) - 1;
    const float wx = static_cast<float>(x - left);
    const float wy = static_cast<float>(y - top);
    const float w11 = wx * wy;
    const float w01 = wx - w11;
    const float w10 = wy - w11;
    const float weights[4] = {(1.0F - wx) - w10, w01, w10, w11};
    for (int tap = 0; tap < 4; ++tap) {
      const int tap_x = left + (tap & 1);
      const int tap_y = top + (tap >> 1);
      if (tap_x < 0 || tap_x >= plan.image_width || tap_y < 0 || tap_y >= plan.image_height) {
        continue;
      }
      const std::uint8_t* pixel =
          plan.pixels + tap_y * plan.image_stride + static_cast<std::ptrdiff_t>(tap_x) * kChannels;
      for (int c = 0; c < kColors; ++c) {
        values[c][lane] += weights[tap] * static_cast<float>(pixel[c]);
      }
    }
  }

  template <bool kAdd>
  static void checked_block(const PreprocessPlan& plan, const Scaling& scaling,
                            const LaneSteps& lanes, const Row& row, int block) {
    float values[kColors][kBlock] = {};
    const double x = row.x + block * kBlock * plan.to_image[0];
    const double y = row.y + block * kBlock * plan.to_image[3];
    for (int lane = 0; lane < lanes.count; ++lane) {
      sample_checked(plan, x + lane * plan.to_image[0], y + lane * plan.to_image[3], lane, values);
    }
    for (int lane = 0; lane < lanes.count; lane += kWidth) {
      Vector colors[kColors];
      for (int c = 0; c < kColors; ++c) {
        colors[c] = Lanes::load(&values[c][lane], kWidth);
      }
      write<kAdd>(plan, scaling, colors, row.at + std::ptrdiff_t{block} * kBlock + lane,
                  lanes.count - lane);
    }
  }

  template <bool kAdd>
  static void run_row(const PreprocessPlan& plan, const Scaling& scaling, const Row& row) {
    const int blocks = plan.width / kBlock;
    int first = blocks;  // the blocks from `first` to before `last` lie inside
    int last = blocks;
    const Walk walk = start_walk(plan, row);
    if (walk.is_near && plan.full.is_valid) {
      for (first = 0; first < blocks && !is_inside(plan, plan.full, walk, first);) {
        ++first;
      }
      while (last > first && !is_inside(plan, plan.full, walk, last - 1)) {
        --last;
      }
    }
    for (int block = 0; block < first; ++block) {
      checked_block<kAdd>(plan, scaling, plan.full, row, block);
    }
    inside_blocks<kAdd>(plan, scaling, row, walk, first, last);
    for (int block = last; block < blocks; ++block) {
      checked_block<kAdd>(plan, scaling, plan.full, row, block);
    }
    if (blocks * kBlock == plan.width) {
      return;
    }
    if (walk.is_near && plan.tail.is_valid && is_inside(plan, plan.tail, walk, blocks)) {
      Places places;
      find_places(plan, plan.tail, position(walk, blocks), places, 0);
      sample_places<kAdd>(plan, scaling, places, row.at + blocks * kBlock, plan.tail.count);
    } else {
      checked_block<kAdd>(plan, scaling, plan.tail, row, blocks);
    }
  }

  static Row start_row(const PreprocessPlan& plan, double x, double y, std::ptrdiff_t at) {
    const double* m = plan.to_image;
    return {m[0] * x + (m[1] * y + m[2]), m[3] * x + (m[4] * y + m[5]), at};
  }

  // The mean of the samples is summed up in the output itself.
  static void run_area_row(const PreprocessPlan& plan, const Scaling& scaling, int y,
                           std::ptrdiff_t at) {
    for (int p = 0; p < plan.plane_count; ++p) {
      for (int x = 0; x < plan.width; ++x) {
        plan.plane[p][at + x] = plan.offset[p];
      }
    }
    for (int j = 0; j < plan.samples_y; ++j) {
      for (int i = 0; i < plan.samples_x; ++i) {
        const double sample_x = (i + 0.5) / plan.samples_x - 0.5;
        const double sample_y = y + (j + 0.5) / plan.samples_y - 0.5;
        run_row<true>(plan, scaling, start_row(plan, sample_x, sample_y, at));
      }
    }
  }

  static void run(const PreprocessPlan& plan) {
    const bool is_bilinear = plan.samples_x == 1 && plan.samples_y == 1;
    const float share = 1.0F / static_cast<float>(plan.samples_x * plan.samples_y);
    Scaling scaling;
    for (int i = 0; i < 3; ++i) {
      scaling.scale[i] = Lanes::fill(plan.scale[i] * share);
      scaling.offset[i] = Lanes::fill(plan.offset[i]);
    }
    for (int y = 0; y < plan.height; ++y) {
      const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(y) * plan.width;
      if (is_bilinear) {
        run_row<false>(plan, scaling, start_row(plan, 0.0, y, at));
      } else {
        run_area_row(plan, scaling, y, at);
      }
    }
  }
};

template <class Lanes>
constexpr PreprocessTable table_over() {
  return {PreprocessLoops<Lanes, 1, false>::run, PreprocessLoops<Lanes, 3, false>::run,
          PreprocessLoops<Lanes, 3, true>::run, PreprocessLoops<Lanes, 4, false>::run,
          PreprocessLoops<Lanes, 4, true>::run};
}

}  // namespace
}  // namespace cexpr::kernels
