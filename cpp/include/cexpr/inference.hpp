#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cexpr/export.hpp"
#include "cexpr/span.hpp"

namespace cexpr {

/// Input of a network: float32 planes, (count, channels, height, width), without gaps.
struct InputTensor {
  const float* data = nullptr;
  std::size_t count = 0;
  std::size_t channels = 0;
  std::size_t height = 0;
  std::size_t width = 0;

  std::size_t size() const { return count * channels * height * width; }
};

/// A network of the host's choice: a tensor in, tensors out. The components `opencv` and
/// `onnxruntime` bring one each; a host with another runtime derives its own.
class CEXPR_API Inference {
 public:
  Inference() = default;
  virtual ~Inference();
  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;

  /// Names of the tensors that `run` gives, in its order.
  virtual const std::vector<std::string>& outputs() const = 0;

  /// Runs the network. Gives one matrix for each of `outputs()`, `input.count` rows each; what it
  /// points to is valid until the next call. Throws `ModelError` when the network fails.
  virtual Span<const Span2D<const float>> run(const InputTensor& input) = 0;
};

}  // namespace cexpr
