#include "analyzer/gap_filler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cexpr::detail {

GapFiller::GapFiller(std::size_t compounds, rules::Gaps how, std::size_t lookahead,
                     std::size_t limit)
    : compounds_(compounds),
      how_(how),
      lookahead_(lookahead),
      limit_(limit),
      seen_(lookahead + 1),
      scores_((lookahead + 1) * compounds),
      before_(compounds) {}

void GapFiller::start(std::size_t row) {
  row_count_ = row;
  std::fill(seen_.begin(), seen_.end(), std::uint8_t{0});
  std::fill(before_.begin(), before_.end(), Known{});
}

void GapFiller::push(bool is_seen, const float* scores) {
  const std::size_t at = row_count_ % seen_.size();
  seen_[at] = is_seen ? 1 : 0;
  if (is_seen) {
    std::copy(scores, scores + compounds_, scores_.data() + at * compounds_);
  }
  ++row_count_;
}

bool GapFiller::fill(std::size_t row, float* out) {
  if (is_seen(row)) {
    std::copy(scores(row), scores(row) + compounds_, out);
    for (std::size_t k = 0; k < compounds_; ++k) {
      if (!std::isnan(out[k])) {
        before_[k] = {true, row, out[k]};
      }
    }
    return false;
  }
  bool is_filled = false;
  for (std::size_t k = 0; k < compounds_; ++k) {
    out[k] = bridge(row, k);
    is_filled = is_filled || !std::isnan(out[k]);
  }
  return is_filled;
}

bool GapFiller::fill_from_before(std::size_t row, float* out) const {
  bool is_filled = false;
  for (std::size_t k = 0; k < compounds_; ++k) {
    out[k] = held(row, k);
    is_filled = is_filled || !std::isnan(out[k]);
  }
  return is_filled;
}

bool GapFiller::is_seen_after(std::size_t row) const {
  for (std::size_t after = row + 1; after < row_count_; ++after) {
    if (is_seen(after)) {
      return true;
    }
  }
  return false;
}

float GapFiller::held(std::size_t row, std::size_t k) const {
  const Known& before = before_[k];
  const bool is_held = how_ != rules::Gaps::none && before.is_there && row - before.row <= limit_;
  return is_held ? before.value : std::numeric_limits<float>::quiet_NaN();
}

float GapFiller::bridge(std::size_t row, std::size_t k) const {
  const Known& before = before_[k];
  if (how_ == rules::Gaps::interpolate) {
    const std::size_t end = std::min(row + lookahead_ + 1, row_count_);
    for (std::size_t after = row + 1; after < end; ++after) {
      if (!is_seen(after) || std::isnan(scores(after)[k])) {
        continue;
      }
      if (!before.is_there) {
        return scores(after)[k];
      }
      const std::size_t step = after - before.row;
      if (step - 1 > lookahead_) {
        break;
      }
      const double share = static_cast<double>(row - before.row) / static_cast<double>(step);
      return static_cast<float>(static_cast<double>(before.value) * (1.0 - share) +
                                static_cast<double>(scores(after)[k]) * share);
    }
  }
  return held(row, k);
}

}  // namespace cexpr::detail
