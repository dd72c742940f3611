#pragma once

#include <cstdint>
#include <vector>

#include "cexpr/timeline.hpp"

namespace cexpr::detail {

/// Memory that `merge_faces` works in; kept by those who must not allocate.
struct MergeScratch {
  std::vector<std::int64_t> chosen;
  std::vector<double> sums;
  std::vector<std::int32_t> counts;
};

/// `merge_faces`, in memory that the caller keeps.
void merge_faces(Span2D<const float> scores, Span<const std::int64_t> row_frames,
                 Span<const float> detection, Span<const float> area, rules::Faces how,
                 Span2D<float> merged, Span2D<std::int64_t> decided, MergeScratch& scratch);

}  // namespace cexpr::detail
