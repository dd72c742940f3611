#pragma once

#include <cstdint>
#include <limits>
#include <vector>

/// Settings of the steps before and after the rules: a rule file holds them, and functions on plain
/// arrays take them as options.
namespace cexpr::rules {

/// A length in time: a number of frames, or of seconds (`0.5s` in a file).
struct Length {
  double value = 0.0;
  bool in_seconds = false;
};

/// How one group of signals, or the compound scores, are smoothed.
struct Smoothing {
  enum class Kernel : std::uint8_t { none, box, gaussian };
  Kernel kernel = Kernel::none;
  Length radius;
  Length sigma;             // gaussian only
  bool count_rows = false;  // `window: rows`: the radius counts rows, not frame numbers
  bool skip_filled = true;  // compounds only; `filled: skip`: filled frames do not take part
};

/// Several faces in one frame: brought together, or (`each`) each labelled alone, on a timeline of
/// its own.
enum class Faces : std::uint8_t { max, mean, first, largest, each };

/// Frames in which no face was seen.
enum class Gaps : std::uint8_t { interpolate, hold, none };

/// How long frames without a face are filled where a file does not say.
inline constexpr Length kGapsAtMost{1.0, true};
/// `at_most: unlimited`.
inline constexpr Length kUnlimited{std::numeric_limits<double>::infinity(), false};

/// From scores to a label. The adjusted score of compound k is score * weight[k] + bias[k].
struct Decision {
  /// A label needs an adjusted score of at least this much.
  double abstain_below = -std::numeric_limits<double>::infinity();
  /// A label in force is kept until its adjusted score falls below this (never above
  /// `abstain_below`).
  double exit_below = std::numeric_limits<double>::infinity();
  /// Another compound takes over only when it leads the label in force by more than this.
  double hysteresis = 0.0;
  /// Runs of a label shorter than this are dropped.
  Length min_duration{1.0, false};
  std::vector<float> bias;    // one for each compound
  std::vector<float> weight;  // from `priors`, divided by their mean; all 1 without them
};

/// How events are cut from labels.
struct Events {
  Length min_duration;  // shorter events are left out
  Length merge_gap;     // events of one label that lie at most this far apart become one
};

}  // namespace cexpr::rules
