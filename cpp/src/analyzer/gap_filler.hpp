#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cexpr/settings.hpp"

namespace cexpr::detail {

/// Fills the rows of a timeline in which no face was seen, while the stream runs.
class GapFiller {
 public:
  /// `lookahead`: rows after one that are known when it is filled. `limit`: rows behind a number
  /// that are filled, at least `lookahead`.
  GapFiller(std::size_t compounds, rules::Gaps how, std::size_t lookahead, std::size_t limit);

  /// Forgets everything; `row` is the number of the row that is pushed next.
  void start(std::size_t row);
  /// Takes the next row; its scores are read only where a face was seen.
  void push(bool is_seen, const float* scores);

  /// Writes the scores of a row, filled; rows are asked for in order. Returns true where the row
  /// was not seen and holds a number now.
  bool fill(std::size_t row, float* out);
  /// The same for a row that was not seen, from the rows before it alone.
  bool fill_from_before(std::size_t row, float* out) const;

  /// Of a row that is not older than `lookahead`.
  bool is_seen(std::size_t row) const { return seen_[row % seen_.size()] != 0; }
  /// Whether a row after this one was seen, of those pushed so far.
  bool is_seen_after(std::size_t row) const;

 private:
  struct Known {
    bool is_there = false;
    std::size_t row = 0;
    float value = 0.0F;
  };
  const float* scores(std::size_t row) const {
    return scores_.data() + (row % seen_.size()) * compounds_;
  }
  float bridge(std::size_t row, std::size_t k) const;
  float held(std::size_t row, std::size_t k) const;

  std::size_t compounds_;
  rules::Gaps how_;
  std::size_t lookahead_;
  std::size_t limit_;
  std::vector<std::uint8_t> seen_;
  std::vector<float> scores_;
  std::vector<Known> before_;  // the last number of each compound
  std::size_t row_count_ = 0;
};

}  // namespace cexpr::detail
