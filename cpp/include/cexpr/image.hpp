#pragma once

#include <cstddef>
#include <cstdint>

namespace cexpr {

/// Order and number of the 8-bit channels of one pixel in memory.
enum class PixelFormat : std::uint8_t { gray8, bgr8, rgb8, bgra8 };

/// Bytes of one pixel.
constexpr int channels(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::gray8:
      return 1;
    case PixelFormat::bgr8:
    case PixelFormat::rgb8:
      return 3;
    case PixelFormat::bgra8:
      return 4;
  }
  return 0;
}

/// Non-owning view of an 8-bit image. `stride` is the number of bytes from one row to the next; it
/// may be larger than a row (a cut-out of a larger image) and negative (an image stored upside
/// down). Only the `width` pixels of each row are ever read, never the bytes between rows.
struct ImageView {
  const std::uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  std::ptrdiff_t stride = 0;
  PixelFormat format = PixelFormat::bgr8;
};

}  // namespace cexpr
