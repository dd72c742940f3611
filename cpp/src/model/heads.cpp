#include "cexpr/heads.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "cexpr/error.hpp"
#include "vocabulary.hpp"

namespace cexpr {
namespace {

using vocabulary::Group;
using vocabulary::kActionUnits;
using vocabulary::kExpression;
using vocabulary::kSignals;
using vocabulary::kValenceArousal;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Rows: anger, contempt, disgust, fear, happiness, neutral, sadness, surprise.
constexpr double kCircumplex[kExpression.size()][kValenceArousal.size()] = {
    {-0.51, 0.59}, {0.0, 0.0}, {-0.60, 0.35},  {-0.64, 0.60},
    {0.81, 0.51},  {0.0, 0.0}, {-0.63, -0.27}, {0.40, 0.67}};
constexpr std::size_t kContempt = vocabulary::place_of("contempt");  // in neither table

// "Consistent" in the paper: more than 70 % of the subjects; the bound stands in for the figure.
constexpr double kC = 0.70;
// Columns: AU01 AU02 AU04 AU06 AU07 AU10 AU12 AU15 AU23 AU24 AU25 AU26.
constexpr double kPrototypes[kExpression.size()][kActionUnits.size()] = {
    {0, 0, kC, 0, kC, 0.26, 0, 0, 0.29, kC, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {0, 0, 0.31, 0, 0, kC, 0, 0, 0, 0.26, 0, 0},   {kC, 0.57, kC, 0, 0, 0, 0, 0, 0, 0, kC, 0.33},
    {0, 0, 0, 0.51, 0, 0, kC, 0, 0, 0, kC, 0},     {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {0.60, 0, kC, 0.50, 0, 0, 0, kC, 0, 0, 0, 0},  {kC, kC, 0, 0, 0, 0, 0, 0, 0, 0, kC, kC}};

using Row = std::array<float, kSignals.size()>;

template <std::size_t Width>
void derive(const double (&table)[kExpression.size()][Width], const Group& group, Row& row) {
  double total = 0.0;
  std::array<double, Width> sums{};
  for (std::size_t e = kExpression.first; e < kExpression.end; ++e) {
    if (e == kContempt || std::isnan(row[e])) {
      continue;
    }
    const auto share = static_cast<double>(row[e]);
    total += share;
    for (std::size_t c = 0; c < Width; ++c) {
      sums[c] += share * table[e][c];
    }
  }
  total = std::max(total, static_cast<double>(std::numeric_limits<float>::min()));
  for (std::size_t c = 0; c < Width; ++c) {
    row[group.first + c] = static_cast<float>(sums[c] / total);
  }
}

void activate(Activation activation, float* values, std::size_t count) {
  switch (activation) {
    case Activation::none:
      return;
    case Activation::sigmoid:
      for (std::size_t i = 0; i < count; ++i) {
        values[i] = 1.0F / (1.0F + std::exp(-values[i]));
      }
      return;
    case Activation::tanh:
      for (std::size_t i = 0; i < count; ++i) {
        values[i] = std::tanh(values[i]);
      }
      return;
    case Activation::softmax:
      break;
  }
  float highest = values[0];
  for (std::size_t i = 1; i < count; ++i) {
    // A NaN goes through to every column.
    highest = values[i] > highest || std::isnan(values[i]) ? values[i] : highest;
  }
  float total = 0.0F;
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = std::exp(values[i] - highest);
    total += values[i];
  }
  for (std::size_t i = 0; i < count; ++i) {
    values[i] /= total;
  }
}

[[noreturn]] void refuse_label(const char* head, const char* what, const std::string& label) {
  std::string message(head);
  message.append(": ").append(what).append(" '").append(label).append("'");
  throw ArgumentError(message);
}

}  // namespace

Heads::Heads(const ModelOutputs& outputs) {
  if (outputs.expression) {
    if (!outputs.expression->derived.empty()) {
      throw ArgumentError("expression: expected a tensor; got a formula");
    }
    add(*outputs.expression, kExpression.name, outputs.expression->labels);
  }
  if (outputs.valence_arousal) {
    if (outputs.valence_arousal->derived.empty()) {
      add(*outputs.valence_arousal, kValenceArousal.name, vocabulary::names_of(kValenceArousal));
    } else {
      add_derived(*outputs.valence_arousal, kValenceArousal.name, "circumplex",
                  kValenceArousal.first, kValenceArousal.end);
      has_circumplex_ = true;
    }
  }
  if (outputs.action_units) {
    if (outputs.action_units->derived.empty()) {
      add(*outputs.action_units, kActionUnits.name, outputs.action_units->labels);
    } else {
      add_derived(*outputs.action_units, kActionUnits.name, "prototypes", kActionUnits.first,
                  kActionUnits.end);
      has_prototypes_ = true;
    }
  }
  if (places_.empty()) {
    throw ArgumentError("outputs: expected expression, valence_arousal or action_units; got none");
  }
  std::sort(places_.begin(), places_.end());
  for (const std::size_t place : places_) {
    names_.emplace_back(kSignals[place]);
  }
}

void Heads::add(const Head& head, const char* name, const std::vector<std::string>& labels) {
  const Group& group = vocabulary::group_named(name);
  const std::string where = std::string(name) + ": ";
  Source source;
  source.first = head.first;
  source.is_whole = head.end == 0;
  source.activation = head.activation;
  for (const std::string& label : labels) {
    const std::size_t place = vocabulary::place_of(label);
    if (!group.holds(place)) {
      refuse_label(name, "unknown label", label);
    }
    if (std::find(places_.begin(), places_.end(), place) != places_.end()) {
      refuse_label(name, "comes twice: label", label);
    }
    source.columns.push_back(place);
    places_.push_back(place);
  }
  if (labels.empty()) {
    throw ArgumentError(where + "expected labels, one for each column; got none");
  }
  if (head.tensor.empty()) {
    throw ArgumentError(where + "expected the name of a tensor or of a formula; got neither");
  }
  if (!source.is_whole && (head.end < head.first || head.end - head.first != labels.size())) {
    throw ArgumentError(where + "expected " + std::to_string(labels.size()) +
                        " columns, one for each label; got " + std::to_string(head.first) + " to " +
                        std::to_string(head.end));
  }
  const auto tensor = std::find(tensors_.begin(), tensors_.end(), head.tensor);
  source.tensor = static_cast<std::size_t>(tensor - tensors_.begin());
  if (tensor == tensors_.end()) {
    tensors_.push_back(head.tensor);
  }
  sources_.push_back(std::move(source));
}

void Heads::add_derived(const Head& head, const char* name, const char* formula, std::size_t first,
                        std::size_t end) {
  const std::string where = std::string(name) + ": ";
  if (head.derived != formula) {
    throw ArgumentError(where + "expected the formula '" + formula + "'; got '" + head.derived +
                        "'");
  }
  if (!head.tensor.empty()) {
    throw ArgumentError(where + "expected a tensor or a formula; got both");
  }
  if (sources_.empty() || !kExpression.holds(sources_.front().columns.front())) {
    throw ArgumentError(where + "is derived from expression, which is not there");
  }
  for (std::size_t place = first; place < end; ++place) {
    places_.push_back(place);
    derived_.emplace_back(kSignals[place]);
  }
}

void Heads::apply(Span<const Span2D<const float>> tensors, Span2D<float> signals) const {
  if (tensors.size != tensors_.size()) {
    throw ArgumentError("tensors: expected " + std::to_string(tensors_.size()) + "; got " +
                        std::to_string(tensors.size));
  }
  if (signals.cols != names_.size()) {
    throw ArgumentError("signals: expected " + std::to_string(names_.size()) + " columns; got " +
                        std::to_string(signals.cols));
  }
  for (const Source& source : sources_) {
    const Span2D<const float>& tensor = tensors[source.tensor];
    const std::size_t count = source.columns.size();
    const bool fits = source.is_whole ? tensor.cols == count : tensor.cols >= source.first + count;
    if (tensor.rows != signals.rows || !fits) {
      throw ArgumentError("tensors: " + tensors_[source.tensor] + ": expected " +
                          std::to_string(signals.rows) + " rows of " +
                          (source.is_whole ? "" : "at least ") +
                          std::to_string(source.first + count) + " columns; got " +
                          std::to_string(tensor.rows) + " x " + std::to_string(tensor.cols));
    }
  }
  for (std::size_t n = 0; n < signals.rows; ++n) {
    Row row;
    row.fill(kNan);
    for (const Source& source : sources_) {
      Row values;
      const float* from = tensors[source.tensor].row(n) + source.first;
      const std::size_t count = source.columns.size();
      std::copy(from, from + count, values.data());
      activate(source.activation, values.data(), count);
      for (std::size_t c = 0; c < count; ++c) {
        row[source.columns[c]] = values[c];
      }
    }
    if (has_circumplex_) {
      derive(kCircumplex, kValenceArousal, row);
    }
    if (has_prototypes_) {
      derive(kPrototypes, kActionUnits, row);
    }
    for (std::size_t place = kValenceArousal.first; place < kValenceArousal.end; ++place) {
      row[place] = std::clamp(row[place], -1.0F, 1.0F);
    }
    for (std::size_t c = 0; c < places_.size(); ++c) {
      signals(n, c) = row[places_[c]];
    }
  }
}

}  // namespace cexpr
