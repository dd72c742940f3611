#include "cexpr/opencv.hpp"

#include <opencv2/core.hpp>

#include "inference_checks.hpp"

CEXPR_TEST(the_shipped_model_gives_probabilities) {
  inference_checks::gives_probabilities(cexpr::opencv::make_inference);
}

CEXPR_TEST(models_that_do_not_fit_are_refused) {
  inference_checks::refuses_what_does_not_fit(cexpr::opencv::make_inference);
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
