#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cexpr/settings.hpp"
#include "cexpr/span.hpp"
#include "timeline/leader.hpp"

// The two steps of `decide`, one row at a time, so that a stream takes the same ones.
namespace cexpr::detail {

/// Throws `ArgumentError` when an option is out of range for K compounds.
void check_decision(const rules::Decision& options, std::size_t compounds);

/// Scores to adjusted scores, and who may have a label.
class Scoring {
 public:
  Scoring(const rules::Decision& options, std::size_t compounds);

  std::size_t compounds() const { return weight_.size(); }
  float adjusted(const float* scores, std::size_t k) const {
    return scores[k] * weight_[k] + bias_[k];
  }
  bool can_stay(const float* scores, std::size_t k) const {
    return Leader::can_win(scores[k], adjusted(scores, k)) && adjusted(scores, k) >= exit_below_;
  }
  /// The label of a row after a row with label `before`; -1 for none.
  std::int32_t choose(const float* scores, std::int32_t before) const;

 private:
  std::vector<float> weight_;
  std::vector<float> bias_;
  float abstain_below_;
  float exit_below_;
  double hysteresis_;
};

/// Takes short runs away while rows arrive. Rows [0, settled()) have their final labels. The caller
/// keeps scores and times of the rows from settled() - 1 on and hands them out by row number.
class RunKeeper {
 public:
  explicit RunKeeper(const rules::Length& min_duration) : min_(min_duration) {}

  std::size_t settled() const { return settled_; }
  void reset();

  /// Takes the next row. Scores(row) gives the scores of a row not yet settled, Time(row) its time,
  /// asked for only where the minimum is in seconds; Settle(row, label) is called for each row
  /// whose label is final now, in order.
  template <typename Scores, typename Time, typename Settle>
  void push(std::int32_t label, const Scoring& scoring, const Scores& scores, const Time& time,
            const Settle& settle) {
    const std::size_t row = rows_++;
    while (settled_ < row && label != pending_) {
      const std::int32_t owner = owner_of_pending(label, row, scoring, scores);
      if (owner == label && owner >= 0 && owner != before_) {
        pending_ = label;
        break;
      }
      settle_until(row, owner, settle);
    }
    if (settled_ == row) {
      pending_ = label;
      if (label < 0 || label == before_) {
        settle_until(row + 1, label, settle);
        return;
      }
    }
    if (is_long_enough(row, time)) {
      settle_until(row + 1, pending_, settle);
    }
  }

  /// No row comes any more: settles what is left.
  template <typename Scores, typename Settle>
  void finish(const Scoring& scoring, const Scores& scores, const Settle& settle) {
    if (settled_ < rows_) {
      const bool is_all = settled_ == 0;
      settle_until(rows_, is_all ? pending_ : owner_of_pending(-1, rows_, scoring, scores), settle);
    }
  }

 private:
  template <typename Time>
  bool is_long_enough(std::size_t row, const Time& time) const {
    if (!min_.in_seconds) {
      return static_cast<double>(row - settled_ + 1) >= min_.value;
    }
    constexpr double kMicrosecond = 1e-6;
    const double step = row > 0 ? time(row) - time(row - 1) : 0.0;
    return time(row) - time(settled_) + step >= min_.value - kMicrosecond;
  }

  template <typename Settle>
  void settle_until(std::size_t end, std::int32_t label, const Settle& settle) {
    for (; settled_ < end; ++settled_) {
      settle(settled_, label);
    }
    before_ = label;
  }

  /// Who takes the pending rows [settled_, end), which are too few: the label before, the label
  /// after, or none.
  template <typename Scores>
  std::int32_t owner_of_pending(std::int32_t after, std::size_t end, const Scoring& scoring,
                                const Scores& scores) const {
    std::int32_t owner = -1;
    double best = 0.0;
    for (const std::int32_t label : {before_, after}) {
      if (label < 0) {
        continue;
      }
      const auto k = static_cast<std::size_t>(label);
      bool can_take = true;
      double sum = 0.0;
      for (std::size_t row = settled_; row < end && can_take; ++row) {
        can_take = scoring.can_stay(scores(row), k);
        sum += static_cast<double>(scoring.adjusted(scores(row), k));
      }
      if (can_take && (owner < 0 || sum > best)) {
        owner = label;
        best = sum;
      }
    }
    return owner;
  }

  rules::Length min_;
  std::size_t rows_ = 0;
  std::size_t settled_ = 0;
  std::int32_t pending_ = -1;  // label of the rows [settled_, rows_)
  std::int32_t before_ = -1;   // label of row settled_ - 1
};

}  // namespace cexpr::detail
