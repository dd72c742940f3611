#include "cexpr/timeline.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "cexpr/error.hpp"
#include "check.hpp"

using cexpr::ArgumentError;
using cexpr::Event;
using cexpr::Span;
using cexpr::Span2D;
namespace rules = cexpr::rules;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

template <typename T>
Span<const T> view(const std::vector<T>& values) {
  return {values.data(), values.size()};
}

Span2D<const float> matrix(const std::vector<float>& values, std::size_t cols) {
  return {values.data(), values.size() / cols, cols, cols};
}

void check_same(const std::vector<float>& got, const std::vector<float>& expected) {
  CHECK(got.size() == expected.size());
  for (std::size_t k = 0; k < got.size() && k < expected.size(); ++k) {
    CHECK_NEAR(got[k], expected[k], 1e-6);
  }
}

struct Merged {
  std::vector<float> scores;
  std::vector<std::int64_t> decided;
};

Merged merge(const std::vector<float>& scores, const std::vector<std::int64_t>& frames,
             std::size_t frame_count, rules::Faces how, const std::vector<float>& key = {}) {
  Merged out{std::vector<float>(frame_count * 2), std::vector<std::int64_t>(frame_count * 2)};
  cexpr::merge_faces(matrix(scores, 2), view(frames), view(key), view(key), how,
                     {out.scores.data(), frame_count, 2, 2},
                     {out.decided.data(), frame_count, 2, 2});
  return out;
}

std::vector<float> fill(const std::vector<float>& values, const std::vector<std::uint8_t>& seen,
                        rules::Gaps how, std::vector<std::uint8_t>* filled = nullptr,
                        const rules::Length& at_most = rules::kUnlimited,
                        const std::vector<double>& times = {}) {
  std::vector<float> out(values.size());
  std::vector<std::uint8_t> is_filled(values.size());
  cexpr::fill_gaps(matrix(values, 1), view(seen), view(times), how, at_most,
                   {out.data(), out.size(), 1, 1}, {is_filled.data(), is_filled.size()});
  if (filled != nullptr) {
    *filled = is_filled;
  }
  return out;
}

std::vector<std::int32_t> decide(const std::vector<float>& scores, std::size_t cols,
                                 const rules::Decision& options,
                                 const std::vector<double>& times = {}) {
  std::vector<std::int32_t> labels(scores.size() / cols);
  cexpr::decide(matrix(scores, cols), view(times), options, {labels.data(), labels.size()}, {});
  return labels;
}

std::vector<Event> cut(const std::vector<std::int32_t>& labels, const rules::Events& options,
                       double step = 0.5) {
  std::vector<float> strength;
  std::vector<double> times;
  for (std::size_t t = 0; t < labels.size(); ++t) {
    strength.push_back(static_cast<float>(t % 5));
    times.push_back(step * static_cast<double>(t));
  }
  return cexpr::cut_events(view(labels), view(strength), view(times), options);
}

using Labels = std::vector<std::int32_t>;

}  // namespace

CEXPR_TEST(the_highest_score_of_each_class_is_taken) {
  const std::vector<float> scores{0.1F, 0.9F, 0.5F, kNan, 0.5F, 0.2F, kNan, kNan};
  const Merged out = merge(scores, {0, 0, 0, 2}, 3, rules::Faces::max);
  check_same(out.scores, {0.5F, 0.9F, kNan, kNan, kNan, kNan});
  CHECK((out.decided == std::vector<std::int64_t>{1, 0, -1, -1, -1, -1}));
}

CEXPR_TEST(the_mean_leaves_nan_out) {
  const std::vector<float> scores{0.1F, 0.9F, 0.5F, kNan, 0.6F, 0.2F};
  const Merged out = merge(scores, {1, 1, 1}, 2, rules::Faces::mean);
  check_same(out.scores, {kNan, kNan, 0.4F, 0.55F});
  CHECK((out.decided == std::vector<std::int64_t>{-1, -1, 2, 0}));
}

CEXPR_TEST(one_face_gives_all_scores) {
  const std::vector<float> scores{0.1F, 0.9F, 0.5F, kNan, 0.6F, 0.2F};
  for (const rules::Faces how : {rules::Faces::first, rules::Faces::largest}) {
    const Merged out = merge(scores, {0, 0, 0}, 1, how, {kNan, 3.0F, 3.0F});
    check_same(out.scores, {0.5F, kNan});
    CHECK((out.decided == std::vector<std::int64_t>{1, 1}));
    CHECK_THROWS(merge(scores, {0, 0, 0}, 1, how), ArgumentError);
  }
}

CEXPR_TEST(faces_that_are_decided_alone_are_not_merged) {
  CHECK_THROWS(merge({0.0F, 0.0F}, {0}, 1, rules::Faces::each), ArgumentError);
}

CEXPR_TEST(frames_outside_the_clip_are_refused) {
  CHECK_THROWS(merge({0.0F, 0.0F}, {1}, 1, rules::Faces::max), ArgumentError);
  CHECK_THROWS(merge({0.0F, 0.0F}, {-1}, 1, rules::Faces::max), ArgumentError);
  CHECK_THROWS(merge({0.0F, 0.0F}, {0, 0}, 1, rules::Faces::max), ArgumentError);
}

CEXPR_TEST(gaps_are_bridged_inside_and_held_at_the_ends) {
  std::vector<std::uint8_t> filled;
  const std::vector<float> values{9.0F, 1.0F, 9.0F, 9.0F, 9.0F, 3.0F, 9.0F};
  const std::vector<std::uint8_t> seen{0, 1, 0, 0, 0, 1, 0};
  check_same(fill(values, seen, rules::Gaps::interpolate, &filled),
             {1.0F, 1.0F, 1.5F, 2.0F, 2.5F, 3.0F, 3.0F});
  CHECK((filled == std::vector<std::uint8_t>{1, 0, 1, 1, 1, 0, 1}));
  check_same(fill(values, seen, rules::Gaps::hold, &filled),
             {kNan, 1.0F, 1.0F, 1.0F, 1.0F, 3.0F, 3.0F});
  CHECK((filled == std::vector<std::uint8_t>{0, 0, 1, 1, 1, 0, 1}));
  check_same(fill(values, seen, rules::Gaps::none, &filled),
             {kNan, 1.0F, kNan, kNan, kNan, 3.0F, kNan});
  CHECK((filled == std::vector<std::uint8_t>(7, 0)));
}

CEXPR_TEST(gaps_are_filled_for_at_most_so_long) {
  std::vector<std::uint8_t> filled;
  const std::vector<float> values{9.0F, 9.0F, 1.0F, 9.0F, 9.0F, 9.0F, 3.0F, 9.0F, 9.0F};
  const std::vector<std::uint8_t> seen{0, 0, 1, 0, 0, 0, 1, 0, 0};
  // A gap of three frames is bridged as a whole, or else held.
  check_same(fill(values, seen, rules::Gaps::interpolate, nullptr, {3.0, false}),
             {1.0F, 1.0F, 1.0F, 1.5F, 2.0F, 2.5F, 3.0F, 3.0F, 3.0F});
  check_same(fill(values, seen, rules::Gaps::interpolate, &filled, {1.0, false}),
             {kNan, 1.0F, 1.0F, 1.0F, kNan, kNan, 3.0F, 3.0F, kNan});
  CHECK((filled == std::vector<std::uint8_t>{0, 1, 0, 1, 0, 0, 0, 1, 0}));
  check_same(fill(values, seen, rules::Gaps::hold, nullptr, {1.0, false}),
             {kNan, kNan, 1.0F, 1.0F, kNan, kNan, 3.0F, 3.0F, kNan});
  check_same(fill(values, seen, rules::Gaps::hold, nullptr, {0.0, false}),
             {kNan, kNan, 1.0F, kNan, kNan, kNan, 3.0F, kNan, kNan});
}

CEXPR_TEST(a_limit_in_seconds_goes_by_the_times) {
  const std::vector<float> values{9.0F, 1.0F, 9.0F, 9.0F, 5.0F, 9.0F};
  const std::vector<std::uint8_t> seen{0, 1, 0, 0, 1, 0};
  const std::vector<double> times{0.0, 0.5, 0.7, 1.5, 3.0, 4.1};
  const rules::Length second{1.0, true};
  check_same(fill(values, seen, rules::Gaps::interpolate, nullptr, second, times),
             {1.0F, 1.0F, 1.0F + 4.0F / 3.0F, 1.0F + 8.0F / 3.0F, 5.0F, kNan});
  check_same(fill(values, seen, rules::Gaps::interpolate, nullptr, {0.3, true}, times),
             {kNan, 1.0F, 1.0F, kNan, 5.0F, kNan});
  CHECK_THROWS(fill(values, seen, rules::Gaps::hold, nullptr, second), ArgumentError);
  CHECK_THROWS(fill(values, seen, rules::Gaps::hold, nullptr, {-1.0, false}), ArgumentError);
}

CEXPR_TEST(unknown_values_in_seen_rows_stay_unknown) {
  const std::vector<float> values{1.0F, kNan, 9.0F, 4.0F};
  check_same(fill(values, {1, 1, 0, 1}, rules::Gaps::interpolate), {1.0F, kNan, 3.0F, 4.0F});
  check_same(fill(values, {0, 1, 0, 0}, rules::Gaps::interpolate), {kNan, kNan, kNan, kNan});
}

CEXPR_TEST(the_highest_score_wins_and_nothing_is_no_label) {
  rules::Decision options;
  CHECK((decide({0.1F, 0.3F, 0.3F, 0.3F, 0.0F, 0.0F, kNan, kNan, 0.0F, -1.0F, kNan, 0.2F}, 2,
                options) == Labels{1, 0, -1, -1, 1, 1}));
  options.abstain_below = 0.25;
  CHECK((decide({0.1F, 0.3F, 0.2F, 0.1F}, 2, options) == Labels{1, -1}));
  options.weight = {2.0F, 1.0F};
  options.bias = {0.0F, 0.25F};
  CHECK((decide({0.2F, 0.1F, 0.1F, 0.01F, 0.0F, 0.0F}, 2, options) == Labels{0, 1, -1}));
}

CEXPR_TEST(a_label_in_force_stays_within_the_margin) {
  rules::Decision options;
  options.hysteresis = 0.1;
  CHECK((decide({0.5F, 0.4F, 0.45F, 0.5F, 0.3F, 0.5F, 0.5F, 0.45F, 0.0F, 0.3F}, 2, options) ==
         Labels{0, 0, 1, 1, 1}));
  options.hysteresis = 0.0;
  options.abstain_below = 0.4;
  options.exit_below = 0.2;
  CHECK((decide({0.3F, 0.5F, 0.3F, 0.1F, 0.3F}, 1, options) == Labels{-1, 0, 0, -1, -1}));
  // One that may not enter does not push out either.
  CHECK((decide({0.5F, 0.1F, 0.3F, 0.35F}, 2, options) == Labels{0, 0}));
  options.exit_below = 0.9;  // above abstain_below: taken as that
  CHECK((decide({0.5F, 0.45F, 0.3F}, 1, options) == Labels{0, 0, -1}));
}

CEXPR_TEST(short_runs_go_to_the_better_neighbour) {
  rules::Decision options;
  options.min_duration = {3.0, false};
  // Row 3 alone belongs to class 2; class 1, which follows, is better there than class 0.
  const std::vector<float> one_off{.9F, .1F, .1F, .9F, .1F, .1F, .9F, .1F, .1F,
                                   .2F, .3F, .9F, .1F, .9F, .1F, .1F, .9F, .1F};
  CHECK((decide(one_off, 3, options) == Labels{0, 0, 0, 1, 1, 1}));
  // A flicker between two rows of the same label.
  const std::vector<float> flicker{.9F, .1F, .9F, .1F, .9F, .1F, .4F, .5F, .9F, .1F};
  CHECK((decide(flicker, 2, options) == Labels{0, 0, 0, 0, 0}));
  // Between two runs of one label a short run joins both, and the second needs no length.
  const std::vector<float> joined{.9F, .1F, .9F, .1F, .9F, .1F, .5F, .9F,
                                  .9F, .8F, .1F, .9F, .1F, .9F, .1F, .9F};
  CHECK((decide(joined, 2, options) == Labels{0, 0, 0, 0, 0, 1, 1, 1}));
  // Nobody may take a row in which it has no score.
  const std::vector<float> closed{.9F, 0.F, .9F, 0.F, .9F, 0.F, 0.F, .5F, .9F, 0.F};
  CHECK((decide(closed, 2, options) == Labels{0, 0, 0, -1, -1}));
  // At n - 1, n and n + 1 rows.
  CHECK((decide({.9F, 0.F, .9F, 0.F, kNan, kNan}, 2, options) == Labels{-1, -1, -1}));
  CHECK((decide({.9F, 0.F, .9F, 0.F, .9F, 0.F, kNan, kNan}, 2, options) == Labels{0, 0, 0, -1}));
  CHECK((decide({.9F, 0.F, .9F, 0.F, .9F, 0.F, .9F, 0.F}, 2, options) == Labels{0, 0, 0, 0}));
  // A label from the first row to the last is kept.
  CHECK((decide({.9F, .1F, .9F, .1F}, 2, options) == Labels{0, 0}));
}

CEXPR_TEST(durations_in_seconds_follow_the_times) {
  rules::Decision options;
  options.min_duration = {0.3, true};
  const std::vector<float> scores{.9F, .1F, .9F, .1F, .9F, .1F, .1F, .9F, .1F, .9F, .9F, .1F};
  CHECK((decide(scores, 2, options, {0.0, 0.1, 0.2, 0.3, 0.4, 0.5}) == Labels(6, 0)));
  CHECK((decide(scores, 2, options, {0.0, 0.1, 0.2, 0.3, 0.5, 0.6}) == Labels{0, 0, 0, 1, 1, 1}));
  CHECK_THROWS(decide(scores, 2, options), ArgumentError);
}

CEXPR_TEST(confidence_is_the_score_of_the_label) {
  rules::Decision options;
  options.weight = {1.0F, 3.0F};
  const std::vector<float> scores{.5F, .2F, 0.F, kNan};
  std::vector<std::int32_t> labels(2);
  std::vector<float> confidence(2);
  cexpr::decide(matrix(scores, 2), {}, options, {labels.data(), 2}, {confidence.data(), 2});
  CHECK((labels == Labels{1, -1}));
  check_same(confidence, {.2F, kNan});
}

CEXPR_TEST(wrong_decisions_are_refused) {
  rules::Decision options;
  options.hysteresis = -1.0;
  CHECK_THROWS(decide({1.0F}, 1, options), ArgumentError);
  options = {};
  options.min_duration.value = kNan;
  CHECK_THROWS(decide({1.0F}, 1, options), ArgumentError);
  options = {};
  options.bias = {1.0F, 2.0F};
  CHECK_THROWS(decide({1.0F}, 1, options), ArgumentError);
  options.bias = {kNan};
  CHECK_THROWS(decide({1.0F}, 1, options), ArgumentError);
}

CEXPR_TEST(events_are_runs_of_one_label) {
  const std::vector<Event> events = cut({-1, 2, 2, 2, 0, -1}, {});
  CHECK(events.size() == 2);
  CHECK(events[0].label == 2 && events[0].onset == 1 && events[0].offset == 3);
  CHECK(events[0].apex == 3 && events[0].peak == 3.0F);
  CHECK_NEAR(events[0].mean, 2.0, 1e-6);
  CHECK_NEAR(events[0].duration, 1.5, 1e-9);
  CHECK(events[1].label == 0 && events[1].onset == 4 && events[1].offset == 4);
  CHECK(cut({}, {}).empty());
  const std::vector<Event> last = cut({-1, 1}, {});
  CHECK_NEAR(last[0].duration, 0.5, 1e-9);
}

CEXPR_TEST(near_events_become_one_and_short_ones_go) {
  rules::Events options;
  options.merge_gap = {2.0, false};
  const Labels labels{1, -1, -1, 1, -1, -1, -1, 1, 0, 1};
  std::vector<Event> events = cut(labels, options);
  CHECK(events.size() == 4);
  CHECK(events[0].onset == 0 && events[0].offset == 3);
  CHECK(events[1].onset == 7 && events[1].offset == 7);
  // The rows between count for the duration, not for the mean: strengths 0 and 3.
  CHECK_NEAR(events[0].mean, 1.5, 1e-6);
  CHECK_NEAR(events[0].duration, 2.0, 1e-9);
  options.min_duration = {2.0, false};
  CHECK(cut(labels, options).size() == 1);
  options.merge_gap = {1.0, true};
  options.min_duration = {2.0, true};
  CHECK(cut(labels, options).size() == 1);
  options.min_duration = {2.1, true};
  CHECK(cut(labels, options).empty());
  options.merge_gap.value = -1.0;
  CHECK_THROWS(cut(labels, options), ArgumentError);
}
