#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "rule_files.hpp"

namespace {

using namespace cexpr::test;
using cexpr::BoundRules;
using cexpr::RuleSet;
using cexpr::RuleStream;
using cexpr::rules::RowIndex;
using cexpr::rules::Windows;

constexpr double kTolerance = 1e-6;
const double kNan = std::numeric_limits<double>::quiet_NaN();

/// Faces that come and go: rows sorted by frame, tracks interleaved, frames missing, NaN.
struct Clip {
  std::vector<float> signals;  // fear, surprise
  std::vector<std::int64_t> frames;
  std::vector<double> times;
  std::vector<std::int64_t> tracks;

  RowIndex index() const {
    RowIndex result;
    result.frames = {frames.data(), frames.size()};
    result.times = {times.data(), times.size()};
    result.tracks = {tracks.data(), tracks.size()};
    return result;
  }
};

Clip random_clip(unsigned seed, int frame_count) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  Clip clip;
  std::int64_t frame = 1;
  double time = 0.0;
  for (int i = 0; i < frame_count; ++i) {
    const std::int64_t step = uniform(generator) < 0.1 ? 1 + static_cast<int>(generator() % 40) : 1;
    frame += step;
    time += static_cast<double>(step) * (0.03 + 0.01 * uniform(generator));
    for (std::int64_t track = 0; track < 3; ++track) {
      if (uniform(generator) < 0.3) {
        continue;
      }
      for (int column = 0; column < 2; ++column) {
        clip.signals.push_back(uniform(generator) < 0.1 ? static_cast<float>(kNan)
                                                        : static_cast<float>(uniform(generator)));
      }
      clip.frames.push_back(frame);
      clip.times.push_back(time);
      clip.tracks.push_back(track * 1000003 - 5);
    }
  }
  return clip;
}

struct Window {
  double length;
  bool in_seconds;
  std::string text;
};

/// Straight from the definition.
double brute_force(const Clip& clip, std::size_t row, const std::string& function,
                   const Window& window, Windows windows) {
  std::vector<double> t;
  std::vector<double> x;
  for (std::size_t j = 0; j < clip.frames.size(); ++j) {
    const auto value = static_cast<double>(clip.signals[2 * j]);
    if (clip.tracks[j] != clip.tracks[row] || std::isnan(value)) {
      continue;
    }
    const double at = window.in_seconds ? clip.times[j] : static_cast<double>(clip.frames[j]);
    const double here = window.in_seconds ? clip.times[row] : static_cast<double>(clip.frames[row]);
    bool inside = false;
    if (window.in_seconds) {
      inside = windows == Windows::centred ? std::abs(at - here) <= window.length / 2 + 1e-6
                                           : at <= here && at >= here - window.length - 1e-6;
    } else {
      const double first = windows == Windows::centred ? here - std::floor(window.length / 2)
                                                       : here - window.length + 1;
      inside = at >= first && at <= first + window.length - 1;
    }
    if (inside) {
      t.push_back(at);
      x.push_back(value);
    }
  }
  if (x.empty()) {
    return kNan;
  }
  if (function == "max_over") {
    return *std::max_element(x.begin(), x.end());
  }
  if (function == "min_over") {
    return *std::min_element(x.begin(), x.end());
  }
  double mean_t = 0.0;
  double mean_x = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_t += t[i] / static_cast<double>(x.size());
    mean_x += x[i] / static_cast<double>(x.size());
  }
  if (function == "mean_over") {
    return mean_x;
  }
  double tt = 0.0;
  double tx = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    tt += (t[i] - mean_t) * (t[i] - mean_t);
    tx += (t[i] - mean_t) * (x[i] - mean_x);
  }
  return tt > 0.0 ? tx / tt : kNan;
}

const std::vector<Window>& all_windows() {
  static const std::vector<Window> windows{
      {1, false, "1"},     {2, false, "2"},     {15, false, "15"},    {40, false, "40"},
      {0.2, true, "0.2s"}, {1.5, true, "1.5s"}, {0.01, true, "0.01s"}};
  return windows;
}

/// Evaluates a clip as a stream, frame by frame; scores in the order of the rows.
std::vector<float> streamed_scores(RuleStream& stream, const Clip& clip, std::size_t compounds) {
  const std::size_t rows = clip.frames.size();
  std::vector<float> scores(rows * compounds);
  for (std::size_t first = 0; first < rows;) {
    std::size_t end = first;
    while (end < rows && clip.frames[end] == clip.frames[first]) {
      ++end;
    }
    stream.push(clip.frames[first], clip.times[first],
                {clip.signals.data() + 2 * first, end - first, 2, 2},
                {clip.tracks.data() + first, end - first},
                {scores.data() + compounds * first, end - first, compounds, compounds});
    first = end;
  }
  return scores;
}

int count_apart(const std::vector<float>& streamed, const std::vector<float>& offline) {
  int apart = 0;
  for (std::size_t i = 0; i < offline.size(); ++i) {
    const double expected = static_cast<double>(offline[i]);
    const double tolerance =
        std::isnan(offline[i]) ? 0.0 : kTolerance * std::max(1.0, std::abs(expected));
    apart += near(static_cast<double>(streamed[i]), expected, tolerance) ? 0 : 1;
  }
  return apart;
}

}  // namespace

CEXPR_TEST(windows_follow_their_definition_on_tracks_with_gaps) {
  const Clip clip = random_clip(11, 150);
  for (const char* function : {"mean_over", "max_over", "min_over", "slope_over"}) {
    for (const Window& window : all_windows()) {
      const std::string expression = std::string(function) + "(fear, " + window.text + ")";
      const RuleSet rules = RuleSet::compile(file({{"C", text(expression)}}));
      for (const Windows windows : {Windows::centred, Windows::trailing}) {
        const std::vector<float> scores =
            column_of(rules, {"fear", "surprise"}, clip.signals, clip.index(), windows);
        int wrong = 0;
        for (std::size_t i = 0; i < scores.size(); ++i) {
          const double expected = brute_force(clip, i, function, window, windows);
          const double scale = std::isnan(expected) ? 1.0 : std::max(1.0, std::abs(expected));
          wrong += near(static_cast<double>(scores[i]), expected, kTolerance * scale) ? 0 : 1;
        }
        if (wrong != 0) {
          std::cerr << expression << '\n';
        }
        CHECK(wrong == 0);
      }
    }
  }
}

CEXPR_TEST(a_stream_gives_what_trailing_windows_give_offline) {
  const RuleSet rules = RuleSet::compile(
      file({{"A", text("mean_over(fear, 0.5s) * smile + max_over(surprise, 15)")},
            {"B", map({{"score", text("mean(fear, surprise)")},
                       {"when", text("min_over(mean_over(fear, 5) > 0.4, 0.3s)")}})},
            {"C", text("slope_over(min_over(fear, 7), 1s)")},
            {"D", text("fear ^ surprise")}},
           {{"let", map({{"smile", text("max_over(fear - surprise, 9)")}})}}));
  const std::vector<std::string> names{"fear", "surprise"};
  const BoundRules bound = rules.bind(names);
  for (const unsigned seed : {1U, 2U, 3U}) {
    const Clip clip = random_clip(seed, 400);
    const std::size_t rows = clip.frames.size();
    std::vector<float> offline(rows * 4);
    bound.evaluate({clip.signals.data(), rows, 2, 2}, clip.index(), Windows::trailing,
                   {offline.data(), rows, 4, 4});
    RuleStream stream(bound);
    for (int round = 0; round < 2; ++round) {
      CHECK(count_apart(streamed_scores(stream, clip, 4), offline) == 0);
      stream.reset();
    }
  }
}

CEXPR_TEST(a_stream_agrees_for_every_function_and_window) {
  for (const char* function : {"mean_over", "max_over", "min_over", "slope_over"}) {
    for (const Window& window : all_windows()) {
      const std::string expression = std::string(function) + "(fear, " + window.text + ")";
      const RuleSet rules = RuleSet::compile(
          file({{"C", text(expression)}, {"D", text("mean_over(" + expression + ", 0.3s)")}}));
      const BoundRules bound = rules.bind({"fear", "surprise"});
      const Clip clip = random_clip(23, 200);
      const std::size_t rows = clip.frames.size();
      std::vector<float> offline(rows * 2);
      bound.evaluate({clip.signals.data(), rows, 2, 2}, clip.index(), Windows::trailing,
                     {offline.data(), rows, 2, 2});
      RuleStream stream(bound);
      CHECK(count_apart(streamed_scores(stream, clip, 2), offline) == 0);
    }
  }
}

CEXPR_TEST(a_trailing_window_is_the_centred_one_half_a_window_later) {
  std::vector<float> fear;
  std::mt19937 generator(4);
  for (int i = 0; i < 200; ++i) {
    fear.push_back(static_cast<float>(generator() % 1000) / 1000.0F);
  }
  for (const std::size_t n : {1U, 2U, 5U, 6U, 15U}) {
    const RuleSet rules =
        RuleSet::compile(file({{"C", text("mean_over(fear, " + std::to_string(n) + ")")}}));
    const auto centred = column_of(rules, {"fear"}, fear, {}, Windows::centred);
    const auto trailing = column_of(rules, {"fear"}, fear, {}, Windows::trailing);
    const std::size_t delay = n - 1 - n / 2;
    for (std::size_t i = n; i + n < fear.size(); ++i) {
      CHECK_NEAR(trailing[i + delay], centred[i], kTolerance);
    }
  }
}

CEXPR_TEST(large_values_leave_no_trace_once_they_are_out_of_the_window) {
  std::vector<float> fear(50, 0.25F);
  fear[10] = 1e20F;
  const RuleSet rules = RuleSet::compile(file({{"C", text("mean_over(fear, 3)")}}));
  const auto scores = column_of(rules, {"fear"}, fear, {}, Windows::centred);
  CHECK_NEAR(scores[12], 0.25, 0);
  CHECK_NEAR(scores[49], 0.25, 0);
  CHECK(scores[10] > 1e19F);
}

CEXPR_TEST(what_the_windows_need_must_be_given) {
  const std::vector<float> fear{0.1F, 0.2F};
  const std::vector<std::int64_t> tracks{1, 2};
  const std::vector<std::int64_t> frames{5, 4};
  const std::vector<double> nan_times{0.0, kNan};
  const RuleSet seconds = RuleSet::compile(file({{"C", text("mean_over(fear, 1s)")}}));
  const RuleSet by_frame = RuleSet::compile(file({{"C", text("mean_over(fear, 3)")}}));
  RowIndex index;
  CHECK_THROWS(column_of(seconds, {"fear"}, fear, index, Windows::centred), cexpr::ArgumentError);
  index.tracks = {tracks.data(), 2};
  CHECK_THROWS(column_of(by_frame, {"fear"}, fear, index, Windows::centred), cexpr::ArgumentError);
  index.frames = {frames.data(), 2};
  CHECK_NEAR(column_of(by_frame, {"fear"}, fear, index, Windows::centred)[1], 0.2, kTolerance);
  index.tracks = {};
  CHECK_THROWS(column_of(by_frame, {"fear"}, fear, index, Windows::centred), cexpr::ArgumentError);
  index.times = {nan_times.data(), 2};
  CHECK_THROWS(column_of(seconds, {"fear"}, fear, index, Windows::centred), cexpr::ArgumentError);
  index.times = {nan_times.data(), 1};
  CHECK_THROWS(column_of(seconds, {"fear"}, fear, index, Windows::centred), cexpr::ArgumentError);
}

CEXPR_TEST(a_stream_refuses_what_it_cannot_order) {
  const RuleSet rules = RuleSet::compile(file({{"C", text("mean_over(fear, 1s)")}}));
  RuleStream stream(rules.bind({"fear"}));
  const std::vector<float> fear{0.5F, 0.5F};
  const std::vector<std::int64_t> same{1, 1};
  std::vector<float> score(2);
  const auto push = [&](std::int64_t frame, double time) {
    stream.push(frame, time, {fear.data(), 1, 1, 1}, {}, {score.data(), 1, 1, 1});
  };
  push(3, 1.0);
  CHECK_THROWS(push(3, 2.0), cexpr::StateError);
  CHECK_THROWS(push(4, 0.5), cexpr::StateError);
  CHECK_THROWS(push(4, kNan), cexpr::ArgumentError);
  CHECK_THROWS(
      stream.push(5, 3.0, {fear.data(), 2, 1, 1}, {same.data(), 2}, {score.data(), 2, 1, 1}),
      cexpr::ArgumentError);
  CHECK_THROWS(stream.push(5, 3.0, {fear.data(), 2, 1, 1}, {}, {score.data(), 2, 1, 1}),
               cexpr::ArgumentError);
  stream.reset();
  push(1, 0.0);
  CHECK_NEAR(score[0], 0.5, kTolerance);
  stream.push(2, 0.1, {nullptr, 0, 1, 1}, {}, {nullptr, 0, 1, 1});
}
