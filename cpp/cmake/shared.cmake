# One shared library: the core, the C API and, where yaml-cpp is found, the reader of rule files.

add_library(cexpr_shared SHARED ${CEXPR_CORE_SOURCES} $<TARGET_OBJECTS:cexpr_kernels>)
add_library(cexpr::shared ALIAS cexpr_shared)
cexpr_configure_library(cexpr_shared)
target_compile_definitions(
  cexpr_shared
  PUBLIC CEXPR_SHARED
  PRIVATE CEXPR_BUILDING)
# While the version is 0.x, a minor version may change the ABI.
set_target_properties(
  cexpr_shared
  PROPERTIES EXPORT_NAME shared
             OUTPUT_NAME cexpr
             VERSION ${PROJECT_VERSION}
             SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
if(UNIX AND NOT APPLE)
  set(CEXPR_SHARED_MAP ${PROJECT_SOURCE_DIR}/cpp/cmake/shared.map)
  target_link_options(cexpr_shared PRIVATE -Wl,--no-undefined
                      -Wl,--version-script=${CEXPR_SHARED_MAP})
  set_target_properties(cexpr_shared PROPERTIES LINK_DEPENDS ${CEXPR_SHARED_MAP})
endif()
if(CEXPR_SMALL)
  target_link_options(cexpr_shared PRIVATE -Wl,--gc-sections -s)
  add_custom_command(
    TARGET cexpr_shared
    POST_BUILD
    COMMAND ${CMAKE_COMMAND} -DFILE=$<TARGET_FILE:cexpr_shared> -P
            ${PROJECT_SOURCE_DIR}/cpp/cmake/print_size.cmake
    VERBATIM)
endif()
