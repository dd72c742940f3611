#include "cexpr/onnxruntime.hpp"

#include "inference_checks.hpp"

namespace {

std::unique_ptr<cexpr::Inference> make_inference(const cexpr::Manifest& manifest) {
  return cexpr::onnxruntime::make_inference(manifest);
}

}  // namespace

CEXPR_TEST(the_shipped_model_gives_probabilities) {
  inference_checks::gives_probabilities(make_inference);
}

CEXPR_TEST(models_that_do_not_fit_are_refused) {
  inference_checks::refuses_what_does_not_fit(make_inference);
}

CEXPR_TEST(threads_must_be_positive) {
  CHECK_THROWS(cexpr::onnxruntime::make_inference(inference_checks::small_model(), 0),
               cexpr::ArgumentError);
}
