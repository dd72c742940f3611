#include "cexpr/opencv.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>
#include <random>
#include <vector>

#include "cexpr/model.hpp"
#include "check.hpp"

using cexpr::Manifest;
using cexpr::ModelError;
using cexpr::Span2D;

namespace {

Manifest small_model() {
  Manifest manifest;
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

}  // namespace

CEXPR_TEST(the_shipped_model_gives_probabilities) {
  cexpr::Model model(small_model(), cexpr::opencv::make_inference(small_model()));
  cv::Mat image(120, 160, CV_8UC3);
  cv::randu(image, 0, 255);
  cexpr::FacePlace one;
  one.box_xywh = {20, 10, 80, 90};
  cexpr::FacePlace two;
  two.box_xywh = {60, 30, 60, 60};
  const std::vector<cexpr::FacePlace> faces{one, two};
  const Span2D<const float> both = model.run(cexpr::opencv::view(image), {faces.data(), 2});
  CHECK(both.rows == 2 && both.cols == 8);
  const std::vector<float> first(both.row(0), both.row(0) + 8);
  double total = 0.0;
  for (const float probability : first) {
    CHECK(probability >= 0.0F && probability <= 1.0F);
    total += static_cast<double>(probability);
  }
  CHECK_NEAR(total, 1.0, 1e-5);
  CHECK(!std::equal(first.begin(), first.end(), both.row(1)));
  // A face alone gives what it gave beside another.
  const Span2D<const float> alone = model.run(cexpr::opencv::view(image), {faces.data(), 1});
  CHECK(std::equal(first.begin(), first.end(), alone.row(0)));
}

CEXPR_TEST(models_that_do_not_fit_are_refused) {
  Manifest missing = small_model();
  missing.file = "no-such-file.onnx";
  CHECK_THROWS(cexpr::opencv::make_inference(missing), ModelError);
  Manifest other = small_model();
  other.bytes = 17;
  CHECK_THROWS(cexpr::opencv::make_inference(other), ModelError);
  Manifest renamed = small_model();
  renamed.outputs.expression->tensor = "scores";
  CHECK_THROWS(cexpr::opencv::make_inference(renamed), ModelError);
  Manifest no_model = small_model();
  no_model.file = "cexpr-s.yaml";
  CHECK_THROWS(cexpr::opencv::make_inference(no_model), ModelError);
}

CEXPR_TEST(views_do_not_copy) {
  cv::Mat image(20, 30, CV_8UC3, cv::Scalar(1, 2, 3));
  const cv::Mat part = image(cv::Rect(5, 6, 10, 8));
  const cexpr::ImageView view = cexpr::opencv::view(part);
  CHECK(view.data == part.data && view.width == 10 && view.height == 8);
  CHECK(view.stride == 90 && view.format == cexpr::PixelFormat::bgr8);
  CHECK(cexpr::opencv::view(cv::Mat(2, 2, CV_8UC1)).format == cexpr::PixelFormat::gray8);
  CHECK(cexpr::opencv::view(cv::Mat(2, 2, CV_8UC4)).format == cexpr::PixelFormat::bgra8);
  CHECK_THROWS(cexpr::opencv::view(cv::Mat(2, 2, CV_32FC1)), cexpr::ArgumentError);
}
