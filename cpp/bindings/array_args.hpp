#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "cexpr/span.hpp"

namespace cexpr::bindings {

namespace py = pybind11;

template <typename T>
constexpr const char* dtype_name() {
  if constexpr (std::is_same_v<T, float>) {
    return "float32";
  } else if constexpr (std::is_same_v<T, double>) {
    return "float64";
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return "int64";
  } else if constexpr (std::is_same_v<T, std::int32_t>) {
    return "int32";
  } else {
    static_assert(std::is_same_v<T, std::uint8_t>, "no name for this type");
    return "uint8";
  }
}

inline std::string expected_text(const char* dtype, std::initializer_list<const char*> axes) {
  std::string text = std::string("expected ") + dtype + ", shape (";
  const char* separator = "";
  for (const char* axis : axes) {
    text += separator;
    text += axis;
    separator = ", ";
  }
  return text + (axes.size() == 1 ? ",)" : ")") + ", C-contiguous";
}

/// Checks dtype, rank and layout of an argument and never converts. `axes` name the dimensions; an
/// axis that is a number must have that length. A wrong dtype is a TypeError, a wrong shape or
/// layout a ValueError.
template <typename T>
py::array_t<T> require_array(const py::object& object, const char* name,
                             std::initializer_list<const char*> axes) {
  const std::string expected = std::string(name) + ": " + expected_text(dtype_name<T>(), axes);
  if (!py::isinstance<py::array>(object)) {
    throw py::type_error(expected + "; got " +
                         py::str(py::type::of(object).attr("__name__")).cast<std::string>());
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  if (!py::isinstance<py::array_t<T>>(array)) {
    throw py::type_error(expected + "; got dtype " +
                         py::str(array.dtype()).template cast<std::string>());
  }
  bool fits = static_cast<std::size_t>(array.ndim()) == axes.size();
  if (fits) {
    py::ssize_t dimension = 0;
    for (const char* axis : axes) {
      if (*axis >= '0' && *axis <= '9' && array.shape(dimension) != std::stoll(axis)) {
        fits = false;
      }
      ++dimension;
    }
  }
  if (!fits) {
    throw py::value_error(expected + "; got shape " +
                          py::str(array.attr("shape")).cast<std::string>());
  }
  if ((array.flags() & py::array::c_style) == 0) {
    throw py::value_error(expected + "; got a non-contiguous array (use np.ascontiguousarray)");
  }
  return py::reinterpret_borrow<py::array_t<T>>(array);
}

template <typename T>
Span<const T> view_1d(const py::array_t<T>& array) {
  return {array.data(), static_cast<std::size_t>(array.shape(0))};
}

template <typename T>
Span2D<const T> view_2d(const py::array_t<T>& array) {
  const auto cols = static_cast<std::size_t>(array.shape(1));
  return {array.data(), static_cast<std::size_t>(array.shape(0)), cols, cols};
}

template <typename T>
Span<T> mutable_view_1d(py::array_t<T>& array) {
  return {array.mutable_data(), static_cast<std::size_t>(array.shape(0))};
}

template <typename T>
Span2D<T> mutable_view_2d(py::array_t<T>& array) {
  const auto cols = static_cast<std::size_t>(array.shape(1));
  return {array.mutable_data(), static_cast<std::size_t>(array.shape(0)), cols, cols};
}

}  // namespace cexpr::bindings
