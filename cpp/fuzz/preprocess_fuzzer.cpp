// Any view, any matrix: nothing is read outside the image, nothing is written outside the output.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "cexpr/error.hpp"
#include "cexpr/preprocess.hpp"

namespace {

// The input's next bytes, zeros when it has run out.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  template <typename T>
  T take() {
    T value{};
    const std::size_t count = std::min(sizeof(T), size_);
    std::memcpy(&value, data_, count);
    data_ += count;
    size_ -= count;
    return value;
  }

  int take_up_to(int most) { return take<std::uint8_t>() % (most + 1); }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

constexpr cexpr::PixelFormat kFormats[] = {cexpr::PixelFormat::gray8, cexpr::PixelFormat::bgr8,
                                           cexpr::PixelFormat::rgb8, cexpr::PixelFormat::bgra8};
constexpr cexpr::ColorOrder kColors[] = {cexpr::ColorOrder::rgb, cexpr::ColorOrder::bgr,
                                         cexpr::ColorOrder::gray};
constexpr cexpr::Sampling kSamplings[] = {cexpr::Sampling::automatic, cexpr::Sampling::bilinear,
                                          cexpr::Sampling::area};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input(data, size);
  cexpr::ImageView image;
  image.format = kFormats[input.take_up_to(3)];
  image.width = input.take_up_to(40);
  image.height = input.take_up_to(40);
  const int row = image.width * cexpr::channels(image.format) + input.take_up_to(5);
  // Exactly the bytes that the view covers: the last row has no padding.
  const int covered = image.height == 0
                          ? 0
                          : (image.height - 1) * row + image.width * cexpr::channels(image.format);
  const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(covered), 170);
  image.data = pixels.data();
  image.stride = row;

  cexpr::PreprocessOptions options;
  options.width = input.take_up_to(40);
  options.height = input.take_up_to(40);
  options.color = kColors[input.take_up_to(2)];
  options.sampling = kSamplings[input.take_up_to(2)];
  const auto matrix = input.take<std::array<float, 6>>();
  std::vector<float> out(
      static_cast<std::size_t>(options.width * options.height * cexpr::planes(options.color)));
  try {
    cexpr::preprocess(image, {matrix.data(), 1, 6, 6}, options, {out.data(), out.size()});
  } catch (const cexpr::ArgumentError&) {
  }
  return 0;
}
