#include "cexpr/opencv.hpp"

#include <algorithm>
#include <opencv2/dnn.hpp>
#include <vector>

#include "cexpr/heads.hpp"
#include "half_weights.hpp"

namespace cexpr::opencv {
namespace {

/// First line of an OpenCV message, which spans lines and names source files.
std::string reason(const cv::Exception& error) {
  const std::string& text = error.err.empty() ? error.msg : error.err;
  return text.substr(0, text.find('\n'));
}

class Network : public Inference {
 public:
  explicit Network(const Manifest& manifest)
      : path_(manifest.model_path()), names_(Heads(manifest.outputs).tensors()) {
    const std::string model = detail::widen_half_weights(manifest.read_model());
    try {
      net_ = cv::dnn::readNetFromONNX(model.data(), model.size());
    } catch (const cv::Exception& error) {
      throw ModelError(path_ + ": OpenCV cannot read it: " + reason(error));
    }
    net_.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    const std::vector<cv::String> layers = net_.getLayerNames();
    for (const std::string& name : names_) {
      layers_.push_back(layer_of(name, layers));
    }
    values_.resize(names_.size());
    matrices_.resize(names_.size());
  }

  const std::vector<std::string>& outputs() const override { return names_; }

  Span<const Span2D<const float>> run(const InputTensor& input) override {
    const int shape[] = {1, static_cast<int>(input.channels), static_cast<int>(input.height),
                         static_cast<int>(input.width)};
    const std::size_t face_size = input.channels * input.height * input.width;
    for (std::size_t i = 0; i < input.count; ++i) {
      // The module reads the input and copies it.
      const cv::Mat face(4, shape, CV_32F, const_cast<float*>(input.data + i * face_size));
      try {
        net_.setInput(face);
        net_.forward(given_, layers_);
      } catch (const cv::Exception& error) {
        throw ModelError(path_ + ": OpenCV fails on it: " + reason(error));
      }
      keep(i, input.count);
    }
    return {matrices_.data(), matrices_.size()};
  }

 private:
  /// Importers name the layer of a tensor as the tensor, some with a prefix.
  cv::String layer_of(const std::string& tensor, const std::vector<cv::String>& layers) const {
    for (const std::string& name : {tensor, "onnx_node!" + tensor}) {
      if (std::find(layers.begin(), layers.end(), name) != layers.end()) {
        return name;
      }
    }
    throw ModelError(path_ + ": expected an output '" + tensor + "'; it has none of that name");
  }

  void keep(std::size_t face, std::size_t count) {
    for (std::size_t j = 0; j < given_.size(); ++j) {
      const cv::Mat& tensor = given_[j];
      const std::size_t columns = tensor.total();
      if (tensor.type() != CV_32F || !tensor.isContinuous() || columns == 0) {
        throw ModelError(path_ + ": expected a row of float32 in '" + names_[j] + "'");
      }
      values_[j].resize(count * columns);
      const float* from = tensor.ptr<float>();
      std::copy(from, from + columns, values_[j].data() + face * columns);
      matrices_[j] = {values_[j].data(), count, columns, columns};
    }
  }

  std::string path_;
  std::vector<std::string> names_;
  cv::dnn::Net net_;
  std::vector<cv::String> layers_;
  std::vector<cv::Mat> given_;
  std::vector<std::vector<float>> values_;
  std::vector<Span2D<const float>> matrices_;
};

}  // namespace

std::unique_ptr<Inference> make_inference(const Manifest& manifest) {
  return std::make_unique<Network>(manifest);
}

ImageView view(const cv::Mat& image) {
  PixelFormat format = PixelFormat::gray8;
  switch (image.type()) {
    case CV_8UC1:
      break;
    case CV_8UC3:
      format = PixelFormat::bgr8;
      break;
    case CV_8UC4:
      format = PixelFormat::bgra8;
      break;
    default:
      throw ArgumentError("image: expected 8-bit pixels with 1, 3 or 4 channels; got type " +
                          cv::typeToString(image.type()));
  }
  return {image.data, image.cols, image.rows, static_cast<std::ptrdiff_t>(image.step[0]), format};
}

}  // namespace cexpr::opencv
