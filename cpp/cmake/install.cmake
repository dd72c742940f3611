# Headers, libraries and CMake package, for `cmake --install` and the wheel.

include(CMakePackageConfigHelpers)

set(CEXPR_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/cexpr)

# An export set for each component, because each needs another library to be found.
set(CEXPR_LIBRARIES cexpr_core)
if(CEXPR_BUILD_SHARED)
  list(APPEND CEXPR_LIBRARIES cexpr_shared)
endif()
install(
  TARGETS ${CEXPR_LIBRARIES}
  EXPORT cexprTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
set(CEXPR_EXPORTS cexprTargets)
set(CEXPR_HEADER_FOLDERS ${PROJECT_SOURCE_DIR}/cpp/include)
foreach(component yaml opencv onnxruntime)
  string(TOUPPER ${component} upper)
  if(CEXPR_HAS_${upper})
    install(TARGETS cexpr_${component} EXPORT cexpr-${component}Targets
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    list(APPEND CEXPR_EXPORTS cexpr-${component}Targets)
    list(APPEND CEXPR_HEADER_FOLDERS ${PROJECT_SOURCE_DIR}/cpp/components/${component}/include)
  endif()
endforeach()
foreach(folder ${CEXPR_HEADER_FOLDERS})
  install(
    DIRECTORY ${folder}/
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING
    PATTERN "*.hpp"
    PATTERN "*.h")
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/generated/cexpr/version_numbers.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cexpr)

# The package is found in the build tree, too.
foreach(targets ${CEXPR_EXPORTS})
  install(EXPORT ${targets} NAMESPACE cexpr:: DESTINATION ${CEXPR_CMAKE_DIR})
  export(EXPORT ${targets} NAMESPACE cexpr:: FILE ${PROJECT_BINARY_DIR}/${targets}.cmake)
endforeach()

# Models and rules; a wheel has them for its Python package already.
if(CEXPR_BUILD_PYTHON)
  set(CEXPR_DATA_DIR share)
else()
  set(CEXPR_DATA_DIR ${CMAKE_INSTALL_DATADIR}/cexpr)
  install(FILES ${PROJECT_SOURCE_DIR}/models/cexpr-s.yaml
                ${PROJECT_SOURCE_DIR}/models/cexpr-s.onnx DESTINATION ${CEXPR_DATA_DIR}/models)
  install(
    DIRECTORY ${PROJECT_SOURCE_DIR}/rules/
    DESTINATION ${CEXPR_DATA_DIR}/rules
    FILES_MATCHING
    PATTERN "*.yaml")
endif()

# One for the prefix; one for the build tree, where models and rules are those of the sources.
set(CEXPR_INSTALLED_CONFIG ${PROJECT_BINARY_DIR}/installed/cexprConfig.cmake)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cpp/cmake/cexprConfig.cmake.in ${CEXPR_INSTALLED_CONFIG}
  INSTALL_DESTINATION ${CEXPR_CMAKE_DIR}
  PATH_VARS CEXPR_DATA_DIR)
function(cexpr_configure_build_tree)
  set(CEXPR_DATA_DIR ${PROJECT_SOURCE_DIR})
  configure_package_config_file(
    ${PROJECT_SOURCE_DIR}/cpp/cmake/cexprConfig.cmake.in ${PROJECT_BINARY_DIR}/cexprConfig.cmake
    INSTALL_DESTINATION .
    INSTALL_PREFIX ${PROJECT_BINARY_DIR}
    PATH_VARS CEXPR_DATA_DIR)
endfunction()
cexpr_configure_build_tree()
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cexprConfigVersion.cmake
  VERSION ${PROJECT_VERSION}
  COMPATIBILITY SameMinorVersion)
install(FILES ${CEXPR_INSTALLED_CONFIG} ${PROJECT_BINARY_DIR}/cexprConfigVersion.cmake
        DESTINATION ${CEXPR_CMAKE_DIR})

file(RELATIVE_PATH CEXPR_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" CEXPR_PC_TO_PREFIX ${CEXPR_PC_TO_PREFIX})
# What a C host of a static library must link, because its linker does not bring it.
set(CEXPR_CXX_RUNTIME ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(FILTER CEXPR_CXX_RUNTIME INCLUDE REGEX "^(stdc\\+\\+|c\\+\\+|c\\+\\+abi|m)$")
list(REMOVE_DUPLICATES CEXPR_CXX_RUNTIME)
list(TRANSFORM CEXPR_CXX_RUNTIME PREPEND "-l")
list(JOIN CEXPR_CXX_RUNTIME " " CEXPR_CXX_RUNTIME)
set(CEXPR_PC_NAMES cexpr)
if(CEXPR_BUILD_SHARED)
  list(APPEND CEXPR_PC_NAMES cexpr-shared)
endif()
if(CEXPR_HAS_YAML)
  list(APPEND CEXPR_PC_NAMES cexpr-yaml)
endif()
foreach(name ${CEXPR_PC_NAMES})
  configure_file(${PROJECT_SOURCE_DIR}/cpp/cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc
                 @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
