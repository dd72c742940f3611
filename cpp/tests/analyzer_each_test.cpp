#include <cstdint>
#include <string>
#include <vector>

#include "analyzer_each_reference.hpp"
#include "analyzer_rules.hpp"
#include "cexpr/analyzer.hpp"
#include "cexpr/error.hpp"
#include "check.hpp"
#include "counting_new.hpp"

using cexpr::Analyzer;
using cexpr::AnalyzerOptions;
using cexpr::DecidedFrame;
using cexpr::FaceSignals;
using cexpr::Node;
using cexpr::RuleSet;
using namespace cexpr::test;

namespace {

/// Who is shown, in frames without a label too, and in those without a face.
void check_tracks(const std::vector<Decided>& got, const std::vector<Decided>& expected) {
  for (std::size_t t = 0; t < expected.size(); ++t) {
    CHECK(got[t].track == expected[t].track);
  }
}

/// A face with the same value in all signals but sadness.
Face face_of(std::int64_t track, float value, float sadness = 0.0F) {
  std::vector<float> signals(kSignals.size(), value);
  signals[5] = sadness;
  return {track, signals, 1.0F, 1.0F};
}

/// The frames of a clip with one of its people alone.
Clip only(const Clip& clip, std::int64_t track) {
  Clip out(clip.size());
  for (std::size_t t = 0; t < clip.size(); ++t) {
    for (const Face& face : clip[t]) {
      if (face.track == track) {
        out[t].push_back(face);
      }
    }
  }
  return out;
}

}  // namespace

CEXPR_TEST(each_face_gets_what_its_own_clip_gives) {
  unsigned seed = 1;
  for (int round = 0; round < 10; ++round) {
    for (const char* gaps : {"interpolate", "hold", "none"}) {
      const RuleSet set = rule_set(everything("each", gaps));
      // Absences that the stream can see the end of: `gap_frames`, or the radius of the signals.
      const Clip clip = make_visits(seed++, gaps == std::string("interpolate") ? 6 : 8);
      Analyzer analyzer(set, options());
      const std::vector<Decided> expected = whole_each(set, clip);
      const std::vector<Decided> got = stream(analyzer, clip);
      check_equal(got, expected);
      check_tracks(got, expected);
    }
  }
}

CEXPR_TEST(a_face_is_not_filled_for_longer_than_the_limit) {
  unsigned seed = 60;
  for (const char* how : {"interpolate", "hold"}) {
    for (const int at_most : {0, 2, 5}) {
      const RuleSet set = rule_set(everything("each", gaps_of(how, at_most)));
      for (const Clip& clip : {make_visits(seed, 6), only(make_clip(seed, 40), 8)}) {
        Analyzer analyzer(set, options());
        const std::vector<Decided> expected = whole_each(set, clip);
        const std::vector<Decided> got = stream(analyzer, clip);
        check_equal(got, expected);
        check_tracks(got, expected);
      }
      ++seed;
    }
  }
}

CEXPR_TEST(filled_frames_of_a_face_may_stand_aside) {
  unsigned seed = 100;
  for (const char* filled : {"skip", "count"}) {
    for (const int min_frames : {1, 4}) {
      const Node compounds = map({{"kernel", text("gaussian")},
                                  {"radius", integer(4)},
                                  {"sigma", number(1.5)},
                                  {"filled", text(filled)}});
      const RuleSet set = rule_set(
          {{"smooth", map({{"compounds", compounds}})},
           {"faces", text("each")},
           {"decide", map({{"abstain_below", number(0.5)}, {"min_frames", integer(min_frames)}})}},
          "max_over(fear, 5) * sadness");
      const Clip clip = make_visits(seed++, 4);
      Analyzer analyzer(set, options());
      const std::vector<Decided> expected = whole_each(set, clip);
      const std::vector<Decided> got = stream(analyzer, clip);
      check_equal(got, expected);
      check_tracks(got, expected);
    }
  }
}

CEXPR_TEST(one_face_gives_what_merged_faces_give) {
  unsigned seed = 200;
  for (const char* gaps : {"interpolate", "hold", "none"}) {
    for (const std::size_t longest_gap : {6U, 40U}) {
      Clip clip = only(make_clip(seed++, longest_gap), 8);
      for (std::size_t t = 0; t < 20; ++t) {
        clip[t].clear();  // a late start
      }
      Analyzer each(rule_set(everything("each", gaps)), options());
      Analyzer merged(rule_set(everything("max", gaps)), options());
      CHECK(each.delay() == merged.delay());
      std::vector<Decided> got = stream(each, clip);
      for (Decided& frame : got) {
        CHECK(frame.faces.size() == frame.face_count);
        frame.faces.clear();  // which only `each` gives
      }
      check_equal(got, stream(merged, clip));
    }
  }
}

CEXPR_TEST(without_delay_a_label_holds_through_a_short_absence) {
  const RuleSet set =
      rule_set({{"faces", text("each")},
                {"gaps", text("hold")},
                {"decide", map({{"hysteresis", number(0.2)}, {"abstain_below", number(0.3)}})}});
  const Clip clip = make_visits(300, 6);
  Analyzer analyzer(set, options());
  CHECK(analyzer.delay() == 0);
  const std::vector<Decided> expected = whole_each(set, clip);
  const std::vector<Decided> got = stream(analyzer, clip);
  for (std::size_t t = 0; t < clip.size(); ++t) {
    check_faces(got[t].faces, expected[t].faces);
  }
}

CEXPR_TEST(a_frame_shows_its_strongest_face) {
  const RuleSet set = rule_set({{"faces", text("each")},
                                {"gaps", text("none")},
                                {"decide", map({{"abstain_below", number(0.5)}})}});
  Clip clip(5);
  clip[0] = {face_of(1, 0.6F), face_of(2, 0.7F)};
  clip[1] = {face_of(1, 0.7F), face_of(2, 0.7F)};
  clip[2] = {face_of(1, 0.1F), face_of(2, 0.3F)};
  clip[3] = {face_of(1, kNan, kNan), face_of(2, kNan, kNan)};
  clip[3][1].detection = 2.0F;
  Analyzer analyzer(set, options());
  const std::vector<Decided> out = stream(analyzer, clip);
  CHECK(out[0].track == 2 && out[0].label == 0);
  CHECK(out[1].track == 1);                        // a tie
  CHECK(out[2].track == 2 && out[2].label == -1);  // no label: the highest score
  CHECK(out[3].track == 2 && out[3].label == -1);  // no score: the best detection
  CHECK(out[4].track == -1 && out[4].face_count == 0 && out[4].faces.empty());
  CHECK_NEAR(out[0].signals[0], 0.7, kTolerance);
  CHECK(out[0].faces.size() == 2 && out[0].faces[0].track == 1 && out[0].faces[0].label == 0);
  CHECK_NEAR(out[0].faces[0].confidence, 0.6, kTolerance);
}

CEXPR_TEST(frames_between_two_people_belong_to_the_first) {
  const RuleSet set = rule_set({{"faces", text("each")}});
  Clip clip(9);
  clip[2] = {face_of(1, 0.4F)};
  clip[5] = {face_of(2, 0.8F)};
  Analyzer analyzer(set, options());
  const std::vector<Decided> out = stream(analyzer, clip);
  for (const std::size_t t : {0U, 1U, 3U, 4U}) {
    CHECK(out[t].track == -1 && out[t].is_filled);
    CHECK_NEAR(out[t].scores[0], 0.4, kTolerance);
  }
  for (const std::size_t t : {6U, 7U, 8U}) {
    CHECK(out[t].track == -1 && out[t].is_filled);
    CHECK_NEAR(out[t].scores[0], 0.8, kTolerance);
  }
}

CEXPR_TEST(a_face_that_stays_away_begins_anew) {
  const RuleSet set =
      rule_set({{"faces", text("each")},
                {"gaps", text("hold")},
                {"decide", map({{"hysteresis", number(0.3)}, {"min_frames", integer(3)}})}});
  for (const std::size_t absence : {5U, 30U}) {
    Clip clip(60);
    for (std::size_t t = 0; t < clip.size(); ++t) {
      clip[t] = {face_of(1, 0.2F)};
      if (t < 10 || t >= 10 + absence) {
        // The last compound leads at first, and is behind by less than the hysteresis later.
        clip[t].push_back(face_of(2, 0.4F, t < 10 ? 0.9F : 0.3F));
      }
    }
    Analyzer analyzer(set, options());
    const std::vector<Decided> out = stream(analyzer, clip);
    CHECK(out[9].faces[1].label == 2);
    CHECK(out[59].faces[1].label == (absence == 5 ? 2 : 0));
    CHECK(out[30].faces[0].label == 0);
  }
}

CEXPR_TEST(many_people_one_after_the_other_use_the_same_memory) {
  const RuleSet set = rule_set(everything("each", "interpolate"));
  Analyzer analyzer(set, options());
  std::int64_t track = 0;
  std::int64_t frame = 0;
  std::size_t decided = 0;
  std::size_t allocated = 0;
  const auto run = [&](int visits) {
    for (int visit = 0; visit < visits; ++visit) {
      const std::vector<Face> faces{face_of(track, 0.5F), face_of(track + 1, 0.7F)};
      const std::vector<FaceSignals> there = views(faces);
      track += 2;
      const std::size_t before = cexpr::test::allocations();
      for (int stay = 0; stay < 5; ++stay) {
        const double time = 0.04 * static_cast<double>(frame);
        decided += analyzer.push(frame++, time, {there.data(), there.size()}).size;
      }
      allocated += cexpr::test::allocations() - before;
    }
  };
  run(50);
  CHECK(allocated > 0);
  allocated = 0;
  run(200);
  const std::size_t before = cexpr::test::allocations();
  decided += analyzer.flush().size;
  CHECK(allocated == 0 && cexpr::test::allocations() == before);
  CHECK(decided == 250 * 5);
}
