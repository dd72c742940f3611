#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cexpr/align.hpp"
#include "cexpr/analyzer.hpp"
#include "cexpr/export.hpp"
#include "cexpr/model.hpp"
#include "cexpr/preprocess.hpp"
#include "cexpr/rules.hpp"
#include "cexpr/shipped_rules.hpp"

// The calls of a host that lets no exception through: each gives a `Status` instead. The headers
// compile without exception support; the library itself is built with it.
namespace cexpr {

enum class StatusCode : std::uint8_t {
  ok,
  argument,  ///< `ArgumentError`
  state,     ///< `StateError`
  rules,     ///< `RuleError`
  model,     ///< `ModelError`
  memory,    ///< no memory left
  other
};

/// How a call ended. `message` is that of the exception; empty when all went well, and where there
/// was no memory for it.
struct Status {
  StatusCode code = StatusCode::ok;
  std::string message;

  bool is_ok() const noexcept { return code == StatusCode::ok; }
};

/// As `RuleSet::compile`; `rules` is empty unless the status is ok.
CEXPR_API Status try_compile(const Node& root, const rules::CompileOptions& options,
                             std::optional<RuleSet>& rules) noexcept;

/// As `shipped_rules`; `rules` is empty unless the status is ok.
CEXPR_API Status try_shipped_rules(const std::string& name, std::optional<RuleSet>& rules) noexcept;

/// As the constructor of `Analyzer`; `analyzer` is empty unless the status is ok.
CEXPR_API Status try_make_analyzer(const RuleSet& rules, const AnalyzerOptions& options,
                                   std::optional<Analyzer>& analyzer) noexcept;

/// As `Analyzer::push`; `decided` is empty unless the status is ok.
CEXPR_API Status try_push(Analyzer& analyzer, std::int64_t frame, double time,
                          Span<const FaceSignals> faces,
                          Span<const DecidedFrame>& decided) noexcept;

/// As `Analyzer::flush`.
CEXPR_API Status try_flush(Analyzer& analyzer, Span<const DecidedFrame>& decided) noexcept;

/// As `align`.
CEXPR_API Status try_align(Span2D<const float> landmarks, const AlignOptions& options,
                           Span2D<float> matrices) noexcept;

/// As `box_transform`.
CEXPR_API Status try_box_transform(Span2D<const float> boxes_xywh, int size, float margin,
                                   Span2D<float> matrices) noexcept;

/// As `preprocess`.
CEXPR_API Status try_preprocess(const ImageView& image, Span2D<const float> matrices,
                                const PreprocessOptions& options, Span<float> out) noexcept;

/// As `Model::run`; `signals` is empty unless the status is ok.
CEXPR_API Status try_run(Model& model, const ImageView& image, Span<const FacePlace> faces,
                         Span2D<const float>& signals) noexcept;

}  // namespace cexpr
