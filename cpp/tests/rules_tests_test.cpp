#include <cmath>
#include <string>
#include <vector>

#include "check.hpp"
#include "rule_files.hpp"

using cexpr::Node;
using cexpr::RuleSet;
using cexpr::rules::TestResult;
using namespace cexpr::test;

namespace {

const Entries kTwo = {{"A", text("fear")}, {"B", text("anger")}};

Node step(const Entries& signals, int repeat = 1) {
  Entries all = signals;
  all.emplace_back("repeat", integer(repeat));
  return map(all);
}

Node no_face(int repeat) { return map({{"no_face", truth(true)}, {"repeat", integer(repeat)}}); }

Node over_time(std::vector<Node> frames, std::vector<Node> labels, const Entries& rest = {}) {
  Entries all = {{"frames", list(std::move(frames))}, {"expect", list(std::move(labels))}};
  all.insert(all.end(), rest.begin(), rest.end());
  return map(all);
}

TestResult run(const Node& one, Entries rest = {}, const Entries& compounds = kTwo) {
  rest.emplace_back("tests", list({one}));
  const auto results = RuleSet::compile(file(compounds, rest)).run_tests();
  CHECK(results.size() == 1);
  return results.at(0);
}

bool refuses(const Node& one, const std::string& part) {
  const auto problems = problems_of(file(kTwo, {{"tests", list({one})}}));
  for (const auto& problem : problems) {
    if (!mentions({problem}, part)) {
      std::cerr << "  got: " << problem.message << '\n';
    }
  }
  return problems.size() == 1 && mentions(problems, part);
}

}  // namespace

CEXPR_TEST(each_frame_of_an_entry_has_its_label) {
  const TestResult result =
      run(over_time({step({}), step({{"fear", number(0.6)}}, 3), step({{"anger", number(0.5)}})},
                    {Node::make(Node::Kind::null, 1, 1), text("A"), text("B")}));
  CHECK(result.passed);
  CHECK((result.labels == std::vector<std::int32_t>{-1, 0, 0, 0, 1}));
  CHECK(result.scores.size() == 10);
  CHECK_NEAR(result.scores[2], 0.6, 1e-6);
}

CEXPR_TEST(the_first_frame_that_is_wrong_is_told) {
  const TestResult result =
      run(over_time({step({{"fear", number(0.6)}, {"anger", number(0.2)}}, 2),
                     step({{"fear", number(0.3)}, {"anger", number(0.1)}}, 2)},
                    {text("A"), text("B")}));
  CHECK(!result.passed);
  CHECK(result.frame == 2 && result.got == 0 && result.runner_up == 1);
}

CEXPR_TEST(hysteresis_and_short_runs_count) {
  const Entries brief = {{"decide", map({{"min_frames", integer(3)}})}};
  const Node flicker = over_time(
      {step({{"fear", number(0.6)}}, 5), step({{"fear", number(0.3)}, {"anger", number(0.5)}}, 2),
       step({{"fear", number(0.6)}}, 5)},
      {text("A"), text("A"), text("A")});
  CHECK(run(flicker, brief).passed);
  CHECK(!run(flicker).passed);
  const Node lead = over_time(
      {step({{"fear", number(0.5)}}), step({{"fear", number(0.5)}, {"anger", number(0.55)}}),
       step({{"fear", number(0.5)}, {"anger", number(0.7)}})},
      {text("A"), text("A"), text("B")});
  CHECK(run(lead, {{"decide", map({{"hysteresis", number(0.1)}})}}).passed);
  CHECK(!run(lead).passed);
}

CEXPR_TEST(seconds_are_those_of_the_frame_rate) {
  const Entries brief = {{"decide", map({{"min_duration", text("0.2s")}})}};
  const auto flicker = [](double rate) {
    return over_time({step({{"fear", number(0.6)}}, 10),
                      step({{"fear", number(0.3)}, {"anger", number(0.5)}}, 3),
                      step({{"fear", number(0.6)}}, 10)},
                     {text("A"), text("B"), text("A")}, {{"fps", number(rate)}});
  };
  CHECK(run(flicker(10.0), brief).passed);
  CHECK(!run(flicker(25.0), brief).passed);
}

CEXPR_TEST(signals_and_scores_are_smoothed_as_in_a_clip) {
  const Node box = map({{"kernel", text("box")}, {"radius", integer(1)}});
  const Node spike = over_time({step({}, 2), step({{"fear", number(0.9)}}), step({}, 2)},
                               {text("any"), text("any"), text("any")});
  for (const char* group : {"expression", "compounds"}) {
    const TestResult result = run(spike, {{"smooth", map({{group, box}})}});
    CHECK(result.passed);
    const float expected[] = {0.0F, 0.3F, 0.3F, 0.3F, 0.0F};
    for (std::size_t t = 0; t < 5; ++t) {
      CHECK_NEAR(result.scores[2 * t], expected[t], 1e-6);
    }
  }
  CHECK_NEAR(run(spike, {{"smooth", map({{"action_units", box}})}}).scores[4], 0.9, 1e-6);
}

CEXPR_TEST(windows_look_at_the_frames_around) {
  const TestResult result = run(over_time({step({}), step({{"fear", number(0.6)}}), step({})},
                                          {text("A"), text("A"), text("A")}),
                                {}, {{"A", text("max_over(fear, 3)")}, {"B", text("anger")}});
  CHECK(result.passed);
}

CEXPR_TEST(frames_without_a_face_are_filled) {
  const std::vector<Node> frames = {step({{"fear", number(0.2)}}), no_face(3),
                                    step({{"fear", number(0.6)}})};
  const std::vector<Node> held = {text("A"), text("A"), text("A")};
  const TestResult line = run(over_time(frames, held));
  CHECK(line.passed);
  CHECK_NEAR(line.scores[4], 0.4, 1e-6);
  CHECK_NEAR(run(over_time(frames, held), {{"gaps", text("hold")}}).scores[4], 0.2, 1e-6);
  const TestResult none =
      run(over_time(frames, {text("A"), text("none"), text("A")}), {{"gaps", text("none")}});
  CHECK(none.passed && std::isnan(none.scores[4]));
  CHECK(run(over_time({no_face(2)}, {text("none")})).passed);
  // Filled frames take no part in the mean of others, unless the file says so.
  const auto smoothed = [&](const char* filled) {
    const Node box =
        map({{"kernel", text("box")}, {"radius", integer(1)}, {"filled", text(filled)}});
    return run(over_time(frames, held), {{"smooth", map({{"compounds", box}})}});
  };
  CHECK_NEAR(smoothed("skip").scores[0], 0.2, 1e-6);
  CHECK_NEAR(smoothed("skip").scores[4], 0.4, 1e-6);
  CHECK_NEAR(smoothed("count").scores[0], 0.25, 1e-6);
}

CEXPR_TEST(gaps_are_read_in_both_forms) {
  const auto read = [](const Node& gaps) {
    return RuleSet::compile(file({{"A", text("fear")}}, {{"gaps", gaps}}));
  };
  const RuleSet silent = RuleSet::compile(file({{"A", text("fear")}}));
  CHECK(silent.gaps() == cexpr::rules::Gaps::interpolate);
  for (const RuleSet& rules : {silent, read(text("hold")), read(map({{"how", text("hold")}}))}) {
    CHECK(rules.gaps_at_most().value == 1.0 && rules.gaps_at_most().in_seconds);
  }
  const RuleSet frames = read(map({{"how", text("hold")}, {"at_most", integer(7)}}));
  CHECK(frames.gaps() == cexpr::rules::Gaps::hold);
  CHECK(frames.gaps_at_most().value == 7.0 && !frames.gaps_at_most().in_seconds);
  CHECK(std::isinf(read(map({{"at_most", text("unlimited")}})).gaps_at_most().value));
  const auto refused = [](const Node& gaps, const char* part) {
    const auto problems = problems_of(file({{"A", text("fear")}}, {{"gaps", gaps}}));
    return problems.size() == 1 && mentions(problems, part);
  };
  CHECK(refused(map({{"how", text("holdd")}}), "did you mean 'hold'?"));
  CHECK(refused(map({{"for", text("1s")}}), "unknown key 'for' in gaps; expected how or at_most"));
  CHECK(refused(map({{"at_most", text("for ever")}}),
                "at_most, if not unlimited, is a number of frames (10) or seconds (0.5s)"));
  CHECK(refused(map({{"how", text("none")}, {"at_most", text("1s")}}),
                "at_most goes with interpolate and hold"));
}

CEXPR_TEST(long_gaps_are_not_filled_to_their_end) {
  const Node box = map({{"kernel", text("box")}, {"radius", integer(2)}});
  for (const char* filled : {"skip", "count"}) {
    Node compounds = box;
    compounds.items.push_back(text("filled"));
    compounds.items.push_back(text(filled));
    const TestResult held = run(
        over_time({step({{"fear", number(0.6)}}), no_face(4), step({{"fear", number(0.6)}})},
                  {text("A"), text("any"), text("A")}),
        {{"gaps", map({{"at_most", integer(2)}})}, {"smooth", map({{"compounds", compounds}})}});
    CHECK(held.passed);
    // Smoothing does not reach into what is left empty.
    CHECK((held.labels == std::vector<std::int32_t>{0, 0, 0, -1, -1, 0}));
    CHECK(std::isnan(held.scores[6]) && std::isnan(held.scores[8]));
  }
}

CEXPR_TEST(signals_may_be_absent_over_time) {
  const Node absent = list({text("AU12")});
  CHECK(run(over_time({step({{"fear", number(0.5)}})}, {text("A")}, {{"absent", absent}}), {},
            {{"A", text("if(has(AU12), AU12, fear)")}, {"B", text("anger")}})
            .passed);
  CHECK(refuses(over_time({step({{"AU12", number(0.5)}})}, {text("A")}, {{"absent", absent}}),
                "'AU12' is both given and absent"));
}

CEXPR_TEST(wrong_tests_over_time_are_refused) {
  const Node fear = map({{"fear", number(0.5)}});
  CHECK(refuses(over_time({fear}, {text("A"), text("B")}),
                "one label for each of the 1 entries of frames, got 2 labels"));
  CHECK(refuses(map({{"frames", list({fear})}, {"expect", text("A")}}), "expect is a list"));
  CHECK(refuses(over_time({fear}, {text("C")}), "a compound, none or any, got 'C'"));
  CHECK(refuses(over_time({step({}, 0)}, {text("A")}), "repeat is a whole number of frames"));
  CHECK(refuses(over_time({map({{"feer", number(0.5)}})}, {text("A")}), "did you mean 'fear'?"));
  CHECK(refuses(over_time({fear}, {text("A")}, {{"given", fear}}), "not both"));
  CHECK(refuses(over_time({fear}, {text("A")}, {{"fps", integer(0)}}), "fps lies above 0"));
  CHECK(refuses(map({{"given", fear}, {"expect", text("A")}, {"fps", integer(25)}}),
                "fps goes with frames"));
  CHECK(refuses(map({{"expect", text("A")}}), "a test needs given (one frame) or frames"));
  CHECK(refuses(map({{"frames", list({})}, {"expect", list({})}}), "an empty list"));
  CHECK(refuses(map({{"frames", integer(3)}, {"expect", list({})}}), "frames is a list"));
  CHECK(refuses(over_time({map({{"no_face", truth(true)}, {"fear", number(0.5)}})}, {text("A")}),
                "a frame without a face has no signals"));
  CHECK(refuses(over_time({map({{"no_face", text("yes")}})}, {text("A")}), "true or false"));
  CHECK(refuses(over_time({step({}, 5000), step({}, 1)}, {text("none"), text("none")}),
                "more than 5000 frames together"));
}
