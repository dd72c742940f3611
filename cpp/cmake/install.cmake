# Headers, library and CMake package, for `cmake --install` and the wheel.

include(CMakePackageConfigHelpers)

set(CEXPR_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/cexpr)

install(TARGETS cexpr_core EXPORT cexprTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/cpp/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp")
install(EXPORT cexprTargets NAMESPACE cexpr:: DESTINATION ${CEXPR_CMAKE_DIR})

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cpp/cmake/cexprConfig.cmake.in ${PROJECT_BINARY_DIR}/cexprConfig.cmake
  INSTALL_DESTINATION ${CEXPR_CMAKE_DIR})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cexprConfigVersion.cmake
  VERSION ${PROJECT_VERSION}
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cexprConfig.cmake
              ${PROJECT_BINARY_DIR}/cexprConfigVersion.cmake DESTINATION ${CEXPR_CMAKE_DIR})

# The package is found in the build tree, too.
export(EXPORT cexprTargets NAMESPACE cexpr:: FILE ${PROJECT_BINARY_DIR}/cexprTargets.cmake)

file(RELATIVE_PATH CEXPR_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cpp/cmake/cexpr.pc.in ${PROJECT_BINARY_DIR}/cexpr.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cexpr.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
