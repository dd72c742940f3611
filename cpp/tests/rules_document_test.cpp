#include <limits>
#include <string>
#include <vector>

#include "check.hpp"
#include "rule_files.hpp"

namespace {

using namespace cexpr::test;
using cexpr::Node;
using cexpr::RuleError;
using cexpr::RuleSet;
using cexpr::rules::Smoothing;

const float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<std::int32_t> decide(const RuleSet& rules, const std::vector<float>& scores) {
  const std::size_t compounds = rules.compounds().size();
  const std::size_t rows = scores.size() / compounds;
  std::vector<std::int32_t> labels(rows);
  rules.decide({scores.data(), rows, compounds, compounds}, {labels.data(), rows});
  return labels;
}

RuleSet two_compounds(const Entries& rest) {
  return RuleSet::compile(file({{"A", text("fear")}, {"B", text("anger")}}, rest));
}

bool one_problem(const Entries& rest, const std::string& part) {
  const auto problems = problems_of(file({{"A", text("fear")}, {"B", text("anger")}}, rest));
  const bool fits = problems.size() == 1 && mentions(problems, part);
  for (const auto& problem : problems) {
    if (!fits) {
      std::cerr << "got: " << problem.message << '\n';
    }
  }
  return fits;
}

}  // namespace

CEXPR_TEST(a_file_is_read_whole) {
  const RuleSet rules = RuleSet::compile(
      file({{"A", text("mean(fear, wary)")}, {"B", text("1")}},
           {{"about", text("why")},
            {"source", text("arXiv:1")},
            {"let", map({{"wary", text("AU04 * twice")}, {"twice", integer(2)}})},
            {"faces", text("each")},
            {"gaps", text("hold")},
            {"smooth", map({{"all", map({{"kernel", text("box")}, {"radius", integer(3)}})},
                            {"action_units", text("none")},
                            {"compounds", map({{"kernel", text("gaussian")},
                                               {"sigma", text("0.5s")},
                                               {"filled", text("skip")}})}})},
            {"decide", map({{"abstain_below", number(0.5)},
                            {"exit_below", number(0.25)},
                            {"hysteresis", number(0.1)},
                            {"min_duration", text("0.5s")},
                            {"bias", map({{"B", number(0.25)}})},
                            {"priors", map({{"A", number(3)}, {"B", number(1)}})}})},
            {"events", map({{"min_duration", integer(5)}, {"merge_gap", text("1s")}})}}));
  CHECK(rules.name() == "test");
  CHECK(rules.about() == "why");
  CHECK(rules.source() == "arXiv:1");
  CHECK((rules.signals() == std::vector<std::string>{"fear", "AU04"}));
  CHECK((rules.compounds() == std::vector<std::string>{"A", "B"}));
  CHECK(rules.faces() == cexpr::rules::Faces::each);
  CHECK(rules.gaps() == cexpr::rules::Gaps::hold);
  CHECK(rules.smooth_expression().kernel == Smoothing::Kernel::box);
  CHECK(rules.smooth_valence_arousal().radius.value == 3.0);
  CHECK(rules.smooth_action_units().kernel == Smoothing::Kernel::none);
  CHECK(rules.smooth_compounds().radius.value == 1.5);
  CHECK(rules.smooth_compounds().radius.in_seconds);
  CHECK(rules.smooth_compounds().skip_filled);
  CHECK(rules.decision().abstain_below == 0.5);
  CHECK(rules.decision().exit_below == 0.25);
  CHECK(rules.decision().min_duration.in_seconds);
  CHECK((rules.decision().bias == std::vector<float>{0.0F, 0.25F}));
  CHECK((rules.decision().weight == std::vector<float>{1.5F, 0.5F}));
  CHECK(rules.events().min_duration.value == 5.0);
  CHECK(rules.events().merge_gap.in_seconds);
  CHECK(!rules.looks_over_time());
}

CEXPR_TEST(every_problem_is_reported_in_the_order_of_the_file) {
  Node broken = map({{"cexpr", integer(2)},
                     {"nmae", text("x")},
                     {"let", map({{"a", text("b")}, {"b", text("a")}, {"mean", text("1")}})},
                     {"compounds", map({{"X", text("feer")},
                                        {"Y", map({{"score", text("1")}, {"when", text("fear")}})},
                                        {"frame", text("1")}})},
                     {"faces", text("min")}});
  int line = 1;
  for (Node& item : broken.items) {
    item.line = line++;
  }
  const auto problems = problems_of(broken);
  for (const char* part :
       {"rule language 1", "unknown key 'nmae' in a rule file; did you mean 'name'?",
        "key 'name' is missing", "cycle among let: a -> b -> a", "a word of the language",
        "did you mean 'fear'?", "expected a condition", "names another column", "faces is max"}) {
    CHECK(mentions(problems, part));
  }
  CHECK(problems.size() == 9);
  for (std::size_t i = 1; i < problems.size(); ++i) {
    CHECK(problems[i - 1].line <= problems[i].line);
  }
}

CEXPR_TEST(messages_name_file_line_column_and_rule) {
  cexpr::rules::CompileOptions options;
  options.file = "rules/mine.yaml";
  try {
    RuleSet::compile(file({{"Sadly_Angry", text("sadness + angr", 12, 14)}}), options);
    CHECK(false);
  } catch (const RuleError& error) {
    CHECK(std::string(error.what()) ==
          "rules/mine.yaml:12:24: Sadly_Angry: unknown signal 'angr'; did you mean 'anger'?");
  }
}

CEXPR_TEST(duplicate_and_strange_keys_are_reported) {
  CHECK(mentions(problems_of(file({{"A", text("1")}, {"A", text("2")}})), "comes twice"));
  Node strange = file({{"A", text("1")}});
  strange.items.push_back(truth(true));
  strange.items.push_back(text("x"));
  CHECK(mentions(problems_of(strange), "put it in quotes"));
  CHECK(mentions(problems_of(file({})), "compounds is empty"));
  CHECK(mentions(problems_of(file({{"1A", text("1")}})), "letters, digits"));
  CHECK(mentions(problems_of(file({{"A,B", text("1")}})), "letters, digits"));
  CHECK(mentions(problems_of(file({{"fear", text("1")}})), "names another column"));
  CHECK(problems_of(file({{"\xC3\x84rger-1", text("anger")}})).empty());
  CHECK(mentions(problems_of(text("hello")), "a rule file is a map"));
  CHECK(mentions(problems_of(list({})), "a rule file is a map"));
}

CEXPR_TEST(compounds_take_score_when_otherwise_and_weights) {
  const RuleSet rules = RuleSet::compile(
      file({{"A", map({{"weights", map({{"fear", number(3)}, {"half", number(1)}})},
                       {"when", text("anger > 0.5")},
                       {"otherwise", text("-1")}})},
            {"B", map({{"score", number(0.25)}, {"when", truth(false)}})},
            {"C", truth(true)}},
           {{"let", map({{"half", text("anger / 2")}})}}));
  std::vector<float> scores(9);
  const std::vector<float> signals{0.4F, 0.8F, 0.4F, 0.2F, 0.4F, kNan};
  rules.bind({"fear", "anger"})
      .evaluate({signals.data(), 3, 2, 2}, {}, cexpr::rules::Windows::centred,
                {scores.data(), 3, 3, 3});
  CHECK_NEAR(scores[0], 0.4, 1e-6);
  CHECK_NEAR(scores[1], 0, 0);
  CHECK_NEAR(scores[2], 1, 0);
  CHECK_NEAR(scores[3], -1, 0);
  CHECK_NEAR(scores[6], kNan, 0);
  const auto problem = [](const Node& compound) { return problems_of(file({{"A", compound}})); };
  CHECK(mentions(problem(map({{"when", text("true")}})), "needs a score"));
  CHECK(mentions(problem(map({{"score", text("1")}, {"weights", map({})}})), "not both"));
  CHECK(mentions(problem(map({{"score", text("1")}, {"otherwise", text("0")}})), "goes with when"));
  CHECK(mentions(problem(map({{"weights", map({})}})), "weights is empty"));
  CHECK(mentions(problem(map({{"weights", map({{"feer", number(1)}})}})), "did you mean 'fear'?"));
  CHECK(mentions(problem(map({{"weights", map({{"fear", number(-1)}})}})), "0 or more"));
  CHECK(mentions(problem(map({{"weights", map({{"fear", text("x")}})}})), "a weight is a number"));
  CHECK(mentions(problem(list({})), "expected an expression, got a list"));
  CHECK(mentions(problem(Node{}), "expected an expression, got nothing"));
  CHECK(mentions(problem(number(std::numeric_limits<double>::infinity())), "within +-1e30"));
}

CEXPR_TEST(sections_refuse_what_they_do_not_know) {
  CHECK(one_problem({{"smooth", map({{"expresion", text("none")}})}}, "'expression'"));
  CHECK(one_problem({{"smooth", map({{"kernel", text("box")}})}}, "needs a radius"));
  CHECK(one_problem({{"smooth", map({{"kernel", text("gaussian")}})}}, "needs sigma"));
  CHECK(one_problem({{"smooth", map({{"kernel", text("gauss")}, {"radius", integer(1)}})}},
                    "'gaussian'"));
  CHECK(one_problem({{"smooth", map({{"kernel", text("box")}, {"radius", number(1.5)}})}},
                    "whole number"));
  CHECK(one_problem({{"smooth", map({{"kernel", text("box")}, {"radius", integer(-1)}})}},
                    "between 0"));
  CHECK(one_problem(
      {{"smooth", map({{"kernel", text("box")}, {"radius", integer(1)}, {"sigma", integer(1)}})}},
      "no sigma"));
  CHECK(one_problem(
      {{"smooth",
        map({{"kernel", text("gaussian")}, {"radius", text("1s")}, {"sigma", integer(1)}})}},
      "both in frames"));
  CHECK(one_problem(
      {{"smooth",
        map({{"kernel", text("box")}, {"radius", text("1s")}, {"window", text("rows")}})}},
      "not seconds"));
  CHECK(one_problem(
      {{"smooth",
        map({{"kernel", text("box")}, {"radius", integer(1)}, {"filled", text("skip")}})}},
      "unknown key 'filled'"));
  CHECK(one_problem({{"decide", map({{"abstain", number(1)}})}}, "'abstain_below'"));
  CHECK(one_problem({{"decide", map({{"bias", map({{"a", number(1)}})}})}}, "did you mean 'A'?"));
  CHECK(one_problem({{"decide", map({{"priors", map({{"A", number(1)}})}})}}, "'B' is missing"));
  CHECK(one_problem({{"decide", map({{"priors", map({})}})}}, "'A' and 1 more are missing"));
  CHECK(one_problem({{"decide", map({{"priors", map({{"A", number(1)}, {"B", number(0)}})}})}},
                    "above 0"));
  CHECK(one_problem({{"decide", map({{"hysteresis", number(-1)}})}}, "0 or more"));
  CHECK(
      one_problem({{"decide", map({{"abstain_below", number(0.1)}, {"exit_below", number(0.2)}})}},
                  "at most abstain_below"));
  CHECK(one_problem({{"decide", map({{"exit_below", number(0.2)}})}}, "which is missing"));
  CHECK(one_problem({{"decide", map({{"min_frames", integer(2)}, {"min_duration", text("1s")}})}},
                    "not both"));
  CHECK(one_problem({{"decide", map({{"min_frames", integer(0)}})}}, "between 1"));
  CHECK(one_problem({{"events", map({{"merge_gap", text("soon")}})}}, "seconds (0.5s)"));
  CHECK(one_problem({{"gaps", text("holdd")}}, "did you mean 'hold'?"));
  CHECK(one_problem({{"let", map({{"fear", text("1")}})}}, "is a signal"));
  CHECK(one_problem({{"let", map({{"a-b", text("1")}})}}, "letters, digits"));
  CHECK(one_problem({{"let", map({{"x", text("A + 1")}})}}, "is a compound"));
  CHECK(one_problem({{"tests", map({})}}, "tests is a list"));
  CHECK(one_problem({{"tests", list({map({{"given", map({})}})})}}, "key 'expect' is missing"));
  CHECK(one_problem(
      {{"tests", list({map({{"given", map({{"feer", number(1)}})}, {"expect", text("A")}})})}},
      "did you mean 'fear'?"));
  CHECK(one_problem({{"tests", list({map({{"given", map({})}, {"expect", text("C")}})})}},
                    "expect is a compound or none"));
  CHECK(one_problem(
      {{"tests",
        list(
            {map({{"given", map({})}, {"expect", text("A")}, {"absent", list({text("fear")})}})})}},
      "cannot run"));
}

CEXPR_TEST(long_cycles_and_long_chains_of_lets_do_not_recurse) {
  Entries chain;
  Entries circle;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    const std::string next = "v" + std::to_string(i + 1);
    chain.push_back({"v" + std::to_string(i), text(i + 1 == kCount ? "fear" : next + " + 1")});
    circle.push_back({"v" + std::to_string(i), text(i + 1 == kCount ? "v0" : next)});
  }
  CHECK(problems_of(file({{"A", text("v0")}}, {{"let", map(chain)}})).empty());
  const auto problems = problems_of(file({{"A", text("v0")}}, {{"let", map(circle)}}));
  CHECK(problems.size() == 1);
  CHECK(mentions(problems, "v0 -> v1 -> "));
}

CEXPR_TEST(trees_too_deep_or_too_large_are_refused) {
  Node deep = text("x");
  for (int i = 0; i < 200; ++i) {
    deep = list({deep});
  }
  CHECK(mentions(problems_of(file({{"A", deep}})), "levels inside each other"));
  CHECK(mentions(problems_of(file({{"A", text("1")}},
                                  {{"tests", list(std::vector<Node>(250000, text("x")))}})),
                 "more than 200000 values"));
  CHECK(problems_of(file({{"A", text("1")}}, {{"tests", list(std::vector<Node>(900, text("x")))}}))
            .size() == cexpr::rules::kMaxProblems + 1);
}

CEXPR_TEST(tests_cannot_take_unbounded_time) {
  CHECK(mentions(
      problems_of(file({{"A", text("1")}}, {{"tests", list(std::vector<Node>(1001, text("x")))}})),
      "more than 1000 tests"));
  std::string wide = "sum(fear";
  for (int i = 0; i < 3000; ++i) {
    wide += ",1";
  }
  Entries compounds;
  for (int i = 0; i < 100; ++i) {
    compounds.push_back({"C" + std::to_string(i), text(wide + ")")});
  }
  const std::vector<std::string>& signals = cexpr::rules::default_signals();
  std::vector<Node> cases;
  for (std::size_t i = 0; i < 300; ++i) {
    const Node absent = list({text(signals[4 + i % 18]), text(signals[4 + i / 18])});
    cases.push_back(map({{"given", map({})}, {"expect", text("C0")}, {"absent", absent}}));
  }
  CHECK(mentions(problems_of(file(compounds, {{"tests", list(cases)}})), "too many different"));
}

CEXPR_TEST(signals_that_are_missing_are_named_unless_guarded) {
  const RuleSet rules = RuleSet::compile(
      file({{"A", text("if(has(AU12), AU12, fear)")},
            {"B", map({{"score", text("let_au * 2")}, {"when", text("has(AU04) and AU04 > 0.5")}})},
            {"C", text("if(has(AU06) or has(AU07), 1, AU10)")}},
           {{"let", map({{"let_au", text("AU01")}, {"unused", text("AU26")}})}}));
  CHECK((rules.signals() ==
         std::vector<std::string>{"fear", "AU01", "AU04", "AU06", "AU07", "AU10", "AU12"}));
  const auto missing = rules.missing({"fear"});
  CHECK(missing.size() == 1);
  CHECK(mentions(missing, "'AU10'"));
  CHECK(rules.missing({"fear", "AU06"}).empty());
  CHECK(mentions(rules.missing({"fear", "AU06", "AU04"}), "'AU01'"));
  CHECK(rules.missing({"fear", "AU06", "AU04"})[0].rule == "let_au");
  CHECK_THROWS(rules.bind({}), RuleError);
  CHECK_THROWS(rules.bind({"fear", "fear"}), cexpr::ArgumentError);
  CHECK_NEAR(value_of("if(has(AU12), AU12, fear)", {{"fear", 0.5F}}), 0.5, 0);
  CHECK_NEAR(value_of("if(has(AU12), AU12, fear)", {{"fear", 0.5F}, {"AU12", 0.7F}}), 0.7, 1e-6);
  CHECK_NEAR(value_of("has(AU12)", {{"AU12", kNan}}), 1, 0);
}

CEXPR_TEST(rows_are_labelled_as_documented) {
  const RuleSet plain = two_compounds({});
  CHECK((decide(plain, {0.1F, 0.2F, 0.2F, 0.2F, 0.0F, 0.0F, kNan, 0.1F, kNan, kNan, kNan, 0.0F,
                        -1.0F, 0.0F}) == std::vector<std::int32_t>{1, 0, -1, 1, -1, -1, 0}));
  const RuleSet strict = two_compounds({{"decide", map({{"abstain_below", number(0.5)}})}});
  CHECK((decide(strict, {0.5F, 0.1F, 0.4F, 0.3F}) == std::vector<std::int32_t>{0, -1}));
  const RuleSet biased =
      two_compounds({{"decide", map({{"bias", map({{"B", number(0.3)}})},
                                     {"priors", map({{"A", number(1)}, {"B", number(3)}})}})}});
  // Weights 0.5 and 1.5. A closed gate stays closed whatever its bias.
  CHECK(
      (decide(biased, {0.8F, 0.1F, 0.1F, 0.0F, 1.0F, 0.1F}) == std::vector<std::int32_t>{1, 0, 0}));
  std::vector<std::int32_t> label(1);
  const std::vector<float> scores(3);
  CHECK_THROWS(plain.decide({scores.data(), 1, 3, 3}, {label.data(), 1}), cexpr::ArgumentError);
  CHECK_THROWS(plain.decide({scores.data(), 1, 2, 2}, {label.data(), 0}), cexpr::ArgumentError);
}

CEXPR_TEST(tests_of_a_file_run) {
  const RuleSet rules = RuleSet::compile(
      file({{"A", text("fear")}, {"B", text("if(has(AU12), AU12, anger)")}},
           {{"tests", list({map({{"given", map({{"fear", number(0.5)}})}, {"expect", text("A")}}),
                            map({{"given", map({{"fear", number(0.5)}, {"AU12", number(0.6)}})},
                                 {"expect", text("A")}}),
                            map({{"given", map({})}, {"expect", text("none")}}),
                            map({{"given", map({{"anger", number(0.1)}})},
                                 {"absent", list({text("AU12")})},
                                 {"name", text("no action units")},
                                 {"expect", text("B")}}),
                            map({{"given", map({{"fear", number(static_cast<double>(kNan))}})},
                                 {"expect", Node{}}})})}}));
  const auto results = rules.run_tests();
  CHECK(results.size() == 5);
  CHECK(results[0].passed);
  CHECK(!results[1].passed);
  CHECK(results[1].got == 1);
  CHECK(results[1].runner_up == 0);
  CHECK(results[2].passed);
  CHECK(results[3].passed);
  CHECK(results[4].passed);
  CHECK(rules.tests()[3].name == "no action units");
}

CEXPR_TEST(a_row_is_explained) {
  const RuleSet rules = RuleSet::compile(
      file({{"A", map({{"score", text("mean(fear, high)")}, {"when", text("1 < fear < 2")}})},
            {"B", text("mean_over(fear, 3) + if(has(AU12), AU12, 0)")},
            {"C", text("anger")}},
           {{"let", map({{"high", text("fear * 2")}})}}));
  const std::vector<float> signals{0.2F, 0.0F, 0.4F, 0.1F, 0.6F, 0.0F};
  const auto bound = rules.bind({"fear", "anger"});
  const auto row = bound.explain({signals.data(), 3, 2, 2}, {}, cexpr::rules::Windows::centred, 1);
  CHECK(row.compounds[0].gate_closed);
  CHECK_NEAR(row.compounds[0].score, 0, 0);
  CHECK_NEAR(row.compounds[0].value.value, 0.6, 1e-6);
  CHECK(row.compounds[0].value.parts[1].kind == "let");
  CHECK_NEAR(row.compounds[0].value.parts[1].value, 0.8, 1e-6);
  CHECK(row.compounds[0].when->parts.size() == 3);
  CHECK(row.compounds[1].value.parts[0].text == "mean_over(fear, 3)");
  CHECK_NEAR(row.compounds[1].value.parts[0].value, 0.4, 1e-6);
  CHECK(row.lets.size() == 1);
  CHECK(row.lets[0].name == "high");
  CHECK(row.winner == 1);
  CHECK(row.runner_up == 2);
  CHECK(row.reason == "B with 0.4, 0.3 ahead of C");
  CHECK_THROWS(bound.explain({signals.data(), 3, 2, 2}, {}, cexpr::rules::Windows::centred, 3),
               cexpr::ArgumentError);
}

CEXPR_TEST(shapes_that_do_not_fit_are_refused) {
  const RuleSet rules = two_compounds({});
  const auto bound = rules.bind({"fear", "anger"});
  std::vector<float> values(8);
  const auto evaluate = [&](std::size_t columns, std::size_t rows, std::size_t compounds) {
    bound.evaluate({values.data(), 2, columns, columns}, {}, cexpr::rules::Windows::centred,
                   {values.data() + 4, rows, compounds, compounds});
  };
  CHECK_THROWS(evaluate(1, 2, 2), cexpr::ArgumentError);
  CHECK_THROWS(evaluate(2, 1, 2), cexpr::ArgumentError);
  CHECK_THROWS(evaluate(2, 2, 1), cexpr::ArgumentError);
  evaluate(2, 2, 2);
  bound.evaluate({nullptr, 0, 2, 2}, {}, cexpr::rules::Windows::centred, {nullptr, 0, 2, 2});
}

CEXPR_TEST(scores_do_not_depend_on_the_number_of_rows) {
  const RuleSet rules = RuleSet::compile(
      file({{"A", text("gmean(fear, anger) + hmean(fear, anger)")},
            {"B", text("if(fear > anger, fear ^ anger, sigmoid(fear - anger))")}}));
  std::vector<float> signals;
  for (int i = 0; i < 1000; ++i) {
    signals.push_back(static_cast<float>((i * 37) % 101) / 101.0F);
  }
  const auto bound = rules.bind({"fear", "anger"});
  std::vector<float> all(1000);
  std::vector<float> one(2);
  bound.evaluate({signals.data(), 500, 2, 2}, {}, cexpr::rules::Windows::centred,
                 {all.data(), 500, 2, 2});
  for (std::size_t i = 0; i < 500; ++i) {
    bound.evaluate({signals.data() + 2 * i, 1, 2, 2}, {}, cexpr::rules::Windows::centred,
                   {one.data(), 1, 2, 2});
    CHECK_NEAR(one[0], all[2 * i], 0);
    CHECK_NEAR(one[1], all[2 * i + 1], 0);
  }
}
