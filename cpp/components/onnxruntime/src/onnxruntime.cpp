#include "cexpr/onnxruntime.hpp"

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "cexpr/heads.hpp"

namespace cexpr::onnxruntime {
namespace {

Ort::SessionOptions make_options(int threads) {
  if (threads < 1) {
    throw ArgumentError("threads: expected at least 1; got " + std::to_string(threads));
  }
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(threads);
  options.SetInterOpNumThreads(1);
  // Threads that spin while they wait would take the cores from the host.
  options.AddConfigEntry("session.intra_op.allow_spinning", "0");
  return options;
}

class Network : public Inference {
 public:
  Network(const Manifest& manifest, int threads)
      : path_(manifest.model_path()),
        names_(Heads(manifest.outputs).tensors()),
        environment_(ORT_LOGGING_LEVEL_ERROR, "cexpr"),
        session_(open(manifest, threads)),
        memory_(Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault)) {
    environment_.DisableTelemetryEvents();
    Ort::AllocatorWithDefaultOptions allocator;
    if (session_.GetInputCount() != 1) {
      throw ModelError(path_ + ": expected one input; got " +
                       std::to_string(session_.GetInputCount()));
    }
    input_ = session_.GetInputNameAllocated(0, allocator).get();
    std::vector<std::string> given;
    for (std::size_t i = 0; i < session_.GetOutputCount(); ++i) {
      given.emplace_back(session_.GetOutputNameAllocated(i, allocator).get());
    }
    for (const std::string& name : names_) {
      if (std::find(given.begin(), given.end(), name) == given.end()) {
        throw ModelError(path_ + ": expected an output '" + name + "'; it has none of that name");
      }
      output_names_.push_back(name.c_str());
    }
    matrices_.resize(names_.size());
  }

  const std::vector<std::string>& outputs() const override { return names_; }

  Span<const Span2D<const float>> run(const InputTensor& input) override {
    const std::array<std::int64_t, 4> shape{
        static_cast<std::int64_t>(input.count), static_cast<std::int64_t>(input.channels),
        static_cast<std::int64_t>(input.height), static_cast<std::int64_t>(input.width)};
    try {
      // The runtime reads the input, it does not write it.
      const Ort::Value value = Ort::Value::CreateTensor<float>(
          memory_, const_cast<float*>(input.data), input.size(), shape.data(), shape.size());
      const char* const input_name = input_.c_str();
      values_ = session_.Run(Ort::RunOptions{nullptr}, &input_name, &value, 1, output_names_.data(),
                             output_names_.size());
    } catch (const Ort::Exception& error) {
      throw ModelError(path_ + ": ONNX Runtime fails on it: " + error.what());
    }
    for (std::size_t j = 0; j < values_.size(); ++j) {
      const Ort::TensorTypeAndShapeInfo info = values_[j].GetTensorTypeAndShapeInfo();
      const std::vector<std::int64_t> dimensions = info.GetShape();
      if (dimensions.size() != 2 || dimensions[0] != shape[0] ||
          info.GetElementType() != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) {
        throw ModelError(path_ + ": expected float32 rows in '" + names_[j] + "'");
      }
      const auto columns = static_cast<std::size_t>(dimensions[1]);
      matrices_[j] = {values_[j].GetTensorData<float>(), input.count, columns, columns};
    }
    return {matrices_.data(), matrices_.size()};
  }

 private:
  Ort::Session open(const Manifest& manifest, int threads) {
    // Before the file is read: a wrong argument is no fault of the model.
    const Ort::SessionOptions options = make_options(threads);
    const std::string model = manifest.read_model();
    try {
      return {environment_, model.data(), model.size(), options};
    } catch (const Ort::Exception& error) {
      throw ModelError(path_ + ": ONNX Runtime cannot open it: " + error.what());
    }
  }

  std::string path_;
  std::vector<std::string> names_;
  Ort::Env environment_;
  Ort::Session session_;
  Ort::MemoryInfo memory_;
  std::string input_;
  std::vector<const char*> output_names_;
  std::vector<Ort::Value> values_;
  std::vector<Span2D<const float>> matrices_;
};

}  // namespace

std::unique_ptr<Inference> make_inference(const Manifest& manifest, int threads) {
  return std::make_unique<Network>(manifest, threads);
}

}  // namespace cexpr::onnxruntime
