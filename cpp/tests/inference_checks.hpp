#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cexpr/inference.hpp"
#include "cexpr/manifest.hpp"
#include "cexpr/model.hpp"
#include "check.hpp"

/// What every implementation of `cexpr::Inference` must do with the model of the repository.
namespace inference_checks {

inline cexpr::Manifest small_model() {
  cexpr::Manifest manifest;
  manifest.path = std::string(CEXPR_SOURCE_DIR) + "/models/cexpr-s.yaml";
  manifest.file = "cexpr-s.onnx";
  manifest.input.size = 48;
  manifest.input.color = cexpr::ColorOrder::gray;
  manifest.input.mean = {0.5F, 0.0F, 0.0F};
  manifest.input.std = {0.25F, 1.0F, 1.0F};
  cexpr::Head expression;
  expression.tensor = "logits";
  expression.end = 8;
  expression.activation = cexpr::Activation::softmax;
  expression.labels = {"anger",     "contempt", "disgust", "fear",
                       "happiness", "neutral",  "sadness", "surprise"};
  manifest.outputs.expression = expression;
  return manifest;
}

/// Two faces of a noisy image have different probabilities; a face alone has what it has beside
/// another.
template <typename Make>
void gives_probabilities(Make make_inference) {
  cexpr::Model model(small_model(), make_inference(small_model()));
  constexpr int width = 160;
  constexpr int height = 120;
  std::vector<std::uint8_t> pixels(std::size_t{3} * width * height);
  std::mt19937 random(1);
  std::generate(pixels.begin(), pixels.end(),
                [&random] { return static_cast<std::uint8_t>(random() >> 24U); });
  const cexpr::ImageView image{pixels.data(), width, height, std::ptrdiff_t{3} * width,
                               cexpr::PixelFormat::bgr8};
  cexpr::FacePlace one;
  one.box_xywh = {20, 10, 80, 90};
  cexpr::FacePlace two;
  two.box_xywh = {60, 30, 60, 60};
  const std::vector<cexpr::FacePlace> faces{one, two};
  const cexpr::Span2D<const float> both = model.run(image, {faces.data(), 2});
  CHECK(both.rows == 2 && both.cols == 8);
  const std::vector<float> first(both.row(0), both.row(0) + 8);
  double total = 0.0;
  for (const float probability : first) {
    CHECK(probability >= 0.0F && probability <= 1.0F);
    total += static_cast<double>(probability);
  }
  CHECK_NEAR(total, 1.0, 1e-5);
  CHECK(!std::equal(first.begin(), first.end(), both.row(1)));
  const cexpr::Span2D<const float> alone = model.run(image, {faces.data(), 1});
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK_NEAR(static_cast<double>(alone.row(0)[i]), static_cast<double>(first[i]), 1e-5);
  }
}

template <typename Make>
void refuses_what_does_not_fit(Make make_inference) {
  cexpr::Manifest missing = small_model();
  missing.file = "no-such-file.onnx";
  CHECK_THROWS(make_inference(missing), cexpr::ModelError);
  cexpr::Manifest other = small_model();
  other.bytes = 17;
  CHECK_THROWS(make_inference(other), cexpr::ModelError);
  cexpr::Manifest renamed = small_model();
  renamed.outputs.expression->tensor = "scores";
  CHECK_THROWS(make_inference(renamed), cexpr::ModelError);
  cexpr::Manifest no_model = small_model();
  no_model.file = "cexpr-s.yaml";
  CHECK_THROWS(make_inference(no_model), cexpr::ModelError);
}

}  // namespace inference_checks
