// A host without exceptions: this file is built with -fno-exceptions -fno-rtti.

#include <array>
#include <cstdio>
#include <limits>
#include <optional>
#include <vector>

#include "cexpr/cexpr.hpp"

using cexpr::StatusCode;

static_assert(noexcept(cexpr::try_push(std::declval<cexpr::Analyzer&>(), 0, 0.0, {},
                                       std::declval<cexpr::Span<const cexpr::DecidedFrame>&>())));

namespace {

int failures = 0;

void check(bool condition, const char* what) {
  if (!condition) {
    ++failures;
    std::fprintf(stderr, "%s fails\n", what);
  }
}

cexpr::Node rule_file(const char* rule) {
  return cexpr::make_map({{"cexpr", 1},
                          {"name", "test"},
                          {"gaps", "none"},
                          {"compounds", cexpr::make_map({{"A", rule}})}});
}

}  // namespace

int main() {
  std::optional<cexpr::RuleSet> rules;
  const cexpr::Status wrong = cexpr::try_compile(rule_file("mean(feer)"), {}, rules);
  check(wrong.code == StatusCode::rules && !rules, "a mistake in a rule");
  check(wrong.message.find("did you mean 'fear'?") != std::string::npos, "its message");
  check(cexpr::try_shipped_rules("default", rules).is_ok() && rules, "a shipped set");
  check(cexpr::try_shipped_rules("none", rules).code == StatusCode::argument && !rules,
        "a set that is not shipped");
  check(cexpr::try_compile(rule_file("fear"), {}, rules).is_ok() && rules, "a rule set");

  cexpr::AnalyzerOptions options;
  std::optional<cexpr::Analyzer> analyzer;
  check(cexpr::try_make_analyzer(*rules, options, analyzer).code == StatusCode::rules,
        "a missing signal");
  options.signals = {"fear"};
  options.max_faces = 0;
  check(cexpr::try_make_analyzer(*rules, options, analyzer).code == StatusCode::argument,
        "a wrong option");
  options.max_faces = 1;
  check(cexpr::try_make_analyzer(*rules, options, analyzer).is_ok(), "an analyzer");

  const float fear = 0.75F;
  cexpr::FaceSignals face;
  face.signals = {&fear, 1};
  cexpr::Span<const cexpr::DecidedFrame> decided;
  check(cexpr::try_push(*analyzer, 1, 0.0, {&face, 1}, decided).is_ok(), "a push");
  check(decided.size == 1 && decided[0].label == 0 && decided[0].confidence == fear, "its frame");
  check(cexpr::try_push(*analyzer, 1, 0.0, {&face, 1}, decided).code == StatusCode::argument,
        "a frame that comes twice");
  check(decided.empty(), "no frame after a mistake");
  check(cexpr::try_flush(*analyzer, decided).is_ok(), "a flush");

  std::array<float, 6> matrix{};
  const std::array<float, 10> points{};
  check(cexpr::try_align({points.data(), 1, 10, 10}, {}, {matrix.data(), 1, 6, 6}).code ==
            StatusCode::argument,
        "landmarks that coincide");
  const std::array<float, 4> box{0, 0, 8, 8};
  check(cexpr::try_box_transform({box.data(), 1, 4, 4}, 8, 0.0F, {matrix.data(), 1, 6, 6}).is_ok(),
        "a box");
  const std::vector<std::uint8_t> pixels(64, 255);
  cexpr::PreprocessOptions cut;
  cut.width = cut.height = 8;
  cut.color = cexpr::ColorOrder::gray;
  std::vector<float> out(64);
  const cexpr::ImageView image{pixels.data(), 8, 8, 8, cexpr::PixelFormat::gray8};
  check(cexpr::try_preprocess(image, {matrix.data(), 1, 6, 6}, cut, {out.data(), 64}).is_ok() &&
            out[0] == 1.0F,
        "preprocessing");
  matrix[0] = std::numeric_limits<float>::quiet_NaN();
  check(cexpr::try_preprocess(image, {matrix.data(), 1, 6, 6}, cut, {out.data(), 64}).code ==
            StatusCode::argument,
        "a matrix with NaN");
  std::puts(failures == 0 ? "ok" : "FAIL");
  return failures == 0 ? 0 : 1;
}
