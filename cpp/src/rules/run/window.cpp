#include "rules/run/window.hpp"

#include <algorithm>
#include <cmath>

#include "rules/program/scalar_ops.hpp"

namespace cexpr::rules::detail {
namespace {

// Times are sums of frame durations; a row that lies on the edge but for rounding is inside.
constexpr double kTimeTolerance = 1e-6;
constexpr std::size_t kFirstCapacity = 16;

}  // namespace

Reach reach_of(Length window, Windows windows) {
  if (window.in_seconds) {
    return windows == Windows::centred
               ? Reach{-window.value / 2.0 - kTimeTolerance, window.value / 2.0 + kTimeTolerance}
               : Reach{-window.value - kTimeTolerance, 0.0};
  }
  const double before =
      windows == Windows::centred ? std::floor(window.value / 2.0) : window.value - 1.0;
  return {-before, window.value - 1.0 - before};
}

SlidingWindow::Summary SlidingWindow::join(const Summary& left, const Summary& right) const {
  if (left.count == 0.0) {
    return right;
  }
  if (right.count == 0.0) {
    return left;
  }
  Summary both;
  both.count = left.count + right.count;
  switch (op_) {
    case Op::max_over:
      both.mean_x = std::max(left.mean_x, right.mean_x);
      break;
    case Op::min_over:
      both.mean_x = std::min(left.mean_x, right.mean_x);
      break;
    case Op::mean_over:
      both.mean_x = left.mean_x + right.mean_x;  // the sum; divided in result()
      break;
    default: {
      const double share = right.count / both.count;
      const double dt = right.mean_t - left.mean_t;
      const double dx = right.mean_x - left.mean_x;
      both.mean_t = left.mean_t + dt * share;
      both.mean_x = left.mean_x + dx * share;
      both.tt = left.tt + right.tt + dt * dt * left.count * share;
      both.tx = left.tx + right.tx + dt * dx * left.count * share;
    }
  }
  return both;
}

void SlidingWindow::grow() {
  std::vector<Entry> larger(entries_.empty() ? kFirstCapacity : entries_.size() * 2);
  for (std::size_t i = 0; i < size_; ++i) {
    larger[i] = at(i);
  }
  entries_.swap(larger);
  head_ = 0;
}

void SlidingWindow::push(double position, float value) {
  if (std::isnan(value)) {
    return;
  }
  if (size_ == entries_.size()) {
    grow();
  }
  if (size_ == 0) {
    origin_ = position;
  }
  Entry& entry = at(size_++);
  entry.position = position;
  entry.summary = {};
  entry.summary.count = 1.0;
  entry.summary.mean_t = position - origin_;
  entry.summary.mean_x = static_cast<double>(value);
  back_ = join(back_, entry.summary);
}

/// Makes every entry part of the front, each summary that of the rows from it to the last.
void SlidingWindow::turn() {
  for (std::size_t i = size_; i-- > 1;) {
    at(i - 1).summary = join(at(i - 1).summary, at(i).summary);
  }
  front_ = size_;
  back_ = {};
}

void SlidingWindow::drop_before(double position) {
  while (size_ > 0 && at(0).position < position) {
    if (front_ == 0) {
      turn();
    }
    head_ = (head_ + 1) & (entries_.size() - 1);
    --size_;
    --front_;
  }
}

float SlidingWindow::result() const {
  const Summary all = front_ == 0 ? back_ : join(at(0).summary, back_);
  if (all.count == 0.0) {
    return kUnknown;
  }
  switch (op_) {
    case Op::mean_over:
      return static_cast<float>(all.mean_x / all.count);
    case Op::slope_over:
      return all.tt > 0.0 ? static_cast<float>(all.tx / all.tt) : kUnknown;
    default:
      return static_cast<float>(all.mean_x);
  }
}

void SlidingWindow::clear() {
  head_ = 0;
  size_ = 0;
  front_ = 0;
  back_ = {};
}

}  // namespace cexpr::rules::detail
