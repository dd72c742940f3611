#include "analyzer/raw_faces.hpp"

#include <string>

#include "cexpr/error.hpp"

namespace cexpr::detail {

RawFaces::RawFaces(const AnalyzerOptions& options) : heads_(options.heads) {
  if (heads_) {
    signals_.resize(options.max_faces * heads_->names().size());
    faces_.resize(options.max_faces);
    tensors_.resize(heads_->tensors().size());
  }
}

Span<const FaceSignals> RawFaces::to_signals(Span<const FaceSignals> faces) {
  if (!heads_) {
    return faces;
  }
  const std::size_t width = heads_->names().size();
  for (std::size_t i = 0; i < faces.size; ++i) {
    const Span<const Span<const float>> raw = faces[i].raw;
    if (raw.size != tensors_.size()) {
      throw ArgumentError("faces: expected " + std::to_string(tensors_.size()) +
                          " raw rows, one for each tensor of the heads; got " +
                          std::to_string(raw.size));
    }
    for (std::size_t j = 0; j < raw.size; ++j) {
      tensors_[j] = {raw[j].data, 1, raw[j].size, raw[j].size};
    }
    float* row = signals_.data() + i * width;
    heads_->apply({tensors_.data(), tensors_.size()}, {row, 1, width, width});
    faces_[i] = faces[i];
    faces_[i].signals = {row, width};
  }
  return {faces_.data(), faces.size};
}

}  // namespace cexpr::detail
