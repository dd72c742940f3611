#pragma once

#include <memory>

#include "cexpr/inference.hpp"
#include "cexpr/manifest.hpp"

/// The component `onnxruntime`: networks run by ONNX Runtime on the processor.
namespace cexpr::onnxruntime {

/// A network from the ONNX file of a manifest that gives the tensors which its heads read; all
/// faces of a call go through it together. `threads`: inside one operator, >= 1. Throws
/// `ModelError` when the file cannot be opened or lacks a tensor.
std::unique_ptr<Inference> make_inference(const Manifest& manifest, int threads = 1);

}  // namespace cexpr::onnxruntime
