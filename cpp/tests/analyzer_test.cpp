#include "cexpr/analyzer.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "analyzer_reference.hpp"
#include "analyzer_rules.hpp"
#include "cexpr/error.hpp"
#include "check.hpp"
#include "counting_new.hpp"
#include "rule_files.hpp"

using cexpr::Analyzer;
using cexpr::AnalyzerOptions;
using cexpr::ArgumentError;
using cexpr::DecidedFrame;
using cexpr::FaceSignals;
using cexpr::Node;
using cexpr::RuleSet;
using cexpr::Span;
using namespace cexpr::test;

CEXPR_TEST(a_stream_gives_what_the_whole_clip_gives) {
  unsigned seed = 1;
  for (const char* faces : {"max", "mean", "first", "largest"}) {
    for (const char* gaps : {"interpolate", "hold", "none"}) {
      const RuleSet set = rule_set(everything(faces, gaps));
      const Clip clip = make_clip(seed++, 6);
      Analyzer analyzer(set, options());
      CHECK(analyzer.delay() == 8 + (gaps == std::string("interpolate") ? 6 : 0) + 3 + 4);
      check_equal(stream(analyzer, clip), whole(set, clip));
    }
  }
}

CEXPR_TEST(gaps_that_are_too_long_are_empty_in_a_stream_as_in_a_clip) {
  unsigned seed = 20;
  for (const char* faces : {"max", "first"}) {
    for (const char* how : {"interpolate", "hold"}) {
      for (const int at_most : {0, 3, 6}) {
        const RuleSet set = rule_set(everything(faces, gaps_of(how, at_most)));
        Clip clip = make_clip(seed++, 40);
        for (std::size_t t = 0; t < 9; ++t) {
          clip[t].clear();  // a late start
        }
        Analyzer analyzer(set, options());
        // What is not filled need not be waited for.
        CHECK(analyzer.delay() == 8 + (how == std::string("interpolate") ? at_most : 0) + 3 + 4);
        check_equal(stream(analyzer, clip), whole(set, clip));
      }
    }
  }
}

CEXPR_TEST(a_limit_in_seconds_goes_by_the_rate_of_the_stream) {
  const Node gaps = map({{"how", text("hold")}, {"at_most", text("0.2s")}});
  Clip clip(20);
  clip[2].push_back({1, std::vector<float>(kSignals.size(), 0.5F), 1.0F, 1.0F});
  for (const double rate : {25.0, 50.0}) {
    AnalyzerOptions all = options();
    all.frames_per_second = rate;
    Analyzer analyzer(rule_set({{"gaps", gaps}}), all);
    const std::vector<Decided> out = stream(analyzer, clip);
    const std::size_t last = rate > 30.0 ? 12 : 7;
    CHECK(out[last].is_filled && out[last].label == 0);
    CHECK(!out[last + 1].is_filled && out[last + 1].label == -1);
    CHECK(std::isnan(out[last + 1].scores[0]));
  }
}

CEXPR_TEST(without_settings_there_is_no_delay) {
  const RuleSet set = rule_set({{"gaps", text("none")}});
  const Clip clip = make_clip(50, 20);
  Analyzer analyzer(set, options());
  CHECK(analyzer.delay() == 0);
  check_equal(stream(analyzer, clip), whole(set, clip));
}

CEXPR_TEST(functions_over_time_look_back) {
  const RuleSet set =
      rule_set(everything("max", "hold"), "max_over(arousal, 7) * mean_over(fear, 0.2s)");
  const Clip clip = make_clip(60, 6);
  Analyzer analyzer(set, options());
  check_equal(stream(analyzer, clip), whole(set, clip));
}

CEXPR_TEST(filled_frames_may_stand_aside) {
  const Node compounds = map({{"kernel", text("gaussian")},
                              {"radius", integer(2)},
                              {"sigma", number(1.0)},
                              {"filled", text("skip")}});
  const RuleSet set = rule_set({{"smooth", map({{"compounds", compounds}})}});
  const Clip clip = make_clip(70, 6);
  Analyzer analyzer(set, options());
  check_equal(stream(analyzer, clip), whole(set, clip));
}

CEXPR_TEST(a_long_gap_is_held) {
  const RuleSet set = rule_set({});
  Clip clip(40);
  for (const std::size_t t : {2U, 3U, 10U, 30U}) {
    const float value = 0.01F * static_cast<float>(t);
    clip[t].push_back({1, std::vector<float>(kSignals.size(), value), 1.0F, 1.0F});
  }
  Analyzer analyzer(set, options());
  const std::vector<Decided> out = stream(analyzer, clip);
  CHECK_NEAR(out[0].scores[0], 0.02, kTolerance);  // held backwards
  CHECK_NEAR(out[6].scores[0], 0.06, kTolerance);  // a gap of six frames: on the line
  CHECK_NEAR(out[11].scores[0], 0.1, kTolerance);  // a gap of 19 frames: held
  CHECK_NEAR(out[29].scores[0], 0.1, kTolerance);
  CHECK_NEAR(out[39].scores[0], 0.3, kTolerance);
  CHECK(out[39].is_filled && !out[30].is_filled);
  CHECK(out[39].track == -1 && out[30].track == 1);
}

CEXPR_TEST(a_stream_without_faces_has_no_labels) {
  Analyzer analyzer(rule_set(everything("max", "interpolate")), options());
  for (const Decided& frame : stream(analyzer, Clip(60))) {
    CHECK(frame.label == -1 && !frame.is_filled && frame.face_count == 0);
    CHECK(std::isnan(frame.scores[0]) && std::isnan(frame.confidence));
  }
}

CEXPR_TEST(an_analyzer_starts_again_as_new) {
  const RuleSet set = rule_set(everything("max", "interpolate"), "mean_over(fear, 1s)");
  const Clip clip = make_clip(80, 6);
  Analyzer analyzer(set, options());
  const std::vector<Decided> first = stream(analyzer, clip);
  check_equal(stream(analyzer, clip), first);
  const std::vector<FaceSignals> faces = views(clip[0]);
  for (std::int64_t frame = 100; frame < 150; ++frame) {
    static_cast<void>(analyzer.push(frame, 9.0, {faces.data(), faces.size()}));
  }
  analyzer.reset();
  check_equal(stream(analyzer, clip), first);
  CHECK(analyzer.flush().empty());
}

CEXPR_TEST(steady_push_allocates_nothing) {
  for (const char* faces : {"max", "mean", "first", "each"}) {
    const RuleSet set = rule_set(everything(faces, "interpolate"), "mean_over(fear, 1s)");
    const Clip clip = make_clip(90, 6);
    std::vector<std::vector<FaceSignals>> all;
    for (const std::vector<Face>& one : clip) {
      all.push_back(views(one));
    }
    Analyzer analyzer(set, options());
    std::int64_t frame = 0;
    std::size_t decided = 0;
    const auto run = [&] {
      for (const std::vector<FaceSignals>& one : all) {
        decided +=
            analyzer.push(frame, 0.04 * static_cast<double>(frame), {one.data(), one.size()}).size;
        ++frame;
      }
    };
    run();
    const std::size_t before = cexpr::test::allocations();
    CHECK(before > 0);
    for (int round = 0; round < 20; ++round) {
      run();
    }
    decided += analyzer.flush().size;
    CHECK(cexpr::test::allocations() == before);
    CHECK(decided == 21 * clip.size());
  }
}

CEXPR_TEST(analyzers_in_parallel_do_not_meet) {
  const RuleSet set = rule_set(everything("max", "interpolate"), "mean_over(fear, 1s)");
  const Clip clip = make_clip(95, 6);
  Analyzer alone(set, options());
  const std::vector<Decided> expected = stream(alone, clip);
  std::vector<std::vector<Decided>> results(4);
  std::vector<std::thread> threads;
  for (std::vector<Decided>& result : results) {
    threads.emplace_back([&set, &clip, &result] {
      Analyzer analyzer(set, options());
      for (std::size_t t = 0; t < clip.size(); ++t) {
        const std::vector<FaceSignals> faces = views(clip[t]);
        keep(analyzer.push(static_cast<std::int64_t>(t) + 1, 0.04 * static_cast<double>(t),
                           {faces.data(), faces.size()}),
             result);
      }
      keep(analyzer.flush(), result);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const std::vector<Decided>& result : results) {
    check_equal(result, expected);
  }
}

CEXPR_TEST(misuse_is_refused_and_changes_nothing) {
  const RuleSet set = rule_set(everything("max", "interpolate"));
  const Clip clip = make_clip(99, 6);
  Analyzer analyzer(set, options());
  Analyzer other(set, options());
  const std::vector<Face> faces(2, {1, std::vector<float>(kSignals.size(), 0.5F), 1.0F, 1.0F});
  const std::vector<FaceSignals> twice = views(faces);
  const std::vector<FaceSignals> one(1, twice[0]);
  const std::vector<FaceSignals> many(4, one[0]);
  std::vector<FaceSignals> narrow = one;
  narrow[0].signals.size = 2;
  for (std::int64_t frame = 5; frame < 40; ++frame) {
    const double time = static_cast<double>(frame);
    const std::vector<Decided> got = [&] {
      std::vector<Decided> out;
      keep(analyzer.push(frame, time, {one.data(), 1}), out);
      return out;
    }();
    CHECK_THROWS(analyzer.push(frame, time, {}), ArgumentError);
    CHECK_THROWS(analyzer.push(frame + 2, time, {}), ArgumentError);
    CHECK_THROWS(analyzer.push(frame + 1, time - 0.5, {}), ArgumentError);
    CHECK_THROWS(analyzer.push(frame + 1, std::nan(""), {}), ArgumentError);
    CHECK_THROWS(analyzer.push(frame + 1, time, {twice.data(), 2}), ArgumentError);
    CHECK_THROWS(analyzer.push(frame + 1, time, {many.data(), 4}), ArgumentError);
    CHECK_THROWS(analyzer.push(frame + 1, time, {narrow.data(), 1}), ArgumentError);
    std::vector<Decided> expected;
    keep(other.push(frame, time, {one.data(), 1}), expected);
    check_equal(got, expected);
  }
}

CEXPR_TEST(options_that_no_stream_can_keep_are_refused) {
  const Node rows =
      map({{"kernel", text("box")}, {"radius", integer(3)}, {"window", text("rows")}});
  CHECK_THROWS(Analyzer(rule_set({{"smooth", map({{"expression", rows}})}}), options()),
               ArgumentError);
  const RuleSet set = rule_set({});
  AnalyzerOptions wrong = options();
  wrong.frames_per_second = 0.0;
  CHECK_THROWS(Analyzer(set, wrong), ArgumentError);
  wrong = options();
  wrong.max_faces = 0;
  CHECK_THROWS(Analyzer(set, wrong), ArgumentError);
  wrong = options();
  wrong.gap_frames = -1;
  CHECK_THROWS(Analyzer(set, wrong), ArgumentError);
  wrong = options();
  wrong.signals = {"fear"};
  CHECK_THROWS(Analyzer(set, wrong), cexpr::RuleError);
}

CEXPR_TEST(raw_outputs_are_what_their_signals_are) {
  cexpr::Head expression;
  expression.tensor = "logits";
  expression.first = 1;
  expression.end = 5;
  expression.activation = cexpr::Activation::softmax;
  expression.labels = {"surprise", "sadness", "happiness", "fear"};
  cexpr::Head valence_arousal;
  valence_arousal.tensor = "affect";
  cexpr::ModelOutputs outputs;
  outputs.expression = expression;
  outputs.valence_arousal = valence_arousal;
  const cexpr::Heads heads(outputs);
  const RuleSet set = rule_set(everything("max", "interpolate"), "fear * (arousal + 1)");
  AnalyzerOptions from_raw = options();
  from_raw.signals.clear();
  from_raw.heads = heads;
  AnalyzerOptions from_signals = options();
  from_signals.signals = heads.names();
  Analyzer raw(set, from_raw);
  Analyzer signals(set, from_signals);
  std::mt19937 random(5);
  std::normal_distribution<float> value(0.0F, 2.0F);
  std::vector<float> logits(6 * 2);
  std::vector<float> affect(2 * 2);
  std::vector<float> given(heads.names().size() * 2);
  std::size_t before = 0;
  std::vector<Decided> got;
  std::vector<Decided> expected;
  got.reserve(kFrames);
  for (std::size_t t = 0; t < kFrames; ++t) {
    for (std::vector<float>* all : {&logits, &affect}) {
      for (float& one : *all) {
        one = value(random);
      }
    }
    FaceSignals raw_faces[2];
    FaceSignals signal_faces[2];
    Span<const float> rows[2][2];
    for (std::size_t i = 0; i < 2; ++i) {
      rows[i][0] = {logits.data() + 6 * i, 6};
      rows[i][1] = {affect.data() + 2 * i, 2};
      raw_faces[i].track = signal_faces[i].track = static_cast<std::int64_t>(i);
      raw_faces[i].raw = {rows[i], 2};
      const std::size_t width = heads.names().size();
      const cexpr::Span2D<const float> tensors[] = {{rows[i][0].data, 1, 6, 6},
                                                    {rows[i][1].data, 1, 2, 2}};
      heads.apply({tensors, 2}, {given.data() + i * width, 1, width, width});
      signal_faces[i].signals = {given.data() + i * width, width};
    }
    const auto frame = static_cast<std::int64_t>(t);
    const double time = 0.04 * static_cast<double>(t);
    keep(signals.push(frame, time, {signal_faces, 2}), expected);
    const std::size_t allocated = cexpr::test::allocations();
    const Span<const DecidedFrame> ready = raw.push(frame, time, {raw_faces, 2});
    before += cexpr::test::allocations() - allocated;
    keep(ready, got);
    // What does not fit changes nothing.
    rows[1][0].size = 4;
    CHECK_THROWS(raw.push(frame + 1, time, {raw_faces, 2}), ArgumentError);
    raw_faces[0].raw.size = 1;
    CHECK_THROWS(raw.push(frame + 1, time, {raw_faces, 1}), ArgumentError);
  }
  CHECK(before == 0);
  keep(raw.flush(), got);
  keep(signals.flush(), expected);
  check_equal(got, expected);
  from_raw.signals = {"fear"};
  CHECK_THROWS(Analyzer(set, from_raw), ArgumentError);
}

CEXPR_TEST(seconds_become_frames_by_the_rate) {
  const Node smoothing = map({{"kernel", text("box")}, {"radius", text("0.2s")}});
  const RuleSet set = rule_set({{"smooth", map({{"expression", smoothing}})},
                                {"decide", map({{"min_duration", text("0.5s")}})},
                                {"gaps", text("hold")}});
  AnalyzerOptions fast = options();
  fast.frames_per_second = 50.0;
  CHECK(Analyzer(set, fast).delay() == 10 + 24);
}
