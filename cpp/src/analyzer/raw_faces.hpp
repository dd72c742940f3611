#pragma once

#include <cstddef>
#include <vector>

#include "cexpr/analyzer.hpp"

namespace cexpr::detail {

/// The step before the analyzer's others where a host pushes raw outputs of a network.
class RawFaces {
 public:
  explicit RawFaces(const AnalyzerOptions& options);

  /// The faces with signals; those given where there are no heads. Valid until the next call.
  Span<const FaceSignals> to_signals(Span<const FaceSignals> faces);

 private:
  std::optional<Heads> heads_;
  std::vector<float> signals_;                // (max_faces, signals)
  std::vector<FaceSignals> faces_;            // max_faces
  std::vector<Span2D<const float>> tensors_;  // of one face
};

}  // namespace cexpr::detail
