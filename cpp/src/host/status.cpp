#include "cexpr/status.hpp"

#include <exception>
#include <new>

#include "host/status_of.hpp"

namespace cexpr {
namespace detail {
namespace {

Status make_status(StatusCode code, const char* message) noexcept {
  Status status;
  status.code = code;
  try {
    status.message = message;
  } catch (const std::bad_alloc&) {
    status.message.clear();
  }
  return status;
}

}  // namespace

Status status_of_current_exception() noexcept {
  try {
    throw;
  } catch (const ArgumentError& error) {
    return make_status(StatusCode::argument, error.what());
  } catch (const StateError& error) {
    return make_status(StatusCode::state, error.what());
  } catch (const RuleError& error) {
    return make_status(StatusCode::rules, error.what());
  } catch (const ModelError& error) {
    return make_status(StatusCode::model, error.what());
  } catch (const std::bad_alloc&) {
    return make_status(StatusCode::memory, "");
  } catch (const std::exception& error) {
    return make_status(StatusCode::other, error.what());
  } catch (...) {
    return make_status(StatusCode::other, "an exception of an unknown type");
  }
}

}  // namespace detail

using detail::attempt;

Status try_compile(const Node& root, const rules::CompileOptions& options,
                   std::optional<RuleSet>& rules) noexcept {
  rules.reset();
  return attempt([&] { rules = RuleSet::compile(root, options); });
}

Status try_shipped_rules(const std::string& name, std::optional<RuleSet>& rules) noexcept {
  rules.reset();
  return attempt([&] { rules = shipped_rules(name); });
}

Status try_make_analyzer(const RuleSet& rules, const AnalyzerOptions& options,
                         std::optional<Analyzer>& analyzer) noexcept {
  analyzer.reset();
  return attempt([&] { analyzer.emplace(rules, options); });
}

Status try_push(Analyzer& analyzer, std::int64_t frame, double time, Span<const FaceSignals> faces,
                Span<const DecidedFrame>& decided) noexcept {
  decided = {};
  return attempt([&] { decided = analyzer.push(frame, time, faces); });
}

Status try_flush(Analyzer& analyzer, Span<const DecidedFrame>& decided) noexcept {
  decided = {};
  return attempt([&] { decided = analyzer.flush(); });
}

Status try_align(Span2D<const float> landmarks, const AlignOptions& options,
                 Span2D<float> matrices) noexcept {
  return attempt([&] { align(landmarks, options, matrices); });
}

Status try_box_transform(Span2D<const float> boxes_xywh, int size, float margin,
                         Span2D<float> matrices) noexcept {
  return attempt([&] { box_transform(boxes_xywh, size, margin, matrices); });
}

Status try_preprocess(const ImageView& image, Span2D<const float> matrices,
                      const PreprocessOptions& options, Span<float> out) noexcept {
  return attempt([&] { preprocess(image, matrices, options, out); });
}

Status try_run(Model& model, const ImageView& image, Span<const FacePlace> faces,
               Span2D<const float>& signals) noexcept {
  signals = {};
  return attempt([&] { signals = model.run(image, faces); });
}

}  // namespace cexpr
