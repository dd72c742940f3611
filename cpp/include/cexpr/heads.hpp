#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cexpr/export.hpp"
#include "cexpr/span.hpp"

namespace cexpr {

/// What turns a head's columns into values.
enum class Activation : std::uint8_t { none, softmax, sigmoid, tanh };

/// Columns of an output tensor, or a formula on the expression head.
struct Head {
  /// Name of the tensor; empty for a derived head.
  std::string tensor;
  /// Columns [first, end) of it; all of them where `end` is 0.
  std::size_t first = 0;
  std::size_t end = 0;
  Activation activation = Activation::none;
  /// Signals in the order of the columns; read by expression and action units only.
  std::vector<std::string> labels;
  /// Instead of a tensor: `circumplex` (valence and arousal) or `prototypes` (action units).
  std::string derived;
};

/// The heads of a model; what a model does not give is absent.
struct ModelOutputs {
  std::optional<Head> expression;
  std::optional<Head> valence_arousal;
  std::optional<Head> action_units;
};

/// From the raw tensors of a model to signals: the same numbers as the Python package's, to 1e-6.
///
/// `circumplex`: coordinates of the emotion words in Russell and Mehrabian, "Evidence for a
/// three-factor theory of emotions", 1977, weighted with the probabilities. `prototypes`: shares of
/// subjects who show a unit in each emotion in Du, Tao and Martinez, "Compound facial expressions
/// of emotion", PNAS 2014, table 1, weighted likewise. Both leave contempt out and renormalise.
class CEXPR_API Heads {
 public:
  /// Throws `ArgumentError` when a label is no signal of its group or comes twice, the columns do
  /// not fit the labels, or a formula is unknown or has no expression head to stand on.
  explicit Heads(const ModelOutputs& outputs);

  /// Tensors that `apply` takes, each once.
  const std::vector<std::string>& tensors() const { return tensors_; }
  /// Signals that `apply` gives, in the order of the vocabulary (`rules::default_signals`).
  const std::vector<std::string>& names() const { return names_; }
  /// Those of `names()` that are computed from others instead of learnt.
  const std::vector<std::string>& derived() const { return derived_; }

  /// `tensors`: one matrix for each of `tensors()`, N rows each; `signals`: (N, names), written.
  /// Valence and arousal are clamped to -1..1; NaN stays NaN, and takes no part in a formula.
  /// Allocates nothing. Throws `ArgumentError` when a shape does not fit.
  void apply(Span<const Span2D<const float>> tensors, Span2D<float> signals) const;

 private:
  struct Source {
    std::size_t tensor = 0;
    std::size_t first = 0;
    bool is_whole = false;
    Activation activation = Activation::none;
    std::vector<std::size_t> columns;  // place in the vocabulary of each column
  };

  void add(const Head& head, const char* name, const std::vector<std::string>& labels);
  void add_derived(const Head& head, const char* name, const char* formula, std::size_t first,
                   std::size_t end);

  std::vector<std::string> tensors_;
  std::vector<std::string> names_;
  std::vector<std::string> derived_;
  std::vector<Source> sources_;
  std::vector<std::size_t> places_;  // place in the vocabulary of each name
  bool has_circumplex_ = false;
  bool has_prototypes_ = false;
};

}  // namespace cexpr
