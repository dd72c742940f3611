#pragma once

#include "kernels/preprocess_plan.hpp"

namespace cexpr::kernels {

using PreprocessKernel = void (*)(const PreprocessPlan& plan);

/// The loops over the pixels of one face, once per instruction set; all give the same bits. `copy`:
/// image channel c is written to plane[c] (a grey image to all of them). `mix`: the sum over the
/// channels of value * scale is written to plane[0].
struct PreprocessTable {
  PreprocessKernel gray_copy;
  PreprocessKernel color_copy;  // 3 bytes per pixel
  PreprocessKernel color_mix;
  PreprocessKernel alpha_copy;  // 4 bytes per pixel
  PreprocessKernel alpha_mix;

  // Those of the instruction sets in this build are defined; `pick` chooses.
  static const PreprocessTable scalar;
  static const PreprocessTable avx2;
  static const PreprocessTable avx512;
  static const PreprocessTable neon;
};

}  // namespace cexpr::kernels
