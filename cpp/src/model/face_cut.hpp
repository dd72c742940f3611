#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cexpr/image.hpp"
#include "cexpr/manifest.hpp"
#include "cexpr/span.hpp"

namespace cexpr::detail {

/// Cuts single faces out as a model wants them; the same steps as the Python package.
class FaceCutter {
 public:
  explicit FaceCutter(const ModelInput& input);

  /// `matrix`: from image to output pixels; `out`: planes * size * size, written whole. A face that
  /// shrinks more than 2 times is cut from its surroundings, halved.
  void cut(const ImageView& image, const std::array<float, 6>& matrix, Span<float> out);

 private:
  ImageView halve(const ImageView& image, int left, int top, int right, int bottom, int times);

  ModelInput input_;
  PreprocessOptions options_;
  std::vector<std::uint8_t> buffers_[2];
};

}  // namespace cexpr::detail
