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

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cpp/cmake/cexprConfig.cmake.in ${PROJECT_BINARY_DIR}/cexprConfig.cmake
  INSTALL_DESTINATION ${CEXPR_CMAKE_DIR})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cexprConfigVersion.cmake
  VERSION ${PROJECT_VERSION}
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cexprConfig.cmake
              ${PROJECT_BINARY_DIR}/cexprConfigVersion.cmake DESTINATION ${CEXPR_CMAKE_DIR})

file(RELATIVE_PATH CEXPR_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cpp/cmake/cexpr.pc.in ${PROJECT_BINARY_DIR}/cexpr.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cexpr.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
