#include "cexpr/filter.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "cexpr/error.hpp"
#include "check.hpp"

using cexpr::ArgumentError;
using cexpr::FilterKernel;
using cexpr::FilterOptions;
using cexpr::FilterWindow;
using cexpr::Span;
using cexpr::Span2D;
using cexpr::StateError;
using cexpr::StreamingFilter;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
// Sums are double; what is left is the rounding of the result to float.
constexpr double kTolerance = 1e-6;

struct Track {
  std::vector<float> values;
  std::vector<std::int64_t> frames;
  std::size_t columns = 1;

  Span2D<const float> view() const { return {values.data(), frames.size(), columns, columns}; }
};

std::vector<float> smooth(const Track& track, const FilterOptions& options) {
  std::vector<float> out(track.values.size());
  cexpr::smooth(track.view(), {track.frames.data(), track.frames.size()}, options,
                {out.data(), track.frames.size(), track.columns, track.columns});
  return out;
}

/// The definition, row by row.
std::vector<float> reference(const Track& track, const FilterOptions& options) {
  const std::size_t n = track.frames.size();
  std::vector<float> out(track.values.size());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < track.columns; ++c) {
      long double sum = 0;
      long double total = 0;
      for (std::size_t j = 0; j < n; ++j) {
        const auto d =
            static_cast<long double>(track.frames[j]) - static_cast<long double>(track.frames[i]);
        const auto apart = options.window == FilterWindow::rows
                               ? static_cast<long double>(j) - static_cast<long double>(i)
                               : d;
        const float v = track.values[j * track.columns + c];
        if (std::abs(apart) > static_cast<long double>(options.radius) || std::isnan(v)) {
          continue;
        }
        const auto sigma = static_cast<long double>(options.sigma);
        const long double weight =
            options.kernel == FilterKernel::box ? 1 : std::exp(-d * d / (2 * sigma * sigma));
        sum += weight * static_cast<long double>(v);
        total += weight;
      }
      out[i * track.columns + c] = static_cast<float>(sum / total);
    }
  }
  return out;
}

enum class Frames { consecutive, gaps, sparse, repeated };

Track make_track(std::size_t rows, std::size_t columns, Frames kind, double nan_share,
                 unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(0.0F, 1.0F);
  Track track;
  track.columns = columns;
  std::int64_t frame = -7;
  for (std::size_t i = 0; i < rows; ++i) {
    track.frames.push_back(frame);
    switch (kind) {
      case Frames::consecutive:
        ++frame;
        break;
      case Frames::gaps:
        frame += value(random) < 0.9F ? 1 : static_cast<std::int64_t>(40.0F * value(random)) + 1;
        break;
      case Frames::sparse:
        frame += static_cast<std::int64_t>(20.0F * value(random)) + 1;
        break;
      case Frames::repeated:
        frame += value(random) < 0.5F ? 0 : 1;
        break;
    }
    for (std::size_t c = 0; c < columns; ++c) {
      track.values.push_back(static_cast<double>(value(random)) < nan_share ? kNan : value(random));
    }
  }
  return track;
}

void check_equal(const std::vector<float>& got, const std::vector<float>& expected) {
  CHECK(got.size() == expected.size());
  for (std::size_t k = 0; k < got.size() && k < expected.size(); ++k) {
    CHECK_NEAR(got[k], expected[k], kTolerance);
  }
}

FilterOptions box(std::int64_t radius) { return {FilterKernel::box, radius, 0.0, {}}; }
FilterOptions gaussian(std::int64_t radius, double sigma) {
  return {FilterKernel::gaussian, radius, sigma, FilterWindow::frames};
}

std::vector<float> stream(const Track& track, const FilterOptions& options) {
  StreamingFilter filter(track.columns, options);
  std::vector<float> out;
  std::vector<float> row(track.columns);
  std::size_t popped = 0;
  const auto take = [&](std::size_t count) {
    for (; count > 0; --count) {
      CHECK(filter.pop({row.data(), row.size()}) == track.frames[popped]);
      ++popped;
      out.insert(out.end(), row.begin(), row.end());
    }
  };
  for (std::size_t i = 0; i < track.frames.size(); ++i) {
    take(filter.push(track.frames[i], {track.view().row(i), track.columns}));
    // Every row within the delay is out, and no other.
    CHECK(popped == i + 1 || track.frames[i] - track.frames[popped] < options.radius);
  }
  take(filter.flush());
  return out;
}

}  // namespace

CEXPR_TEST(every_path_follows_the_definition) {
  unsigned seed = 1;
  for (const Frames kind : {Frames::consecutive, Frames::gaps, Frames::sparse, Frames::repeated}) {
    for (const std::size_t rows : {1U, 2U, 7U, 400U}) {
      for (const std::size_t columns : {1U, 8U, 11U}) {
        for (const double nan_share : {0.0, 0.3}) {
          const Track track = make_track(rows, columns, kind, nan_share, seed++);
          const auto radius = static_cast<std::int64_t>(seed % 60);
          for (FilterOptions options : {box(radius), gaussian(radius, 0.4 * (seed % 60) + 0.5)}) {
            check_equal(smooth(track, options), reference(track, options));
            options.window = FilterWindow::rows;
            check_equal(smooth(track, options), reference(track, options));
          }
        }
      }
    }
  }
}

CEXPR_TEST(a_window_longer_than_the_track_is_the_whole_track) {
  const Track track = make_track(50, 2, Frames::gaps, 0.1, 3);
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  check_equal(smooth(track, box(kHuge)), reference(track, box(kHuge)));
  check_equal(smooth(track, gaussian(kHuge, 30.0)), reference(track, gaussian(kHuge, 30.0)));
  check_equal(smooth(track, gaussian(kHuge, 1e300)), reference(track, box(kHuge)));
}

CEXPR_TEST(frames_at_the_limits_of_int64_do_not_overflow) {
  constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();
  const Track track{{1.0F, 2.0F, 3.0F, 5.0F}, {kLowest, kLowest + 1, kHighest - 1, kHighest}, 1};
  for (const FilterOptions& options : {box(1), gaussian(1, 1e6)}) {
    check_equal(smooth(track, options), {1.5F, 1.5F, 4.0F, 4.0F});
  }
  check_equal(smooth(track, box(kHighest)), {1.5F, 1.5F, 4.0F, 4.0F});
}

CEXPR_TEST(a_number_far_away_counts_where_it_is_alone) {
  // At 40 sigma the weight is 0 in double precision.
  Track track{std::vector<float>(101, kNan), {}, 1};
  for (std::int64_t frame = 0; frame <= 100; ++frame) {
    track.frames.push_back(frame);
  }
  track.values[100] = 7.0F;
  const std::vector<float> out = smooth(track, gaussian(60, 1.0));
  CHECK(std::isnan(out[39]));
  CHECK(out[40] == 7.0F);
  CHECK(out[99] == 7.0F);
  check_equal(stream(track, gaussian(60, 1.0)), out);
}

CEXPR_TEST(large_and_infinite_values_leave_no_trace) {
  Track track = make_track(400, 8, Frames::consecutive, 0.0, 5);
  Track clean = track;
  for (std::size_t c = 0; c < 8; ++c) {
    track.values[100 * 8 + c] = c % 2 == 0 ? 3e38F : kInfinity;
    clean.values[100 * 8 + c] = 0.0F;
  }
  for (const FilterOptions& options : {box(10), gaussian(10, 4.0)}) {
    const std::vector<float> out = smooth(track, options);
    const std::vector<float> expected = reference(clean, options);
    for (std::size_t i = 0; i < 400; ++i) {
      const bool is_touched = i >= 90 && i <= 110;
      for (std::size_t c = 0; c < 8; ++c) {
        if (!is_touched) {
          CHECK_NEAR(out[i * 8 + c], expected[i * 8 + c], kTolerance);
        } else if (c % 2 == 1) {
          CHECK(out[i * 8 + c] == kInfinity);
        } else {
          CHECK(out[i * 8 + c] > 1e35F);
        }
      }
    }
    const std::vector<float> live = stream(track, options);
    for (std::size_t k = 0; k < live.size(); ++k) {
      CHECK(live[k] == out[k] || std::abs(live[k] - out[k]) <= 1e-6F * std::abs(out[k]));
    }
  }
}

CEXPR_TEST(infinities_of_both_signs_meet_as_nan) {
  const Track track{{kInfinity, 1.0F, -kInfinity, 2.0F, 3.0F}, {0, 1, 2, 3, 4}, 1};
  const std::vector<float> expected{kInfinity, kNan, -kInfinity, -kInfinity, 2.5F};
  for (const FilterOptions& options : {box(1), gaussian(1, 1e6)}) {
    check_equal(smooth(track, options), expected);
    check_equal(stream(track, options), expected);
  }
}

CEXPR_TEST(an_empty_track_is_an_empty_result) {
  CHECK(smooth({}, box(3)).empty());
  CHECK(smooth({{}, {1, 2, 3}, 0}, gaussian(3, 1.0)).empty());
}

CEXPR_TEST(wrong_arguments_are_refused) {
  const Track track = make_track(4, 2, Frames::consecutive, 0.0, 1);
  CHECK_THROWS(smooth(track, box(-1)), ArgumentError);
  CHECK_THROWS(smooth(track, gaussian(1, 0.0)), ArgumentError);
  CHECK_THROWS(smooth(track, gaussian(1, std::nan(""))), ArgumentError);
  Track other = track;
  other.frames = {3, 4, 4, 3};
  CHECK_THROWS(smooth(other, box(1)), ArgumentError);
  other.frames = {std::numeric_limits<std::int64_t>::max(),
                  std::numeric_limits<std::int64_t>::min(), 0, 1};
  CHECK_THROWS(smooth(other, box(1)), ArgumentError);
  std::vector<float> out(8);
  CHECK_THROWS(cexpr::smooth(track.view(), {track.frames.data(), 3}, box(1), {out.data(), 4, 2, 2}),
               ArgumentError);
  CHECK_THROWS(cexpr::smooth(track.view(), {track.frames.data(), 4}, box(1), {out.data(), 2, 4, 4}),
               ArgumentError);
}

CEXPR_TEST(views_may_be_wider_than_their_columns) {
  const Track track = make_track(500, 8, Frames::consecutive, 0.0, 9);
  for (const FilterOptions& options : {box(20), gaussian(20, 6.0)}) {
    const std::vector<float> whole = smooth(track, options);
    std::vector<float> out(track.values.size(), -1.0F);
    cexpr::smooth({track.values.data() + 2, 500, 5, 8}, {track.frames.data(), 500}, options,
                  {out.data() + 2, 500, 5, 8});
    for (std::size_t k = 0; k < out.size(); ++k) {
      const std::size_t c = k % 8;
      CHECK(out[k] == (c >= 2 && c < 7 ? whole[k] : -1.0F));
    }
  }
}

CEXPR_TEST(a_stream_gives_what_the_whole_track_gives) {
  unsigned seed = 100;
  for (const Frames kind : {Frames::consecutive, Frames::gaps, Frames::sparse}) {
    for (const std::int64_t radius : {0, 1, 5, 40}) {
      const Track track = make_track(300, 5, kind, 0.2, seed++);
      for (const FilterOptions& options : {box(radius), gaussian(radius, 7.0)}) {
        check_equal(stream(track, options), smooth(track, options));
      }
    }
  }
}

CEXPR_TEST(advance_releases_the_rows_of_a_track_that_pauses) {
  StreamingFilter filter(1, box(3));
  const float one = 1.0F;
  const float three = 3.0F;
  CHECK(filter.push(10, {&one, 1}) == 0);
  CHECK(filter.push(11, {&three, 1}) == 0);
  CHECK(filter.advance(12) == 0);
  CHECK(filter.advance(13) == 1);
  float out = 0.0F;
  CHECK(filter.pop({&out, 1}) == 10);
  CHECK(out == 2.0F);
  CHECK_THROWS(filter.push(13, {&one, 1}), ArgumentError);
  CHECK(filter.advance(1000) == 1);
  CHECK(filter.pop({&out, 1}) == 11);
  CHECK(out == 2.0F);
  CHECK(filter.flush() == 0);
}

CEXPR_TEST(a_stream_refuses_misuse_and_starts_again) {
  StreamingFilter filter(2, gaussian(1, 1.0));
  const std::vector<float> row{1.0F, 2.0F};
  std::vector<float> out(2);
  CHECK_THROWS(filter.pop({out.data(), 2}), StateError);
  CHECK_THROWS(filter.push(0, {row.data(), 1}), ArgumentError);
  CHECK(filter.push(5, {row.data(), 2}) == 0);
  CHECK_THROWS(filter.push(5, {row.data(), 2}), ArgumentError);
  CHECK(filter.push(6, {row.data(), 2}) == 1);
  CHECK_THROWS(filter.push(7, {row.data(), 2}), StateError);
  CHECK_THROWS(filter.pop({out.data(), 1}), ArgumentError);
  CHECK(filter.pop({out.data(), 2}) == 5);
  CHECK(filter.flush() == 1);
  CHECK(filter.pop({out.data(), 2}) == 6);
  CHECK(filter.push(-3, {row.data(), 2}) == 0);
  filter.reset();
  CHECK(filter.available() == 0);
  CHECK(filter.push(-9, {row.data(), 2}) == 0);
  CHECK_THROWS(StreamingFilter(0, box(1)), ArgumentError);
  CHECK_THROWS(StreamingFilter(1, box(cexpr::kMaxStreamingRadius + 1)), ArgumentError);
  CHECK_THROWS(StreamingFilter(1, {FilterKernel::box, 1, 0.0, FilterWindow::rows}), ArgumentError);
}
