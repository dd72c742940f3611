#pragma once

#include <vector>

#include "rules/file/document.hpp"

namespace cexpr::rules::detail {

/// The numbers that a value lies between, whatever a face shows; infinite where nothing is known.
struct Range {
  double low;
  double high;

  bool is_only(double value) const { return low == value && high == value; }
};

/// Ranges of one signal: probabilities lie in 0..1, valence and arousal in -1..1.
Range range_of_signal(const std::string& name);

/// What one comparison can be: 1 always true, 0 always false, kUndecided either.
constexpr int kUndecided = -1;
int settled(Comparison comparison, const Range& left, const Range& right);

/// The range of each node of each expression, by interval arithmetic: never too narrow, often wider
/// than need be. A value that is unknown (NaN) lies in no range.
std::vector<std::vector<Range>> find_ranges(const Document& document);

}  // namespace cexpr::rules::detail
