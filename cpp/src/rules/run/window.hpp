#pragma once

#include <cstddef>
#include <vector>

#include "cexpr/rules.hpp"
#include "rules/program/ops.hpp"

namespace cexpr::rules::detail {

/// Rows that a window at some position takes in: `position + begin ... position + end`.
struct Reach {
  double begin = 0.0;
  double end = 0.0;
};

/// Where a window lies around a row; see `Windows`.
Reach reach_of(Length window, Windows windows);

/// The known values of one track between two positions, both of which only grow. A queue of two
/// stacks: sums are never taken back by subtraction, so that no rounding is left behind, and a row
/// costs constant time on average.
class SlidingWindow {
 public:
  explicit SlidingWindow(Op op) : op_(op) {}

  /// A row at `position`, not before the last one. NaN is left out.
  void push(double position, float value);
  /// Drops the rows before `position`.
  void drop_before(double position);
  /// mean, max, min or slope of the rows held; NaN where there are none, or too few for a slope.
  float result() const;
  void clear();

 private:
  /// What the rows of a stretch add up to; positions are relative to `Entry::position` of the row
  /// that came first into an empty window, so that large ones lose no digits.
  struct Summary {
    double count = 0.0;
    double mean_t = 0.0;
    double mean_x = 0.0;  // also the extreme of min and max
    double tt = 0.0;
    double tx = 0.0;
  };
  struct Entry {
    double position = 0.0;
    Summary summary;  // of the row alone, or of it and those behind it up to `middle_`
  };

  Summary join(const Summary& left, const Summary& right) const;
  Entry& at(std::size_t i) { return entries_[(head_ + i) & (entries_.size() - 1)]; }
  const Entry& at(std::size_t i) const { return entries_[(head_ + i) & (entries_.size() - 1)]; }
  void grow();
  void turn();

  Op op_;
  std::vector<Entry> entries_;  // a ring; its size is a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  std::size_t front_ = 0;  // entries whose summary reaches to the end of the front part
  Summary back_;           // of the entries behind the front part
  double origin_ = 0.0;
};

}  // namespace cexpr::rules::detail
