#include "cexpr/model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cexpr/align.hpp"
#include "model/face_cut.hpp"

namespace cexpr {

namespace {

// False where no transform fits the points; the box is used then.
bool aligned(const FacePlace& face, const AlignOptions& options, const Span2D<float>& matrix) {
  try {
    align({face.landmarks.data(), 1, 10, 10}, options, matrix);
    return true;
  } catch (const ArgumentError&) {
    return false;
  }
}

}  // namespace

Inference::~Inference() = default;

struct Model::Parts {
  Parts(const Manifest& manifest, std::unique_ptr<Inference> network, std::size_t max_faces)
      : input(manifest.input),
        heads(manifest.outputs),
        cutter(manifest.input),
        inference(std::move(network)),
        face_size(static_cast<std::size_t>(planes(input.color)) *
                  static_cast<std::size_t>(input.size) * static_cast<std::size_t>(input.size)),
        batch(max_faces * face_size),
        values(max_faces * heads.names().size()) {
    const std::vector<std::string>& given = inference->outputs();
    for (const std::string& tensor : heads.tensors()) {
      const auto found = std::find(given.begin(), given.end(), tensor);
      if (found == given.end()) {
        throw ModelError(manifest.path + ": expected an output '" + tensor +
                         "' of the network; it has none of that name");
      }
      from.push_back(static_cast<std::size_t>(found - given.begin()));
    }
    tensors.resize(from.size());
  }

  std::array<float, 6> matrix_of(const FacePlace& face) const {
    std::array<float, 6> matrix{};
    const Span2D<float> to{matrix.data(), 1, 6, 6};
    const FaceCut& cut = input.face;
    const bool is_known =
        face.has_landmarks && std::all_of(face.landmarks.begin(), face.landmarks.end(),
                                          [](float value) { return std::isfinite(value); });
    const AlignOptions options{input.size, cut.margin, cut.shift_x, cut.shift_y};
    if (cut.is_aligned && is_known && aligned(face, options, to)) {
      return matrix;
    }
    box_transform({face.box_xywh.data(), 1, 4, 4}, input.size,
                  cut.is_aligned ? 0.0F : cut.box_margin, to);
    return matrix;
  }

  ModelInput input;
  Heads heads;
  detail::FaceCutter cutter;
  std::unique_ptr<Inference> inference;
  std::size_t face_size;
  std::vector<float> batch;
  std::vector<float> values;
  std::vector<std::size_t> from;  // output of the network for each tensor of the heads
  std::vector<Span2D<const float>> tensors;
  std::size_t last_count = 0;
};

Model::Model(const Manifest& manifest, std::unique_ptr<Inference> inference,
             std::size_t max_faces) {
  constexpr std::size_t kMostFaces = 1024;
  if (inference == nullptr) {
    throw ArgumentError("inference: expected a network; got a null pointer");
  }
  if (max_faces == 0 || max_faces > kMostFaces) {
    throw ArgumentError("max_faces: expected 1 to 1024; got " + std::to_string(max_faces));
  }
  if (manifest.input.size < 1) {
    throw ArgumentError("manifest: expected an input of at least one pixel; got size " +
                        std::to_string(manifest.input.size));
  }
  parts_ = std::make_unique<Parts>(manifest, std::move(inference), max_faces);
}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

const std::vector<std::string>& Model::signals() const { return parts_->heads.names(); }
const ModelInput& Model::input() const { return parts_->input; }

Span2D<const float> Model::run(const ImageView& image, Span<const FacePlace> faces) {
  Parts& parts = *parts_;
  const std::size_t width = parts.heads.names().size();
  const std::size_t most = parts.batch.size() / parts.face_size;
  if (faces.size > most) {
    throw ArgumentError("faces: expected at most max_faces = " + std::to_string(most) + "; got " +
                        std::to_string(faces.size));
  }
  parts.last_count = 0;
  if (faces.empty()) {
    return {parts.values.data(), 0, width, width};
  }
  for (std::size_t i = 0; i < faces.size; ++i) {
    parts.cutter.cut(image, parts.matrix_of(faces[i]),
                     {parts.batch.data() + i * parts.face_size, parts.face_size});
  }
  parts.last_count = faces.size;
  const auto side = static_cast<std::size_t>(parts.input.size);
  const Span<const Span2D<const float>> given =
      parts.inference->run({parts.batch.data(), faces.size,
                            static_cast<std::size_t>(planes(parts.input.color)), side, side});
  if (given.size != parts.inference->outputs().size()) {
    throw ModelError("the network gave " + std::to_string(given.size) + " tensors; expected " +
                     std::to_string(parts.inference->outputs().size()));
  }
  for (std::size_t i = 0; i < parts.from.size(); ++i) {
    parts.tensors[i] = given[parts.from[i]];
  }
  parts.heads.apply({parts.tensors.data(), parts.tensors.size()},
                    {parts.values.data(), faces.size, width, width});
  return {parts.values.data(), faces.size, width, width};
}

Span<const float> Model::last_input() const {
  return {parts_->batch.data(), parts_->last_count * parts_->face_size};
}

}  // namespace cexpr
