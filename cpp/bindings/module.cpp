#include <pybind11/pybind11.h>

#include "cexpr/error.hpp"
#include "cexpr/version.hpp"
#include "register.hpp"

PYBIND11_MODULE(_core, module) {
  namespace py = pybind11;
  module.attr("__version__") = CEXPR_VERSION;

  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) {
        std::rethrow_exception(pointer);
      }
    } catch (const cexpr::Error& error) {
      py::set_error(PyExc_ValueError, error.what());
    }
  });

  cexpr::bindings::register_cpu(module);
  cexpr::bindings::register_filter(module);
  cexpr::bindings::register_timeline(module);
  cexpr::bindings::register_image(module);
  cexpr::bindings::register_rules(module);
  cexpr::bindings::register_analyzer(module);
}
