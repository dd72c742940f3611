#include "kernels/filter_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes : OneLane {
  static constexpr std::size_t kStretch = 64;
  static bool has_unusual(const float* p) {
    float sum = 0.0F;
    for (std::size_t k = 0; k < kStretch; ++k) {
      sum += p[k] - p[k];
    }
    return sum != 0.0F;
  }
};

}  // namespace

const FilterTable FilterTable::scalar = table_over<Lanes>();

}  // namespace cexpr::kernels
