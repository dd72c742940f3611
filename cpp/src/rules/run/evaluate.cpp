#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "cexpr/rules.hpp"
#include "kernels/pick.hpp"
#include "rules/run/rank.hpp"
#include "rules/run/runner.hpp"

namespace cexpr {
namespace {

using rules::detail::Plan;
using rules::detail::Runner;

/// Writes scores, and labels where they are asked for.
class ScoreSink final : public rules::detail::Sink {
 public:
  ScoreSink(const Plan& plan, const kernels::RulesTable& kernels, Span2D<float> scores,
            Span<std::int32_t> labels)
      : kernels_(kernels),
        decision_(plan.document->decision),
        count_(plan.document->compounds.size()),
        is_adjusted_(rules::detail::adjusts(decision_)),
        scores_(scores),
        labels_(labels),
        block_(plan.program.block_rows) {}

  void take(const float* const* outputs, std::size_t first, std::size_t count) override {
    kernels_.scatter(outputs, count_, count, scores_.row(first), scores_.stride);
    if (labels_.data != nullptr) {
      const std::size_t step = kernels::kColumnStep;
      kernels_.choose(outputs, count_, is_adjusted_ ? decision_.weight.data() : nullptr,
                      decision_.bias.data(), rules::detail::least_score(decision_),
                      (count + step - 1) / step * step, block_.data());
      std::memcpy(labels_.data + first, block_.data(), count * sizeof(std::int32_t));
    }
  }

 private:
  const kernels::RulesTable& kernels_;
  const rules::Decision& decision_;
  std::size_t count_;
  bool is_adjusted_;
  Span2D<float> scores_;
  Span<std::int32_t> labels_;
  std::vector<std::int32_t> block_;
};

void check_scores(const Plan& plan, std::size_t rows, Span2D<float> scores) {
  const std::size_t compounds = plan.document->compounds.size();
  if (scores.rows != rows || scores.cols != compounds) {
    throw ArgumentError("scores: expected shape (" + std::to_string(rows) + ", " +
                        std::to_string(compounds) + "), got (" + std::to_string(scores.rows) +
                        ", " + std::to_string(scores.cols) + ")");
  }
}

void check_labels(std::size_t rows, Span<std::int32_t> labels) {
  if (labels.size != rows) {
    throw ArgumentError("labels: expected " + std::to_string(rows) + " rows, got " +
                        std::to_string(labels.size));
  }
}

void run(const Plan& plan, Span2D<const float> signals, const rules::RowIndex& index,
         rules::Windows windows, Span2D<float> scores, Span<std::int32_t> labels) {
  rules::detail::check_index(plan, plan.program, signals, index);
  if (signals.rows == 0) {
    return;
  }
  const kernels::RulesTable& kernels = kernels::pick<kernels::RulesTable>();
  Runner runner(plan.program, kernels);
  ScoreSink sink(plan, kernels, scores, labels);
  rules::detail::run_program(plan.program, signals, index, windows, 0, signals.rows, runner, sink);
}

}  // namespace

BoundRules::BoundRules(std::shared_ptr<const rules::detail::Plan> plan) : plan_(std::move(plan)) {}

std::size_t BoundRules::columns() const { return plan_->width; }
std::size_t BoundRules::compounds() const { return plan_->document->compounds.size(); }
bool BoundRules::looks_over_time() const { return !plan_->program.over.empty(); }
bool BoundRules::needs_times() const { return plan_->program.needs_times; }

void BoundRules::evaluate(Span2D<const float> signals, const rules::RowIndex& index,
                          rules::Windows windows, Span2D<float> scores) const {
  check_scores(*plan_, signals.rows, scores);
  run(*plan_, signals, index, windows, scores, {});
}

void BoundRules::classify(Span2D<const float> signals, const rules::RowIndex& index,
                          rules::Windows windows, Span2D<float> scores,
                          Span<std::int32_t> labels) const {
  check_scores(*plan_, signals.rows, scores);
  check_labels(signals.rows, labels);
  run(*plan_, signals, index, windows, scores, labels);
}

}  // namespace cexpr
