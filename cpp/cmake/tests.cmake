# One test program per header; each runs for every instruction set that the processor has.

function(cexpr_add_test name)
  add_executable(${name} cpp/tests/${name}.cpp cpp/tests/main.cpp)
  cexpr_configure(${name})
  target_link_libraries(${name} PRIVATE cexpr::core)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

cexpr_add_test(align_test)
cexpr_add_test(boxes_test)
cexpr_add_test(cpu_test)
cexpr_add_test(filter_test)
cexpr_add_test(image_test)
cexpr_add_test(preprocess_test)
cexpr_add_test(rules_document_test)
cexpr_add_test(rules_kernels_test)
target_include_directories(rules_kernels_test PRIVATE cpp/src)
cexpr_add_test(rules_language_test)
cexpr_add_test(rules_time_test)
cexpr_add_test(timeline_test)
cexpr_add_test(analyzer_test)
find_package(Threads REQUIRED)
target_sources(analyzer_test PRIVATE cpp/tests/counting_new.cpp)
target_sources(preprocess_test PRIVATE cpp/tests/counting_new.cpp)
target_link_libraries(analyzer_test PRIVATE Threads::Threads)

# Each header compiles alone.
file(GLOB CEXPR_HEADERS CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/cpp/include
     ${PROJECT_SOURCE_DIR}/cpp/include/cexpr/*.hpp)
foreach(header ${CEXPR_HEADERS})
  string(MAKE_C_IDENTIFIER ${header} name)
  set(source ${PROJECT_BINARY_DIR}/headers/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
  list(APPEND CEXPR_HEADER_SOURCES ${source})
endforeach()
add_library(cexpr_headers OBJECT ${CEXPR_HEADER_SOURCES})
cexpr_configure(cexpr_headers)
target_link_libraries(cexpr_headers PRIVATE cexpr::core)

# Hosts that use the library as a package; a sanitized library would need a sanitized host.
if(CEXPR_INSTALL AND NOT CEXPR_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
  find_package(PkgConfig QUIET)
  function(cexpr_add_consumer name consumer)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "BUILD" "OPTIONS")
    add_test(NAME consumer_${name}
             COMMAND ${CMAKE_COMMAND} -DCONSUMER=${consumer} -DBUILD=${arg_BUILD}
                     -DWORK=${PROJECT_BINARY_DIR}/consumers/${name} "-DOPTIONS=${arg_OPTIONS}"
                     -P ${PROJECT_SOURCE_DIR}/cpp/tests/consumers/run.cmake)
  endfunction()
  cexpr_add_consumer(installed find_package BUILD ${PROJECT_BINARY_DIR} OPTIONS
                     -DCMAKE_PREFIX_PATH=@PREFIX@)
  cexpr_add_consumer(build_tree find_package OPTIONS -Dcexpr_DIR=${PROJECT_BINARY_DIR})
  cexpr_add_consumer(subdirectory add_subdirectory OPTIONS -DCMAKE_BUILD_TYPE=Debug)
  if(PkgConfig_FOUND)
    cexpr_add_consumer(pkg_config pkg_config BUILD ${PROJECT_BINARY_DIR} OPTIONS
                       -DCMAKE_PREFIX_PATH=@PREFIX@)
  endif()
endif()
