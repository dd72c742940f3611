#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "cexpr/error.hpp"
#include "cexpr/export.hpp"
#include "cexpr/heads.hpp"
#include "cexpr/node.hpp"
#include "cexpr/preprocess.hpp"

namespace cexpr {

/// A model or its manifest is not what it should be; the message names the file and the place.
class CEXPR_API ModelError : public Error {
 public:
  using Error::Error;
};

/// How a face is cut out of the image.
struct FaceCut {
  /// By five landmarks to the ArcFace template; otherwise by the box.
  bool is_aligned = true;
  /// Aligned: as in `AlignOptions`.
  float margin = 0.0F;
  float shift_x = 0.0F;
  float shift_y = 0.0F;
  /// By the box: share of it that is added on each side.
  float box_margin = 0.0F;
};

/// What a model's input holds: (N, planes, size, size), (value / 255 - mean) / std.
struct ModelInput {
  int size = 0;
  ColorOrder color = ColorOrder::rgb;
  std::array<float, 3> mean{0.0F, 0.0F, 0.0F};
  std::array<float, 3> std{1.0F, 1.0F, 1.0F};
  FaceCut face;
  std::string tensor;  // name of the input; empty: the only one
};

/// A model manifest, as the Python package and `models/*.yaml` have it.
struct Manifest {
  std::string path;  // of the manifest itself
  std::string id;
  std::string file;  // ONNX file, relative to the manifest
  std::string url;
  std::string sha256;
  std::uint64_t bytes = 0;  // 0 where the manifest does not say
  std::string about;
  std::string licence;
  std::string citation;
  std::string intended_use;
  ModelInput input;
  ModelOutputs outputs;
  std::string features;  // tensor of the embedding, empty without one

  /// The ONNX file's path: `file` beside the manifest.
  std::string model_path() const;

  /// The ONNX file's bytes. Throws `ModelError` when it is not there or not of the size that the
  /// manifest says.
  std::string read_model() const;
};

/// Reads a manifest from the tree of its file. Unknown keys, wrong types and values out of range
/// are a `ModelError` that lists them all, with lines. `path` names the file in messages.
CEXPR_API Manifest read_manifest(const Node& root, const std::string& path);

}  // namespace cexpr
