#pragma once

#include <string>

namespace cexpr::opencv::detail {

/// An ONNX model whose weights are stored as float16 and widened by Cast nodes, as one with float32
/// weights and without these nodes: OpenCV before 4.8 reads no float16. Other models, and bytes
/// that are no model, come back as they are.
std::string widen_half_weights(const std::string& model);

}  // namespace cexpr::opencv::detail
