#pragma once

#include <memory>
#include <opencv2/core/mat.hpp>
#include <string>

#include "cexpr/image.hpp"
#include "cexpr/inference.hpp"
#include "cexpr/manifest.hpp"

/// The component `opencv`: networks run by OpenCV's DNN module, and views of its images.
namespace cexpr::opencv {

/// A network from an ONNX file that gives the tensors which the manifest's heads read. It runs one
/// face after the other, because the module lays a network out anew for each size of batch. Throws
/// `ModelError` when the file cannot be read, has another size than the manifest says, or lacks a
/// tensor.
std::unique_ptr<Inference> make_inference(const Manifest& manifest);

/// The pixels of a matrix of 8-bit grey, BGR or BGRA pixels, not copied. Throws `ArgumentError` for
/// another type.
ImageView view(const cv::Mat& image);

}  // namespace cexpr::opencv
