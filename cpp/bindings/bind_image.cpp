#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "array_args.hpp"
#include "cexpr/align.hpp"
#include "cexpr/boxes.hpp"
#include "cexpr/error.hpp"
#include "cexpr/preprocess.hpp"
#include "cexpr/quality.hpp"
#include "register.hpp"

namespace cexpr::bindings {
namespace {

using namespace py::literals;

[[noreturn]] void refuse_image(const std::string& got, bool wrong_type) {
  const std::string text =
      "image: expected uint8, shape (H, W), (H, W, 3) or (H, W, 4), rows of adjacent pixels; got " +
      got;
  if (wrong_type) {
    throw py::type_error(text);
  }
  throw py::value_error(text);
}

/// A view of a numpy image: grey, BGR or BGRA; rows may lie apart, pixels of a row may not.
ImageView require_image(const py::object& object) {
  if (!py::isinstance<py::array>(object)) {
    refuse_image(py::str(py::type::of(object).attr("__name__")).cast<std::string>(), true);
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  if (!py::isinstance<py::array_t<std::uint8_t>>(array)) {
    refuse_image("dtype " + py::str(array.dtype()).cast<std::string>(), true);
  }
  const py::ssize_t depth = array.ndim() == 2 ? 1 : (array.ndim() == 3 ? array.shape(2) : 0);
  constexpr py::ssize_t kMaxSide = 1 << 30;
  if ((depth != 1 && depth != 3 && depth != 4) || (depth == 1 && array.ndim() == 3) ||
      array.shape(0) > kMaxSide || array.shape(1) > kMaxSide) {
    refuse_image("shape " + py::str(array.attr("shape")).cast<std::string>(), false);
  }
  const bool adjacent = (array.shape(1) <= 1 || array.strides(1) == depth) &&
                        (array.ndim() == 2 || array.strides(2) == 1);
  if (!adjacent && array.size() > 0) {
    refuse_image("strides " + py::str(array.attr("strides")).cast<std::string>() +
                     " (use np.ascontiguousarray)",
                 false);
  }
  ImageView view;
  view.data = static_cast<const std::uint8_t*>(array.data());
  view.height = static_cast<int>(array.shape(0));
  view.width = static_cast<int>(array.shape(1));
  view.stride = array.shape(0) > 1 ? array.strides(0) : array.shape(1) * depth;
  view.format = depth == 1   ? PixelFormat::gray8
                : depth == 3 ? PixelFormat::bgr8
                             : PixelFormat::bgra8;
  return view;
}

/// A float32 array of rank 2 or 3 as one row of numbers for each of its first axis.
Span2D<const float> rows_of(const py::array_t<float>& array) {
  const auto rows = static_cast<std::size_t>(array.shape(0));
  std::size_t cols = 1;
  for (py::ssize_t axis = 1; axis < array.ndim(); ++axis) {
    cols *= static_cast<std::size_t>(array.shape(axis));
  }
  return {array.data(), rows, cols, cols};
}

Span2D<float> mutable_rows_of(py::array_t<float>& array) {
  const Span2D<const float> rows = rows_of(array);
  return {array.mutable_data(), rows.rows, rows.cols, rows.stride};
}

ColorOrder parse_color(const std::string& color) {
  if (color == "rgb") {
    return ColorOrder::rgb;
  }
  if (color == "bgr") {
    return ColorOrder::bgr;
  }
  if (color == "gray") {
    return ColorOrder::gray;
  }
  throw ArgumentError("color: expected 'rgb', 'bgr' or 'gray', got '" + color + "'");
}

Sampling parse_sampling(const std::string& sampling) {
  if (sampling == "auto") {
    return Sampling::automatic;
  }
  if (sampling == "bilinear") {
    return Sampling::bilinear;
  }
  if (sampling == "area") {
    return Sampling::area;
  }
  throw ArgumentError("sampling: expected 'auto', 'bilinear' or 'area', got '" + sampling + "'");
}

Overlap parse_overlap(const std::string& mode) {
  if (mode == "union") {
    return Overlap::union_area;
  }
  if (mode == "min") {
    return Overlap::smaller_area;
  }
  throw ArgumentError("mode: expected 'union' or 'min', got '" + mode + "'");
}

std::pair<int, int> height_and_width(const std::variant<int, std::pair<int, int>>& size) {
  if (const int* side = std::get_if<int>(&size)) {
    return {*side, *side};
  }
  return std::get<std::pair<int, int>>(size);
}

PreprocessOptions parse_options(const std::pair<int, int>& size, const std::vector<float>& mean,
                                const std::vector<float>& std, const std::string& color,
                                const std::string& sampling) {
  PreprocessOptions options;
  options.height = size.first;
  options.width = size.second;
  options.color = parse_color(color);
  options.sampling = parse_sampling(sampling);
  const auto count = static_cast<std::size_t>(planes(options.color));
  const auto copy = [&](const std::vector<float>& from, const char* name, float* to) {
    if (from.size() != count) {
      throw ArgumentError(std::string(name) + ": expected " + std::to_string(count) +
                          " numbers for color '" + color + "', got " + std::to_string(from.size()));
    }
    std::copy(from.begin(), from.end(), to);
  };
  copy(mean, "mean", options.mean.data());
  copy(std, "std", options.std.data());
  return options;
}

py::array_t<float> empty_matrices(py::ssize_t faces) {
  return py::array_t<float>(std::vector<py::ssize_t>{faces, 2, 3});
}

void bind_preprocess(py::module_& module) {
  module.def(
      "preprocess",
      [](const py::object& image, const py::object& matrices,
         const std::variant<int, std::pair<int, int>>& size, const std::vector<float>& mean,
         const std::vector<float>& std, const std::string& color, const std::string& sampling) {
        const ImageView view = require_image(image);
        const auto transforms = require_array<float>(matrices, "matrices", {"F", "2", "3"});
        const PreprocessOptions options =
            parse_options(height_and_width(size), mean, std, color, sampling);
        if (options.height < 1 || options.width < 1) {
          throw ArgumentError("size: expected at least 1 pixel");
        }
        py::array_t<float> out(std::vector<py::ssize_t>{transforms.shape(0), planes(options.color),
                                                        options.height, options.width});
        const Span2D<const float> from = rows_of(transforms);
        const Span<float> to{out.mutable_data(), static_cast<std::size_t>(out.size())};
        {
          const py::gil_scoped_release unlocked;
          preprocess(view, from, options, to);
        }
        return out;
      },
      "image"_a, "matrices"_a, "size"_a, "mean"_a, "std"_a, "color"_a, "sampling"_a);
  module.def(
      "preprocess_into",
      [](const py::object& image, const py::object& matrices, const std::vector<float>& mean,
         const std::vector<float>& std, const std::string& color, const std::string& sampling,
         const py::object& out) {
        const ImageView view = require_image(image);
        const auto transforms = require_array<float>(matrices, "matrices", {"F", "2", "3"});
        const std::string faces = std::to_string(transforms.shape(0));
        const std::string count = std::to_string(planes(parse_color(color)));
        auto target = require_array<float>(out, "out", {faces.c_str(), count.c_str(), "H", "W"});
        if (!target.writeable()) {
          throw py::value_error("out: expected an array that may be written to");
        }
        const std::pair<int, int> size{static_cast<int>(target.shape(2)),
                                       static_cast<int>(target.shape(3))};
        const PreprocessOptions options = parse_options(size, mean, std, color, sampling);
        const Span2D<const float> from = rows_of(transforms);
        const Span<float> to{target.mutable_data(), static_cast<std::size_t>(target.size())};
        {
          const py::gil_scoped_release unlocked;
          preprocess(view, from, options, to);
        }
      },
      "image"_a, "matrices"_a, "mean"_a, "std"_a, "color"_a, "sampling"_a, "out"_a);
}

void bind_align(py::module_& module) {
  module.def(
      "align",
      [](const py::object& landmarks, int size, float margin,
         const std::pair<float, float>& shift) {
        const auto points = require_array<float>(landmarks, "landmarks", {"F", "5", "2"});
        py::array_t<float> out = empty_matrices(points.shape(0));
        align(rows_of(points), {size, margin, shift.first, shift.second}, mutable_rows_of(out));
        return out;
      },
      "landmarks"_a, "size"_a, "margin"_a, "shift"_a);
  module.def(
      "box_transform",
      [](const py::object& boxes_xywh, int size, float margin) {
        const auto boxes = require_array<float>(boxes_xywh, "boxes_xywh", {"F", "4"});
        py::array_t<float> out = empty_matrices(boxes.shape(0));
        box_transform(rows_of(boxes), size, margin, mutable_rows_of(out));
        return out;
      },
      "boxes_xywh"_a, "size"_a, "margin"_a);
}

void bind_quality(py::module_& module) {
  module.def(
      "face_quality",
      [](const py::object& image, const py::object& landmarks, const py::object& boxes_xywh,
         const py::object& detection, float need) {
        const ImageView view = require_image(image);
        const auto boxes = require_array<float>(boxes_xywh, "boxes_xywh", {"F", "4"});
        const std::string faces = std::to_string(boxes.shape(0));
        const auto points = require_array<float>(landmarks, "landmarks", {faces.c_str(), "5", "2"});
        const auto scores = require_array<float>(detection, "detection", {faces.c_str()});
        py::array_t<float> quality(boxes.shape(0));
        py::array_t<std::uint8_t> reasons(boxes.shape(0));
        std::vector<QualityReason> found(static_cast<std::size_t>(boxes.shape(0)));
        const Span2D<const float> from{points.data(), found.size(), 10, 10};
        const Span<float> to{quality.mutable_data(), found.size()};
        const Span2D<const float> rows = rows_of(boxes);
        const Span<const float> given = view_1d<float>(scores);
        {
          const py::gil_scoped_release unlocked;
          face_quality(view, from, rows, given, need, to, {found.data(), found.size()});
        }
        std::transform(found.begin(), found.end(), reasons.mutable_data(),
                       [](QualityReason reason) { return static_cast<std::uint8_t>(reason); });
        return py::make_tuple(quality, reasons);
      },
      "image"_a, "landmarks"_a, "boxes_xywh"_a, "detection"_a, "need"_a);
}

void bind_boxes(py::module_& module) {
  module.def(
      "iou",
      [](const py::object& a_xyxy, const py::object& b_xyxy) {
        const auto a = require_array<float>(a_xyxy, "a_xyxy", {"N", "4"});
        const auto b = require_array<float>(b_xyxy, "b_xyxy", {"M", "4"});
        py::array_t<float> out(std::vector<py::ssize_t>{a.shape(0), b.shape(0)});
        const Span2D<const float> left = rows_of(a);
        const Span2D<const float> right = rows_of(b);
        const Span2D<float> to = mutable_rows_of(out);
        {
          const py::gil_scoped_release unlocked;
          iou(left, right, to);
        }
        return out;
      },
      "a_xyxy"_a, "b_xyxy"_a);
  module.def(
      "nms",
      [](const py::object& boxes_xyxy, const py::object& scores, float threshold,
         const std::string& mode) {
        const auto boxes = require_array<float>(boxes_xyxy, "boxes_xyxy", {"N", "4"});
        const auto values = require_array<float>(scores, "scores", {"N"});
        const Overlap overlap = parse_overlap(mode);
        const Span2D<const float> rows = rows_of(boxes);
        const Span<const float> order = view_1d<float>(values);
        std::vector<std::int64_t> kept;
        {
          const py::gil_scoped_release unlocked;
          nms(rows, order, threshold, overlap, kept);
        }
        return py::array_t<std::int64_t>(static_cast<py::ssize_t>(kept.size()), kept.data());
      },
      "boxes_xyxy"_a, "scores"_a, "threshold"_a, "mode"_a);
  module.def(
      "regress_boxes",
      [](const py::object& boxes_xyxy, const py::object& offsets) {
        const auto boxes = require_array<float>(boxes_xyxy, "boxes_xyxy", {"N", "4"});
        const auto moves = require_array<float>(offsets, "offsets", {"N", "4"});
        py::array_t<float> out(std::vector<py::ssize_t>{boxes.shape(0), 4});
        regress_boxes(rows_of(boxes), rows_of(moves), mutable_rows_of(out));
        return out;
      },
      "boxes_xyxy"_a, "offsets"_a);
  module.def(
      "square_boxes",
      [](const py::object& boxes_xyxy) {
        const auto boxes = require_array<float>(boxes_xyxy, "boxes_xyxy", {"N", "4"});
        py::array_t<float> out(std::vector<py::ssize_t>{boxes.shape(0), 4});
        square_boxes(rows_of(boxes), mutable_rows_of(out));
        return out;
      },
      "boxes_xyxy"_a);
}

}  // namespace

void register_image(py::module_& module) {
  bind_preprocess(module);
  bind_align(module);
  bind_quality(module);
  bind_boxes(module);
}

}  // namespace cexpr::bindings
