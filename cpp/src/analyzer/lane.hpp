#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/gap_filler.hpp"
#include "cexpr/analyzer.hpp"
#include "cexpr/filter.hpp"
#include "timeline/decision_steps.hpp"

namespace cexpr::detail {

/// What all lanes of an analyzer have in common.
struct LaneSettings {
  /// `radius`: rows that must follow one before its signals are smoothed. Throws `ArgumentError`
  /// when a stream cannot keep a setting of the rules.
  LaneSettings(const RuleSet& rules, const AnalyzerOptions& options, std::size_t radius);

  std::size_t compounds;
  rules::Gaps gaps;
  bool skips_filled;
  FilterOptions smoothing;
  Scoring scoring;
  std::size_t min_frames;
  std::size_t gap_limit;   // rows behind a number that are filled
  std::size_t gap_frames;  // lookahead of the gaps
  std::size_t delay;       // rows from a push to the row that it decides
};

/// From the scores of one timeline to its labels: gaps filled, scores smoothed, labels decided.
/// Rows are the frames of the stream, numbered from 0. Settings must outlive the lane. Allocates
/// nothing once it is made.
class Lane {
 public:
  /// One row of the timeline.
  struct Row {
    std::int32_t label = -1;
    bool is_seen = false;
    bool is_filled = false;
    std::vector<float> filled;  // scores, gaps filled
    std::vector<float> scores;  // scores, smoothed
  };

  explicit Lane(const LaneSettings& settings);

  /// Forgets everything for a timeline that begins with row `first`; scores are pushed from row
  /// `pushed` on, and the rows before it were not seen. What `row` gave stays as it is until rows
  /// are taken.
  void start(std::size_t first, std::size_t pushed);

  /// Takes the scores of the next row, from the stream; read only where a face was seen.
  void push(bool is_seen, const float* scores) { gaps_.push(is_seen, scores); }
  /// Adds the next row to the timeline; the `gap_frames` rows after it have been pushed, as far as
  /// there are any.
  void take();
  /// Adds the next row, in which no face was seen, from the rows before it alone.
  void hold();
  /// Decides the rows so far as if no further one came; further ones may come all the same.
  void finish();

  bool is_seen(std::size_t row) const { return gaps_.is_seen(row); }
  bool is_seen_after(std::size_t row) const { return gaps_.is_seen_after(row); }
  std::size_t first() const { return first_; }
  /// The row after the last one of the timeline so far.
  std::size_t end() const { return end_; }
  bool holds(std::size_t row) const { return row >= first_ && row < end_; }
  bool is_decided(std::size_t row) const { return row < first_ + keeper_.settled(); }
  /// One of the last `delay` + 1 rows.
  const Row& row(std::size_t row) const { return rows_[row % rows_.size()]; }

 private:
  Row& slot(std::size_t row) { return rows_[row % rows_.size()]; }
  auto scores_of() {
    return [this](std::size_t row) { return slot(first_ + row).scores.data(); };
  }
  auto settle() {
    return [this](std::size_t row, std::int32_t label) { slot(first_ + row).label = label; };
  }
  void smooth(bool is_seen);
  void take_smoothed(std::size_t count);

  const LaneSettings& settings_;
  GapFiller gaps_;
  StreamingFilter filter_;
  RunKeeper keeper_;
  std::vector<Row> rows_;
  std::vector<float> scratch_;  // one for each compound
  std::int32_t chosen_ = -1;    // label of the last smoothed row, before short runs are taken away
  std::size_t first_ = 0;
  std::size_t end_ = 0;
};

}  // namespace cexpr::detail
