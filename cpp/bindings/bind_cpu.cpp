#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "cexpr/cpu.hpp"
#include "register.hpp"

namespace cexpr::bindings {

namespace py = pybind11;

void register_cpu(py::module_& module) {
  module.def("cpu_targets", [] {
    std::vector<std::string> names;
    for (const cpu::Target target : cpu::targets()) {
      names.emplace_back(cpu::name(target));
    }
    return names;
  });
  module.def("cpu_active", [] { return std::string(cpu::name(cpu::active())); });
  module.def(
      "cpu_set_active", [](const std::string& name) { cpu::set_active(cpu::parse(name)); },
      py::arg("name"));
}

}  // namespace cexpr::bindings
