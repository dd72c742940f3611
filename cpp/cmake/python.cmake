# The extension module, and the data that the wheel carries.

find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
find_package(pybind11 CONFIG REQUIRED)

pybind11_add_module(
  _core
  cpp/bindings/module.cpp
  cpp/bindings/bind_cpu.cpp
)
cexpr_configure(_core)
target_link_libraries(_core PRIVATE cexpr::core)

install(TARGETS _core LIBRARY DESTINATION .)
install(DIRECTORY rules/ DESTINATION rules FILES_MATCHING PATTERN "*.yaml")
install(DIRECTORY models/ DESTINATION models FILES_MATCHING PATTERN "*.yaml" PATTERN "*.onnx"
        PATTERN "train" EXCLUDE)
