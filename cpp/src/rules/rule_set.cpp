#include <string>
#include <unordered_map>
#include <utility>

#include "cexpr/rules.hpp"
#include "rules/file/check.hpp"
#include "rules/file/read_document.hpp"
#include "rules/file/warnings.hpp"
#include "rules/program/check_program.hpp"
#include "rules/program/lower.hpp"
#include "rules/program/reads.hpp"
#include "rules/run/rank.hpp"
#include "rules/run/runner.hpp"

namespace cexpr {
namespace {

std::string describe_problems(const std::string& file,
                              const std::vector<rules::Problem>& problems) {
  std::string text;
  for (const rules::Problem& problem : problems) {
    text += text.empty() ? "" : "\n";
    text += file;
    if (problem.line > 0) {
      text += ":" + std::to_string(problem.line);
      text += problem.column > 0 ? ":" + std::to_string(problem.column) : "";
    }
    text += ": " + (problem.rule.empty() ? "" : problem.rule + ": ") + problem.message;
  }
  return text;
}

void stop_if_wrong(const rules::detail::Document& document, nodes::Problems& problems) {
  if (!problems.empty()) {
    throw RuleError(document.file, problems.take());
  }
}

/// The column of each signal of the vocabulary, -1 for none.
std::vector<std::int32_t> find_columns(const std::vector<std::string>& vocabulary,
                                       const std::vector<std::string>& names) {
  std::unordered_map<std::string, std::int32_t> at;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!at.emplace(names[i], static_cast<std::int32_t>(i)).second) {
      throw ArgumentError("names: '" + names[i] + "' comes twice");
    }
  }
  std::vector<std::int32_t> columns;
  columns.reserve(vocabulary.size());
  for (const std::string& signal : vocabulary) {
    const auto found = at.find(signal);
    columns.push_back(found == at.end() ? -1 : found->second);
  }
  return columns;
}

}  // namespace

RuleError::RuleError(std::string file, std::vector<rules::Problem> problems)
    : Error(describe_problems(file, problems)),
      file_(std::make_shared<const std::string>(std::move(file))),
      problems_(std::make_shared<const std::vector<rules::Problem>>(std::move(problems))) {}

RuleSet::RuleSet(std::shared_ptr<const rules::detail::Document> document)
    : document_(std::move(document)) {}

RuleSet RuleSet::compile(const Node& root, const rules::CompileOptions& options) {
  nodes::Problems problems;
  rules::detail::Document document = rules::detail::read_document(root, options, problems);
  // Names and types are checked even where sections are wrong: every mistake at once.
  rules::detail::check_expressions(document, problems);
  stop_if_wrong(document, problems);
  rules::detail::check_program(document, root, problems);
  stop_if_wrong(document, problems);
  rules::detail::note_signals(document);
  document.warnings = rules::detail::find_warnings(document, root);
  return RuleSet(std::make_shared<const rules::detail::Document>(std::move(document)));
}

const std::string& RuleSet::file() const { return document_->file; }
const std::string& RuleSet::name() const { return document_->name; }
const std::string& RuleSet::about() const { return document_->about; }
const std::string& RuleSet::source() const { return document_->source; }
const std::vector<std::string>& RuleSet::signals() const { return document_->signals; }
const std::vector<std::string>& RuleSet::compounds() const { return document_->compound_names; }
const rules::Smoothing& RuleSet::smooth_expression() const { return document_->smooth_expression; }
const rules::Smoothing& RuleSet::smooth_valence_arousal() const {
  return document_->smooth_valence_arousal;
}
const rules::Smoothing& RuleSet::smooth_action_units() const {
  return document_->smooth_action_units;
}
const rules::Smoothing& RuleSet::smooth_compounds() const { return document_->smooth_compounds; }
rules::Faces RuleSet::faces() const { return document_->faces; }
rules::Gaps RuleSet::gaps() const { return document_->gaps; }
rules::Length RuleSet::gaps_at_most() const { return document_->gaps_at_most; }
const rules::Decision& RuleSet::decision() const { return document_->decision; }
const rules::Events& RuleSet::events() const { return document_->events; }
const std::vector<rules::TestCase>& RuleSet::tests() const { return document_->tests; }
const std::vector<rules::Problem>& RuleSet::warnings() const { return document_->warnings; }
bool RuleSet::looks_over_time() const { return document_->looks_over_time; }

std::vector<rules::Problem> RuleSet::missing(const std::vector<std::string>& names) const {
  return rules::detail::find_missing(
      *document_,
      rules::detail::lower(*document_, find_columns(document_->vocabulary, names), nullptr));
}

BoundRules RuleSet::bind(const std::vector<std::string>& names) const {
  auto plan = std::make_shared<rules::detail::Plan>();
  plan->document = document_;
  plan->columns = find_columns(document_->vocabulary, names);
  plan->width = names.size();
  const rules::detail::Lowered lowered = rules::detail::lower(*document_, plan->columns, nullptr);
  std::vector<rules::Problem> missing = rules::detail::find_missing(*document_, lowered);
  if (!missing.empty()) {
    throw RuleError(document_->file, std::move(missing));
  }
  plan->program = rules::detail::make_program(lowered.graph, lowered.compounds);
  return BoundRules(std::move(plan));
}

void RuleSet::decide(Span2D<const float> scores, Span<std::int32_t> labels) const {
  const std::size_t count = document_->compound_names.size();
  if (scores.cols != count) {
    throw ArgumentError("scores: expected " + std::to_string(count) +
                        " columns, one for each compound; got " + std::to_string(scores.cols));
  }
  if (labels.size != scores.rows) {
    throw ArgumentError("labels: expected " + std::to_string(scores.rows) + " rows, got " +
                        std::to_string(labels.size));
  }
  rules::detail::decide_rows(document_->decision, scores, labels);
}

}  // namespace cexpr
