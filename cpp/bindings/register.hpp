#pragma once

#include <pybind11/pybind11.h>

namespace cexpr::bindings {

void register_cpu(pybind11::module_& module);
void register_analyzer(pybind11::module_& module);
void register_filter(pybind11::module_& module);
void register_timeline(pybind11::module_& module);
void register_image(pybind11::module_& module);
void register_rules(pybind11::module_& module);

}  // namespace cexpr::bindings
