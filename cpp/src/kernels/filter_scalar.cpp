#include "cexpr/cpu.hpp"
#include "kernels/filter_body.hpp"

namespace cexpr::detail {
namespace {

Content scan_scalar(const float* x, std::size_t n) {
  constexpr std::size_t kStretch = 64;
  return scan<kStretch>(x, n, [](const float* p) {
    // x - x is 0 for finite numbers alone, and NaN otherwise.
    float sum = 0.0F;
    for (std::size_t k = 0; k < kStretch; ++k) {
      sum += p[k] - p[k];
    }
    return sum != 0.0F;
  });
}

}  // namespace

const FilterKernels kFilterScalar{scan_scalar,         widen<OneLane>,  narrow<OneLane>,
                                  accumulate<OneLane>, divide<OneLane>, convolve<OneLane>,
                                  box<OneLane>};

const FilterKernels& filter_kernels() {
  switch (cpu::active()) {
#if defined(CEXPR_X86)
    case cpu::Target::avx2:
      return kFilterAvx2;
    case cpu::Target::avx512:
      return kFilterAvx512;
#elif defined(CEXPR_NEON)
    case cpu::Target::neon:
      return kFilterNeon;
#endif
    default:
      return kFilterScalar;
  }
}

}  // namespace cexpr::detail
