#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "array_args.hpp"
#include "cexpr/error.hpp"
#include "cexpr/filter.hpp"
#include "register.hpp"

namespace cexpr::bindings {
namespace {

FilterOptions filter_options(const std::string& kernel, std::int64_t radius,
                             const std::optional<double>& sigma, const std::string& window) {
  FilterOptions options;
  options.radius = radius;
  options.sigma = sigma.value_or(0.0);
  if (kernel == "box") {
    options.kernel = FilterKernel::box;
  } else if (kernel == "gaussian") {
    options.kernel = FilterKernel::gaussian;
    if (!sigma.has_value()) {
      throw ArgumentError("sigma: the gaussian kernel needs a standard deviation in frames");
    }
  } else {
    throw ArgumentError("kernel: expected 'gaussian' or 'box'; got '" + kernel + "'");
  }
  if (window == "rows") {
    options.window = FilterWindow::rows;
  } else if (window != "frames") {
    throw ArgumentError("window: expected 'frames' or 'rows'; got '" + window + "'");
  }
  return options;
}

py::array_t<float> smooth_track(const py::object& values, const py::object& frames,
                                const std::string& kernel, std::int64_t radius,
                                const std::optional<double>& sigma, const std::string& window) {
  const FilterOptions options = filter_options(kernel, radius, sigma, window);
  const auto v = require_array<float>(values, "values", {"N", "C"});
  const auto f = require_array<std::int64_t>(frames, "frames", {"N"});
  py::array_t<float> out({v.shape(0), v.shape(1)});
  const auto in = view_2d<float>(v);
  const auto at = view_1d<std::int64_t>(f);
  const auto to = mutable_view_2d<float>(out);
  {
    const py::gil_scoped_release unlocked;
    smooth(in, at, options, to);
  }
  return out;
}

py::tuple pop_rows(StreamingFilter& filter) {
  const auto count = static_cast<py::ssize_t>(filter.available());
  py::array_t<std::int64_t> frames(count);
  py::array_t<float> rows({count, static_cast<py::ssize_t>(filter.columns())});
  const auto to = mutable_view_2d<float>(rows);
  for (std::size_t i = 0; i < to.rows; ++i) {
    frames.mutable_data()[i] = filter.pop({to.row(i), to.cols});
  }
  return py::make_tuple(frames, rows);
}

}  // namespace

void register_filter(py::module_& module) {
  module.def("smooth", &smooth_track, py::arg("values"), py::arg("frames"), py::arg("kernel"),
             py::arg("radius"), py::arg("sigma"), py::arg("window"));

  py::class_<StreamingFilter>(module, "StreamingFilter")
      .def(py::init([](std::size_t columns, const std::string& kernel, std::int64_t radius,
                       const std::optional<double>& sigma) {
             return StreamingFilter(columns, filter_options(kernel, radius, sigma, "frames"));
           }),
           py::arg("columns"), py::arg("kernel"), py::arg("radius"), py::arg("sigma"))
      .def(
          "push",
          [](StreamingFilter& filter, std::int64_t frame, const py::object& row) {
            const auto values = require_array<float>(row, "row", {"C"});
            filter.push(frame, view_1d<float>(values));
            return pop_rows(filter);
          },
          py::arg("frame"), py::arg("row"))
      .def(
          "advance",
          [](StreamingFilter& filter, std::int64_t frame) {
            filter.advance(frame);
            return pop_rows(filter);
          },
          py::arg("frame"))
      .def("flush",
           [](StreamingFilter& filter) {
             filter.flush();
             return pop_rows(filter);
           })
      .def("reset", &StreamingFilter::reset)
      .def_property_readonly("delay", &StreamingFilter::delay);
}

}  // namespace cexpr::bindings
