#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cexpr/rules.hpp"
#include "rules/language/ast.hpp"

namespace cexpr::rules::detail {

constexpr std::int32_t kNone = -1;

/// One compound; `score`, `when`, `otherwise` index `Document::expressions`.
struct Compound {
  std::string name;
  int line = 0;
  int column = 0;
  std::int32_t score = kNone;
  std::int32_t when = kNone;
  std::int32_t otherwise = kNone;
};

struct Let {
  std::string name;
  int line = 0;
  int column = 0;
  std::int32_t value = kNone;  // index of `Document::expressions`
};

/// A rule file after all checks.
struct Document {
  std::string file;
  std::string name;
  std::string about;
  std::string source;
  std::vector<std::string> vocabulary;
  std::vector<Expression> expressions;
  std::vector<Let> lets;
  std::vector<std::uint32_t> let_order;  // each after those that it reads
  std::vector<Compound> compounds;
  std::vector<std::string> compound_names;
  std::vector<std::string> signals;  // read by a compound, directly or through lets
  bool looks_over_time = false;
  Smoothing smooth_expression;
  Smoothing smooth_valence_arousal;
  Smoothing smooth_action_units;
  Smoothing smooth_compounds;
  Faces faces = Faces::max;
  Gaps gaps = Gaps::interpolate;
  Length gaps_at_most = kGapsAtMost;
  Decision decision;
  Events events;
  std::vector<TestCase> tests;
  std::vector<Problem> warnings;
};

}  // namespace cexpr::rules::detail
