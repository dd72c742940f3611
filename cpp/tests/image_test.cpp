#include "cexpr/image.hpp"

#include "check.hpp"

using cexpr::PixelFormat;

CEXPR_TEST(every_format_has_its_number_of_channels) {
  CHECK(cexpr::channels(PixelFormat::gray8) == 1);
  CHECK(cexpr::channels(PixelFormat::bgr8) == 3);
  CHECK(cexpr::channels(PixelFormat::rgb8) == 3);
  CHECK(cexpr::channels(PixelFormat::bgra8) == 4);
}

CEXPR_TEST(a_view_of_nothing_is_empty) {
  const cexpr::ImageView view;
  CHECK(view.data == nullptr);
  CHECK(view.width == 0 && view.height == 0 && view.stride == 0);
}
