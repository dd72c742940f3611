#include <limits>
#include <string>

#include "check.hpp"
#include "rule_files.hpp"

namespace {

using namespace cexpr::test;
using cexpr::RuleSet;

constexpr double kTolerance = 1e-6;  // float32, values around 1
const float kNan = std::numeric_limits<float>::quiet_NaN();

/// The one problem of an expression, "column: message".
std::string problem_of(const std::string& expression) {
  const auto problems = problems_of(file({{"C", text(expression, 7, 11)}}));
  if (problems.size() != 1) {
    return std::to_string(problems.size()) + " problems";
  }
  return std::to_string(problems[0].column) + ": " + problems[0].message;
}

bool fails(const std::string& expression, int column, const std::string& part) {
  const std::string problem = problem_of(expression);
  const bool fits = problem.rfind(std::to_string(column + 10) + ": ", 0) == 0 &&
                    problem.find(part) != std::string::npos;
  if (!fits) {
    std::cerr << expression << " gives " << problem << '\n';
  }
  return fits;
}

}  // namespace

CEXPR_TEST(precedence_is_that_of_python) {
  CHECK_NEAR(value_of("1 + 2 * 3"), 7, 0);
  CHECK_NEAR(value_of("(1 + 2) * 3"), 9, 0);
  CHECK_NEAR(value_of("7 - 2 - 1"), 4, 0);
  CHECK_NEAR(value_of("8 / 4 / 2"), 1, 0);
  CHECK_NEAR(value_of("2 ^ 3 ^ 2"), 512, 0);
  CHECK_NEAR(value_of("-2 ^ 2"), -4, 0);
  CHECK_NEAR(value_of("2 ^ -1"), 0.5, 0);
  CHECK_NEAR(value_of("--3"), 3, 0);
  CHECK_NEAR(value_of("+3 - -1"), 4, 0);
  CHECK_NEAR(value_of("not 1 > 2"), 1, 0);
  CHECK_NEAR(value_of("not true or true"), 1, 0);
  CHECK_NEAR(value_of("true or false and false"), 1, 0);
  CHECK_NEAR(value_of("1 < 2 < 3"), 1, 0);
  CHECK_NEAR(value_of("1 < 3 < 2"), 0, 0);
  CHECK_NEAR(value_of("3 > 2 >= 2 != 1"), 1, 0);
  CHECK_NEAR(value_of("1 + (2 < 3)"), 2, 0);
  CHECK_NEAR(value_of(".5 + 1. + 1e-1 + 2E+0"), 3.6, kTolerance);
}

CEXPR_TEST(precedence_holds_for_values_that_are_not_constant) {
  const std::vector<Given> given{{"fear", 2}, {"anger", 3}};
  CHECK_NEAR(value_of("-fear ^ 2", given), -4, 0);
  CHECK_NEAR(value_of("fear ^ anger ^ fear", given), 512, 1e-3);
  CHECK_NEAR(value_of("fear - anger - fear", given), -3, 0);
  CHECK_NEAR(value_of("1 < fear < anger", given), 1, 0);
  CHECK_NEAR(value_of("not fear > anger and fear > 1", given), 1, 0);
}

CEXPR_TEST(functions_compute_what_they_say) {
  const std::vector<Given> given{{"fear", 0.2F}, {"surprise", 0.8F}, {"anger", 0.5F}};
  CHECK_NEAR(value_of("mean(fear, surprise)", given), 0.5, kTolerance);
  CHECK_NEAR(value_of("mean(fear, surprise, anger)", given), 0.5, kTolerance);
  CHECK_NEAR(value_of("gmean(fear, surprise)", given), 0.4, kTolerance);
  CHECK_NEAR(value_of("gmean(fear, surprise, anger)", given), std::cbrt(0.08), kTolerance);
  CHECK_NEAR(value_of("hmean(fear, surprise)", given), 0.32, kTolerance);
  CHECK_NEAR(value_of("hmean(fear, surprise, anger)", given), 3 / (5 + 1.25 + 2), kTolerance);
  CHECK_NEAR(value_of("min(fear, surprise, anger)", given), 0.2, kTolerance);
  CHECK_NEAR(value_of("max(fear, surprise, anger)", given), 0.8, kTolerance);
  CHECK_NEAR(value_of("sum(fear, surprise, anger)", given), 1.5, kTolerance);
  CHECK_NEAR(value_of("product(fear, surprise, anger)", given), 0.08, kTolerance);
  CHECK_NEAR(value_of("clamp(fear, 0.3, 0.6)", given), 0.3, kTolerance);
  CHECK_NEAR(value_of("clamp(surprise, 0.3, 0.6)", given), 0.6, kTolerance);
  CHECK_NEAR(value_of("sigmoid(fear)", given), 1 / (1 + std::exp(-0.2)), kTolerance);
  CHECK_NEAR(value_of("exp(fear)", given), std::exp(0.2), kTolerance);
  CHECK_NEAR(value_of("log(fear)", given), std::log(0.2), kTolerance);
  CHECK_NEAR(value_of("abs(fear - surprise)", given), 0.6, kTolerance);
  CHECK_NEAR(value_of("sqrt(fear)", given), std::sqrt(0.2), kTolerance);
  CHECK_NEAR(value_of("if(fear > 0.1, surprise, anger)", given), 0.8, kTolerance);
  CHECK_NEAR(value_of("if(fear > 0.3, surprise, anger)", given), 0.5, kTolerance);
  CHECK_NEAR(value_of("weighted(fear: 3, surprise: 1)", given), 0.35, kTolerance);
  CHECK_NEAR(value_of("weighted(fear = 3, surprise = 1)", given), 0.35, kTolerance);
  CHECK_NEAR(value_of("mean(fear)", given), 0.2, kTolerance);
}

CEXPR_TEST(means_at_the_edge_of_their_domain) {
  CHECK_NEAR(value_of("hmean(fear, anger)", {{"fear", 0}, {"anger", 0}}), 0, 0);
  CHECK_NEAR(value_of("hmean(fear, anger)", {{"fear", 0}, {"anger", 1}}), 0, 0);
  CHECK_NEAR(value_of("hmean(fear, anger, 1)", {{"fear", 0}, {"anger", 0}}), 0, 0);
  CHECK_NEAR(value_of("hmean(fear, 1)", {{"fear", -1}}), kNan, 0);
  CHECK_NEAR(value_of("hmean(fear, 1, 1)", {{"fear", -1}}), kNan, 0);
  CHECK_NEAR(value_of("gmean(fear, anger)", {{"fear", 0}, {"anger", 1}}), 0, 0);
  CHECK_NEAR(value_of("gmean(fear, anger)", {{"fear", -1}, {"anger", -1}}), kNan, 0);
  CHECK_NEAR(value_of("gmean(fear, anger, 1)", {{"fear", -1}, {"anger", 1}}), kNan, 0);
  // Products of these would vanish in float32.
  const std::vector<Given> tiny{{"fear", 1e-30F}, {"anger", 1e-30F}};
  CHECK_NEAR(value_of("gmean(fear, anger) * 1e30", tiny), 1, kTolerance);
  CHECK_NEAR(value_of("hmean(fear, anger) * 1e30", tiny), 1, kTolerance);
}

CEXPR_TEST(unknown_stays_unknown) {
  const std::vector<Given> given{{"fear", kNan}, {"anger", 0.5F}};
  for (const char* expression : {"fear",
                                 "-fear",
                                 "fear + anger",
                                 "fear * 0",
                                 "fear ^ 0",
                                 "1 ^ fear",
                                 "fear / anger",
                                 "anger / fear",
                                 "mean(fear, anger)",
                                 "gmean(fear, anger)",
                                 "hmean(fear, anger)",
                                 "hmean(fear, 0)",
                                 "hmean(fear, 0, 0)",
                                 "gmean(fear, 0, 0)",
                                 "min(fear, anger)",
                                 "min(anger, fear)",
                                 "max(fear, anger)",
                                 "max(anger, fear)",
                                 "sum(fear, anger)",
                                 "product(fear, 0)",
                                 "clamp(fear, 0, 1)",
                                 "sigmoid(fear)",
                                 "exp(fear)",
                                 "log(fear)",
                                 "abs(fear)",
                                 "sqrt(fear)",
                                 "weighted(fear: 1, anger: 1)",
                                 "fear > anger",
                                 "fear == fear",
                                 "fear != anger",
                                 "fear <= anger",
                                 "not fear > 0",
                                 "fear > 0 and true",
                                 "fear > 0 or false",
                                 "if(fear > 0, 1, 2)",
                                 "if(anger > 0, fear, 1)",
                                 "mean_over(fear, 3)",
                                 "max_over(fear, 3)",
                                 "slope_over(fear, 3)"}) {
    CHECK_NEAR(value_of(expression, given), kNan, 0);
  }
}

CEXPR_TEST(unknown_is_not_needed_where_the_rest_decides) {
  const std::vector<Given> given{{"fear", kNan}, {"anger", 0.5F}};
  CHECK_NEAR(value_of("fear > 0 and anger > 1", given), 0, 0);
  CHECK_NEAR(value_of("anger > 1 and fear > 0", given), 0, 0);
  CHECK_NEAR(value_of("fear > 0 or anger > 0", given), 1, 0);
  CHECK_NEAR(value_of("anger > 0 or fear > 0", given), 1, 0);
  CHECK_NEAR(value_of("if(anger > 0, 1, fear)", given), 1, 0);
}

CEXPR_TEST(nothing_real_becomes_infinite) {
  const std::vector<Given> given{{"fear", 0}, {"anger", -1}};
  for (const char* expression : {"1 / fear", "0 / fear", "log(fear)", "log(anger)", "sqrt(anger)",
                                 "fear ^ anger", "anger ^ 0.3"}) {
    CHECK_NEAR(value_of(expression, given), kNan, 0);
  }
  CHECK_NEAR(value_of("fear ^ fear", given), 1, 0);
}

CEXPR_TEST(conditions_are_numbers_too_but_not_the_other_way_round) {
  const std::vector<Given> given{{"fear", 0.6F}};
  CHECK_NEAR(value_of("fear * (fear > 0.5)", given), 0.6, kTolerance);
  CHECK_NEAR(value_of("mean(fear > 0.5, fear > 0.9)", given), 0.5, kTolerance);
  CHECK_NEAR(value_of("(fear > 0.5) == 1", given), 1, 0);
  CHECK_NEAR(value_of("not min(fear > 0.5, fear > 0.9)", given), 1, 0);
  CHECK_NEAR(value_of("not if(fear > 0.5, fear > 0.9, true)", given), 1, 0);
  CHECK_NEAR(value_of("not max_over(fear > 0.9, 3)", given), 1, 0);
  CHECK(fails("fear and true", 1, "expected a condition, 'fear' is a number"));
  CHECK(fails("not mean_over(fear > 0.5, 3)", 5, "is a number"));
  CHECK(fails("if(1, 2, 3)", 4, "write true or false"));
  CHECK(fails("true or min(fear > 0, anger)", 9, "is a number"));
}

CEXPR_TEST(mistakes_are_shown_where_they_are) {
  CHECK(fails("", 1, "empty"));
  CHECK(fails("   ", 1, "empty"));
  CHECK(fails("feer + 1", 1, "did you mean 'fear'?"));
  CHECK(fails("1 + happy", 5, "did you mean 'happiness'?"));
  CHECK(fails("AU1 > 0", 1, "did you mean 'AU01'?"));
  CHECK(fails("Fear", 1, "did you mean 'fear'?"));
  CHECK(fails("meen(fear, anger)", 1, "unknown function 'meen'; did you mean 'mean'?"));
  CHECK(fails("fear +", 7, "the end of the expression"));
  CHECK(fails("fear anger", 6, "expected an operator"));
  CHECK(fails("(fear + anger", 1, "never closed"));
  CHECK(fails("fear)", 5, "expected an operator"));
  CHECK(fails("mean()", 6, "too few arguments"));
  CHECK(fails("clamp(1, 2)", 11, "too few arguments"));
  CHECK(fails("sqrt(1, 2)", 9, "too many arguments"));
  CHECK(fails("clamp(fear, 2, 1)", 1, "low <= high"));
  CHECK(fails("fear = 1", 6, "equality is written '=='"));
  CHECK(fails("fear ** 2", 6, "a power is written '^'"));
  CHECK(fails("fear > 0 && anger > 0", 10, "write 'and'"));
  CHECK(fails("fear > 0 || anger > 0", 10, "write 'or'"));
  CHECK(fails("!(fear > 0)", 1, "write 'not'"));
  CHECK(fails("fear % 2", 6, "unexpected character '%'"));
  CHECK(fails("fear + not true", 8, "needs parentheses"));
  CHECK(fails("mean", 1, "is a function"));
  CHECK(fails("and", 1, "expected a number"));
  CHECK(fails("fear + 0.5s", 8, "only as the window"));
  CHECK(fails("5x", 2, "expected an operator after the number"));
  CHECK(fails("1e999", 1, "out of range"));
  CHECK(fails("1e39", 1, "out of range"));
  CHECK(fails("fear / 0", 8, "division by zero"));
  CHECK(fails("fear / (1 - 1)", 9, "division by zero"));
  CHECK(fails("log(0)", 1, "not a real number"));
  CHECK(fails("sqrt(-1) + fear", 1, "not a real number"));
  CHECK(fails("exp(1000)", 1, "too large"));
  CHECK(fails("has(fear + 1)", 10, "expected ')'"));
  CHECK(fails("has(1)", 5, "name of a signal"));
  CHECK(fails("has(feer)", 5, "did you mean 'fear'?"));
  CHECK(fails("weighted(fear, anger)", 14, "expected ':' and a weight"));
  CHECK(fails("weighted(fear: 0, anger: 0)", 1, "add up to 0"));
  CHECK(fails("weighted(fear: -1)", 16, "a weight is a number >= 0"));
  CHECK(fails("mean_over(fear)", 15, "too few arguments"));
  CHECK(fails("mean_over(fear, 0)", 17, "above 0"));
  CHECK(fails("mean_over(fear, 0s)", 17, "above 0"));
  CHECK(fails("mean_over(fear, 2.5)", 17, "whole number"));
  CHECK(fails("mean_over(fear, 1e9)", 17, "at most 100000 frames"));
  CHECK(fails("mean_over(fear, 99999s)", 17, "at most 3600s"));
  CHECK(fails("mean_over(fear, anger)", 17, "a window is"));
  CHECK(
      fails("f\xC3\xA9"
            "ar + feer",
            2, "unexpected character '\xC3\xA9'"));
  CHECK(fails("\xFF", 1, "unexpected character"));
}

CEXPR_TEST(every_unknown_name_of_an_expression_is_reported) {
  CHECK(problems_of(file({{"C", text("feer + angr * happi")}})).size() == 3);
}

CEXPR_TEST(columns_count_characters_and_follow_the_quotes) {
  cexpr::Node quoted = text("1 + feer", 3, 10);
  quoted.text_offset = 1;
  CHECK(problems_of(file({{"C", quoted}}))[0].column == 15);
  cexpr::Node folded = quoted;
  folded.text_offset = -1;
  CHECK(problems_of(file({{"C", folded}}))[0].column == 10);
  CHECK(problems_of(file({{"C", folded}}))[0].line == 3);
}

CEXPR_TEST(deep_and_long_expressions_are_refused_not_crashed_on) {
  const std::string many(10000, '(');
  CHECK(mentions(problems_of(file({{"C", text(many + "1" + std::string(10000, ')'))}})), "longer"));
  const std::string deep(8000, '(');
  CHECK(mentions(problems_of(file({{"C", text(deep + "1" + std::string(8000, ')'))}})),
                 "nested deeper than 100"));
  for (const char* unit : {"-", "not ", "2^", "mean(", "1+", "true or ", "if(true,"}) {
    std::string long_one;
    while (long_one.size() < 16000) {
      long_one += unit;
    }
    CHECK(!problems_of(file({{"C", text(long_one + "1")}})).empty());
  }
  std::string sum = "fear";
  for (int i = 0; i < 90; ++i) {
    sum += " + fear";
  }
  CHECK_NEAR(value_of(sum, {{"fear", 1}}), 91, 0);
  // A chain of comparisons is one node, however long.
  std::string chain = "0";
  for (int i = 1; i < 2000; ++i) {
    chain += "<" + std::to_string(i);
  }
  CHECK_NEAR(value_of(chain), 1, 0);
  std::string wide = "sum(1";
  for (int i = 0; i < 5000; ++i) {
    wide += ",1";
  }
  CHECK_NEAR(value_of(wide + ")"), 5001, 0);
}
