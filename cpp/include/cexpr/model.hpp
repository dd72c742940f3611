#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "cexpr/export.hpp"
#include "cexpr/image.hpp"
#include "cexpr/inference.hpp"
#include "cexpr/manifest.hpp"
#include "cexpr/span.hpp"

namespace cexpr {

/// Where a face is in the image, in pixels.
struct FacePlace {
  /// Left, top, width and height.
  std::array<float, 4> box_xywh{0.0F, 0.0F, 0.0F, 0.0F};
  /// x and y of left eye, right eye, nose, left and right corner of the mouth.
  std::array<float, 10> landmarks{};
  bool has_landmarks = false;
};

/// From an image and faces to signals: cuts the faces out as the manifest says, runs the network
/// and activates its heads. Gives the same numbers as the Python package on the same image and
/// faces, up to the rounding of the runtime.
///
/// A model that aligns uses the box of a face without landmarks, or with landmarks that no
/// transform fits. A face that shrinks more than 2 times is cut from its surroundings, halved until
/// less than 2 times is left.
///
/// Buffers are taken when the model is made; those for halving grow to the largest surroundings
/// seen. After that `run` allocates nothing but what the runtime does. One model serves one thread
/// at a time.
class CEXPR_API Model {
 public:
  /// `max_faces`: most faces in one call. Throws `ModelError` when the network lacks a tensor that
  /// the manifest names, and `ArgumentError` when an argument is out of range.
  Model(const Manifest& manifest, std::unique_ptr<Inference> inference, std::size_t max_faces = 8);
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// Names of the signals, the columns of `run`'s result.
  const std::vector<std::string>& signals() const;
  const ModelInput& input() const;

  /// Signals of the faces of one image, (faces, signals); valid until the next call. Throws
  /// `ArgumentError` when a box has no area or there are more than `max_faces`.
  Span2D<const float> run(const ImageView& image, Span<const FacePlace> faces);

  /// The input tensor of the last `run`: (faces, planes, size, size).
  Span<const float> last_input() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace cexpr
