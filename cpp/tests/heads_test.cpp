#include "cexpr/heads.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "cexpr/error.hpp"
#include "cexpr/rules.hpp"
#include "check.hpp"

using cexpr::Activation;
using cexpr::ArgumentError;
using cexpr::Head;
using cexpr::Heads;
using cexpr::ModelOutputs;
using cexpr::Span2D;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kTolerance = 1e-6;

std::vector<std::string> vocabulary(std::size_t first, std::size_t end) {
  const std::vector<std::string>& all = cexpr::rules::default_signals();
  return {all.begin() + static_cast<std::ptrdiff_t>(first),
          all.begin() + static_cast<std::ptrdiff_t>(end)};
}

Head head(const std::string& tensor, std::size_t first, std::size_t end, Activation activation,
          std::vector<std::string> labels = {}) {
  Head all;
  all.tensor = tensor;
  all.first = first;
  all.end = end;
  all.activation = activation;
  all.labels = std::move(labels);
  return all;
}

Head formula(const std::string& name) {
  Head all;
  all.derived = name;
  return all;
}

std::vector<float> apply(const Heads& heads, std::vector<std::vector<float>> rows) {
  std::vector<Span2D<const float>> tensors;
  for (const std::vector<float>& row : rows) {
    tensors.push_back({row.data(), 1, row.size(), row.size()});
  }
  std::vector<float> out(heads.names().size());
  heads.apply({tensors.data(), tensors.size()}, {out.data(), 1, out.size(), out.size()});
  return out;
}

}  // namespace

CEXPR_TEST(softmax_and_formulas_follow_their_definitions) {
  ModelOutputs outputs;
  outputs.expression = head("logits", 1, 9, Activation::softmax, vocabulary(0, 8));
  outputs.valence_arousal = formula("circumplex");
  outputs.action_units = formula("prototypes");
  const Heads heads(outputs);
  CHECK(heads.names() == cexpr::rules::default_signals());
  CHECK(heads.derived() == vocabulary(8, 22));
  const std::vector<float> logits{99.0F, 0.5F, 2.0F, -1.0F, 0.0F, 3.0F, 1.0F, -2.0F, 0.25F, 99.0F};
  const std::vector<float> out = apply(heads, {logits});
  double total = 0.0;
  for (std::size_t i = 0; i < 8; ++i) {
    total += std::exp(static_cast<double>(logits[i + 1]));
  }
  std::vector<double> p(8);
  for (std::size_t i = 0; i < 8; ++i) {
    p[i] = std::exp(static_cast<double>(logits[i + 1])) / total;
    CHECK_NEAR(out[i], p[i], kTolerance);
  }
  const double known = 1.0 - p[1];
  CHECK_NEAR(
      out[8],
      (-0.51 * p[0] - 0.60 * p[2] - 0.64 * p[3] + 0.81 * p[4] - 0.63 * p[6] + 0.40 * p[7]) / known,
      kTolerance);
  CHECK_NEAR(
      out[9],
      (0.59 * p[0] + 0.35 * p[2] + 0.60 * p[3] + 0.51 * p[4] - 0.27 * p[6] + 0.67 * p[7]) / known,
      kTolerance);
  // AU12 is happiness alone; AU26 is fear and surprise.
  CHECK_NEAR(out[16], 0.70 * p[4] / known, kTolerance);
  CHECK_NEAR(out[21], (0.33 * p[3] + 0.70 * p[7]) / known, kTolerance);
}

CEXPR_TEST(each_head_takes_its_columns_and_its_activation) {
  ModelOutputs outputs;
  outputs.expression = head("a", 0, 2, Activation::none, {"happiness", "anger"});
  outputs.valence_arousal = head("b", 0, 0, Activation::tanh);
  outputs.action_units = head("a", 2, 4, Activation::sigmoid, {"AU12", "AU01"});
  const Heads heads(outputs);
  CHECK((heads.tensors() == std::vector<std::string>{"a", "b"}));
  CHECK((heads.names() ==
         std::vector<std::string>{"anger", "happiness", "valence", "arousal", "AU01", "AU12"}));
  const std::vector<float> out = apply(heads, {{0.25F, 0.5F, 0.0F, 2.0F}, {0.5F, kNan}});
  CHECK_NEAR(out[0], 0.5, kTolerance);
  CHECK_NEAR(out[1], 0.25, kTolerance);
  CHECK_NEAR(out[2], std::tanh(0.5), kTolerance);
  CHECK(std::isnan(out[3]));
  CHECK_NEAR(out[4], 1.0 / (1.0 + std::exp(-2.0)), kTolerance);
  CHECK_NEAR(out[5], 0.5, kTolerance);
}

CEXPR_TEST(values_out_of_the_ordinary_stay_defined) {
  ModelOutputs outputs;
  outputs.expression = head("a", 0, 8, Activation::softmax, vocabulary(0, 8));
  outputs.valence_arousal = formula("circumplex");
  const Heads heads(outputs);
  const std::vector<float> huge = apply(heads, {{3e38F, -3e38F, 0, 0, 0, 0, 0, 0}});
  CHECK(huge[0] == 1.0F && huge[1] == 0.0F);
  CHECK_NEAR(huge[8], -0.51, kTolerance);
  const std::vector<float> unknown = apply(heads, {{1, 2, kNan, 0, 0, 0, 0, 0}});
  CHECK(std::isnan(unknown[0]) && std::isnan(unknown[7]));
  ModelOutputs raw;
  raw.valence_arousal = head("a", 0, 2, Activation::none);
  const std::vector<float> clamped = apply(Heads(raw), {{5.0F, -7.0F}});
  CHECK(clamped[0] == 1.0F && clamped[1] == -1.0F);
}

CEXPR_TEST(descriptions_and_tensors_that_do_not_fit_are_refused) {
  CHECK_THROWS(Heads(ModelOutputs{}), ArgumentError);
  const auto refused = [](const Head& expression) {
    ModelOutputs outputs;
    outputs.expression = expression;
    CHECK_THROWS(Heads(outputs), ArgumentError);
  };
  refused(head("a", 0, 2, Activation::softmax, {"anger", "joy"}));
  refused(head("a", 0, 2, Activation::softmax, {"anger", "anger"}));
  refused(head("a", 0, 3, Activation::softmax, {"anger", "fear"}));
  refused(head("a", 4, 2, Activation::softmax, {"anger", "fear"}));
  refused(head("", 0, 2, Activation::softmax, {"anger", "fear"}));
  refused(head("a", 0, 0, Activation::softmax));
  ModelOutputs alone;
  alone.valence_arousal = formula("circumplex");
  CHECK_THROWS(Heads(alone), ArgumentError);
  ModelOutputs outputs;
  outputs.expression = head("a", 0, 2, Activation::softmax, {"anger", "fear"});
  outputs.action_units = formula("circumplex");
  CHECK_THROWS(Heads(outputs), ArgumentError);
  outputs.action_units.reset();
  const Heads heads(outputs);
  CHECK_THROWS(apply(heads, {}), ArgumentError);
  CHECK_THROWS(apply(heads, {{1.0F}}), ArgumentError);
}
