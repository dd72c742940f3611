# The extension module, and the data that the wheel carries.

find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
find_package(pybind11 CONFIG REQUIRED)

pybind11_add_module(
  _core
  cpp/bindings/module.cpp
  cpp/bindings/bind_cpu.cpp
  cpp/bindings/bind_analyzer.cpp
  cpp/bindings/bind_filter.cpp
  cpp/bindings/bind_timeline.cpp
  cpp/bindings/bind_image.cpp
  cpp/bindings/bind_rules.cpp
  cpp/bindings/node_args.cpp
  cpp/bindings/rules_to_python.cpp
)
cexpr_configure(_core)
# For vocabulary.hpp, which is not installed.
target_include_directories(_core PRIVATE cpp/src)
target_link_libraries(_core PRIVATE cexpr::core)

install(TARGETS _core LIBRARY DESTINATION .)
install(DIRECTORY rules/ DESTINATION share/rules FILES_MATCHING PATTERN "*.yaml")
install(DIRECTORY models/ DESTINATION share/models FILES_MATCHING PATTERN "*.yaml" PATTERN "*.onnx"
        PATTERN "train" EXCLUDE)

# The default detector: the published weights, from a pinned build requirement, as ONNX files.
set(CEXPR_MTCNN_DIR ${CMAKE_CURRENT_BINARY_DIR}/mtcnn)
set(CEXPR_MTCNN_FILES
    ${CEXPR_MTCNN_DIR}/mtcnn-pnet.onnx ${CEXPR_MTCNN_DIR}/mtcnn-rnet.onnx
    ${CEXPR_MTCNN_DIR}/mtcnn-onet.onnx ${CEXPR_MTCNN_DIR}/mtcnn-LICENSE)
add_custom_command(
  OUTPUT ${CEXPR_MTCNN_FILES}
  COMMAND ${Python_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/convert_mtcnn.py ${CEXPR_MTCNN_DIR}
  DEPENDS ${PROJECT_SOURCE_DIR}/tools/convert_mtcnn.py
  COMMENT "Converting the MTCNN weights to ONNX"
  VERBATIM)
add_custom_target(cexpr_mtcnn ALL DEPENDS ${CEXPR_MTCNN_FILES})
install(FILES ${CEXPR_MTCNN_FILES} DESTINATION share/models)
