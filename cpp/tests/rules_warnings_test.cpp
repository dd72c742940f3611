#include <string>
#include <vector>

#include "check.hpp"
#include "rule_files.hpp"

using cexpr::Node;
using cexpr::RuleSet;
using cexpr::rules::Problem;
using namespace cexpr::test;

namespace {

std::vector<Problem> warnings_of(const Entries& compounds, const Entries& rest = {}) {
  return RuleSet::compile(file(compounds, rest)).warnings();
}

/// Whether there is one warning, and it says `part`.
bool warns(const Entries& compounds, const Entries& rest, const std::string& part) {
  const auto warnings = warnings_of(compounds, rest);
  for (const Problem& warning : warnings) {
    if (warning.message.find(part) == std::string::npos) {
      std::cerr << "  got: " << warning.rule << ": " << warning.message << '\n';
    }
  }
  return warnings.size() == 1 && mentions(warnings, part);
}

bool warns(const std::string& score, const std::string& part) {
  return warns({{"A", text(score)}}, {}, part);
}

bool is_silent(const std::string& score) { return warnings_of({{"A", text(score)}}).empty(); }

Entries decide(const std::string& key, const Node& value) {
  return {{"decide", map({{key, value}})}};
}

Entries gated(const std::string& when) {
  return {{"A", map({{"score", text("fear")}, {"when", text(when)}})}};
}

}  // namespace

CEXPR_TEST(comparisons_that_no_face_can_change) {
  CHECK(warns(gated("valence > 3"), {},
              "'valence > 3' is never true: valence lies between -1 and 1"));
  CHECK(warns(gated("AU12 > 2.5"), {}, "AU12 lies between 0 and 1"));
  CHECK(warns(gated("fear <= 1"), {}, "'fear <= 1' is always true"));
  CHECK(warns(gated("anger < 0.5 and 1.5 < fear < 2"), {}, "'1.5 < fear' is never true"));
  CHECK(warns(gated("0 <= fear < 2"), {}, "'0 <= fear < 2' is always true"));
  CHECK(warns(gated("mean(fear, anger) > 50"), {}, "mean(fear, anger) lies between 0 and 1"));
  CHECK(warns(gated("fear + anger > 3 * surprise + 4"), {}, "is never true"));
  CHECK(warns("if(fear == 2, 1, 0) + anger", "never true"));
  CHECK(warns("fear * (valence < -1)", "never true"));
  CHECK(warns("fear * (exp(valence) > 3)", "exp(valence) lies between"));
}

CEXPR_TEST(what_can_be_either_is_no_warning) {
  for (const char* score : {"fear * (valence > 0.99)",
                            "fear * (fear >= 1)",
                            "fear * (log(fear) < -100)",
                            "fear * (fear / surprise > 1000)",
                            "fear * (slope_over(fear, 1s) > 5)",
                            "fear * (0 <= fear < 0.5)",
                            "fear * (fear == surprise)",
                            "fear * (fear - surprise < 0)",
                            "fear * (2 > 1)",
                            "fear * (valence ^ 2 > 0.5)",
                            "fear * (abs(valence) > 0.9)",
                            "fear * sqrt(valence)",
                            "fear * (hmean(fear, anger) > 0.9)",
                            "fear * (gmean(fear, anger) > 0.9)",
                            "fear * (weighted(fear = 3, anger = 1) > 0.9)",
                            "fear * (clamp(valence, 0, 2) < 0.1)",
                            "fear * (if(has(AU12), AU12, happiness) > 0.9)",
                            "fear * (sigmoid(8 * valence) > 0.99)",
                            "fear * (max_over(fear, 500) > 0.5)",
                            "fear * (2 ^ valence > 1.9)",
                            "fear * (min(fear, 2) > 0.9)",
                            "fear * (product(fear, 2) > 1.9)"}) {
    CHECK(is_silent(score));
    if (!is_silent(score)) {
      std::cerr << "  " << score << '\n';
    }
  }
}

CEXPR_TEST(a_switch_made_of_numbers_is_no_warning) {
  CHECK(warnings_of({{"A", map({{"score", text("fear")}, {"when", text("level > 3")}})}},
                    {{"let", map({{"level", integer(5)}})}})
            .empty());
}

CEXPR_TEST(a_compound_that_never_wins) {
  CHECK(warns("0 * fear", "the score is always 0"));
  CHECK(warns("min(fear, 0)", "the score is always 0"));
  CHECK(warns(gated("false"), {}, "when is never true"));
  CHECK(warns({{"A", map({{"score", text("fear")}, {"when", text("never")}})}},
              {{"let", map({{"never", text("true and false")}})}}, "when is never true"));
  CHECK(warns({{"A", text("mean(fear, anger)")}, {"B", text("mean(fear, anger)")}}, {},
              "the rule is that of A"));
  CHECK(warnings_of({{"A", text("fear")}, {"B", text("fear")}},
                    {{"decide", map({{"bias", map({{"B", number(0.1)}})}})}})
            .empty());
}

CEXPR_TEST(settings_that_no_score_can_reach) {
  CHECK(warns({{"A", text("fear")}}, decide("abstain_below", integer(3)),
              "the score is at most 1, below abstain_below (3)"));
  CHECK(warns({{"A", text("fear")}, {"B", text("anger")}}, decide("hysteresis", integer(5)),
              "no score can lead another by more than 1"));
  CHECK(warnings_of({{"A", text("10 * fear")}, {"B", text("anger")}},
                    decide("hysteresis", integer(5)))
            .empty());
}

CEXPR_TEST(values_that_nothing_reads) {
  const Entries lets = {
      {"let", map({{"used", text("fear")}, {"idle", text("deeper")}, {"deeper", text("anger")}})}};
  const auto warnings = warnings_of({{"A", text("used")}}, lets);
  CHECK(warnings.size() == 2);
  CHECK(warnings[0].rule == "idle" && warnings[1].rule == "deeper");
  CHECK(mentions(warnings, "no compound reads this value"));
}

CEXPR_TEST(lengths_that_look_like_milliseconds) {
  const Entries fear = {{"A", text("fear")}};
  CHECK(warns(fear, decide("min_duration", integer(500)),
              "min_duration is 500 frames, 20 s at 25 frames per second; if milliseconds are "
              "meant, write 0.5s"));
  CHECK(warns(
      fear, decide("min_frames", integer(300)),
      "min_frames is 300 frames, 12 s at 25 frames per second; if milliseconds are meant, write "
      "min_duration: 0.3s"));
  CHECK(warns(fear, decide("min_duration", text("500s")), "min_duration is 500 seconds"));
  CHECK(warnings_of(fear, decide("min_duration", integer(250))).empty());
  CHECK(warnings_of(fear, decide("min_duration", text("20s"))).empty());
  CHECK(warns(fear, {{"events", map({{"merge_gap", integer(400)}})}}, "write 0.4s"));
  CHECK(warns(fear,
              {{"smooth",
                map({{"expression", map({{"kernel", text("box")}, {"radius", integer(2000)}})}})}},
              "radius is 2000 frames"));
  CHECK(warns(
      fear,
      {{"smooth",
        map({{"kernel", text("gaussian")}, {"sigma", integer(1500)}, {"radius", integer(10)}})}},
      "sigma is 1500 frames"));
  CHECK(warns("mean_over(fear, 4000)", "the window is 4000 frames"));
}

CEXPR_TEST(test_values_outside_the_range_of_their_signal) {
  const Entries fear = {{"A", text("fear")}};
  CHECK(warns(
      fear,
      {{"tests", list({map({{"given", map({{"fear", integer(55)}})}, {"expect", text("A")}})})}},
      "fear lies between 0 and 1, got 55"));
  CHECK(warns(fear,
              {{"tests", list({map({{"frames", list({map({{"valence", integer(-2)}})})},
                                    {"expect", list({text("any")})}})})}},
              "valence lies between -1 and 1, got -2"));
}

CEXPR_TEST(warnings_have_places_and_come_in_order) {
  Node compound = text("fear * (valence > 3)", 7, 6);
  const Node root =
      map({{"cexpr", integer(1)},
           {"name", text("placed")},
           {"decide", map({{"min_frames", Node::make_number(Node::Kind::integer, 900.0, 3, 15)}})},
           {"compounds", map({{"A", compound}})}});
  const auto warnings = RuleSet::compile(root).warnings();
  CHECK(warnings.size() == 2);
  CHECK(warnings[0].line == 3 && warnings[0].column == 15 && warnings[0].rule == "decide");
  CHECK(warnings[1].line == 7 && warnings[1].column == 14 && warnings[1].rule == "A");
}

CEXPR_TEST(a_comma_inside_braces_is_explained) {
  // {score: mean(fear, surprise), when: clamp(valence, 0, 1) > 0.5}
  Node compound = map({{"score", text("mean(fear", 4, 14)},
                       {"surprise)", Node::make(Node::Kind::null, 4, 33)},
                       {"when", text("clamp(valence")}});
  compound.items.push_back(integer(0));
  compound.items.push_back(Node::make(Node::Kind::null, 1, 1));
  compound.items.push_back(text("1) > 0.5"));
  compound.items.push_back(Node::make(Node::Kind::null, 1, 1));
  const auto problems = problems_of(file({{"A", compound}}));
  CHECK(problems.size() == 2);
  CHECK(mentions(problems, "put the expression in quotes: when: \"clamp(valence, 0, 1) > 0.5\""));
  CHECK(problems.back().line == 4 && problems.back().column == 23);
  CHECK(mentions(problems, "a comma inside { } ends the value, which is 'mean(fear' then"));
  const Node nothing = Node::make(Node::Kind::null, 1, 1);
  const auto both = problems_of(file({{"A", text("mean(fear")},
                                      {"surprise)", nothing},
                                      {"B", text("mean(anger")},
                                      {"surprise)", nothing}}));
  CHECK(both.size() == 2);
  CHECK(mentions(both, "quotes: B: \"mean(anger, surprise)\""));
  const auto lets = problems_of(
      file({{"A", text("low")}}, {{"let", map({{"low", text("min(fear")}, {"anger)", nothing}})}}));
  CHECK(lets.size() == 1 && lets[0].rule == "low");
  // What is inside is checked all the same.
  CHECK(mentions(problems_of(file({{"A", text("mean(feer")}, {"anger)", nothing}})),
                 "did you mean 'fear'?"));
  CHECK(mentions(problems_of(file({{"A", text("mean(fear")}, {"B", text("anger")}})),
                 "never closed"));
}

CEXPR_TEST(unknown_action_units_are_answered_with_those_that_there_are) {
  const auto message = [](const std::string& score) {
    return problems_of(file({{"A", text(score)}})).at(0).message;
  };
  CHECK(message("AU05") ==
        "unknown action unit 'AU05'; there are AU01 AU02 AU04 AU06 AU07 AU10 "
        "AU12 AU15 AU23 AU24 AU25 AU26");
  CHECK(message("AU45_r").find("there are AU01") != std::string::npos);
  CHECK(message("AU1") == "unknown signal 'AU1'; did you mean 'AU01'?");
  CHECK(message("au12_r") == "unknown signal 'au12_r'; did you mean 'AU12'?");
  CHECK(message("AUX").find("unknown signal 'AUX'") == 0);
  CHECK(mentions(problems_of(file({{"A", text("fear")}},
                                  {{"tests", list({map({{"given", map({{"AU09", number(1.0)}})},
                                                        {"expect", text("A")}})})}})),
                 "unknown action unit 'AU09'"));
}

CEXPR_TEST(a_key_that_comes_twice_is_shown_at_both_places) {
  Node root = file({{"A", text("fear")}});
  root.items.push_back(text("name", 9, 1));
  root.items.push_back(text("again", 9, 7));
  root.items[2] = text("name", 2, 1);
  const auto problems = problems_of(root);
  CHECK(problems.size() == 1 && problems[0].line == 9);
  CHECK(mentions(problems, "key 'name' comes twice in a rule file, first in line 2, column 1"));
}
