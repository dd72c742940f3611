#pragma once

#include <cstdint>
#include <limits>

namespace cexpr::detail {

/// Who wins a row: the highest adjusted score, ties to the lowest id. The kernels choose column by
/// column and are tested against this.
class Leader {
 public:
  /// 0, NaN and minus infinity cannot win.
  static bool can_win(float score, float adjusted) {
    return score != 0.0F && adjusted > -std::numeric_limits<float>::infinity();
  }

  /// Ids in ascending order.
  void offer(std::int32_t id, float score, float adjusted) {
    if (!can_win(score, adjusted)) {
      return;
    }
    if (adjusted > best_) {
      second_ = best_;
      runner_up_ = id_;
      best_ = adjusted;
      id_ = id;
    } else if (adjusted > second_) {
      second_ = adjusted;
      runner_up_ = id;
    }
  }

  std::int32_t id() const { return id_; }  // -1 where nobody can win
  float best() const { return best_; }
  std::int32_t runner_up() const { return runner_up_; }  // -1 where nobody else can win
  /// The leader, or -1 below `least`.
  std::int32_t winner(float least) const { return best_ < least ? -1 : id_; }

 private:
  std::int32_t id_ = -1;
  std::int32_t runner_up_ = -1;
  float best_ = -std::numeric_limits<float>::infinity();
  float second_ = -std::numeric_limits<float>::infinity();
};

}  // namespace cexpr::detail
