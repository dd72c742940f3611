# The core's tests, and those of components, other languages, headers and packages.

include(cpp/cmake/core_tests.cmake)

foreach(component yaml opencv onnxruntime)
  string(TOUPPER ${component} upper)
  if(CEXPR_HAS_${upper})
    cexpr_add_test(${component}_test)
    target_link_libraries(${component}_test PRIVATE cexpr::${component})
    target_compile_definitions(${component}_test
                               PRIVATE CEXPR_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  endif()
endforeach()

# Fixed inputs, for the comparison of processors; run here for what sanitizers find in it.
add_executable(numbers cpp/tests/numbers.cpp)
cexpr_configure(numbers)
target_link_libraries(numbers PRIVATE cexpr::core)
add_test(NAME numbers COMMAND numbers)

# A host that lets no exception through.
add_executable(no_exceptions_test cpp/tests/no_exceptions_test.cpp)
cexpr_configure(no_exceptions_test)
target_link_libraries(no_exceptions_test PRIVATE cexpr::core)
target_compile_options(no_exceptions_test PRIVATE -fno-exceptions -fno-rtti)
add_test(NAME no_exceptions_test COMMAND no_exceptions_test)

# A host in C, with the static and the shared library.
enable_language(C)
set(CEXPR_C_HOSTS core)
if(CEXPR_BUILD_SHARED)
  list(APPEND CEXPR_C_HOSTS shared)
endif()
foreach(library ${CEXPR_C_HOSTS})
  add_executable(c_api_${library}_test cpp/tests/c_api_test.c)
  set_target_properties(c_api_${library}_test PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF
                                                         LINKER_LANGUAGE CXX)
  target_compile_options(c_api_${library}_test PRIVATE -Wall -Wextra -Wpedantic -Wconversion)
  target_link_libraries(c_api_${library}_test PRIVATE cexpr::${library})
  add_test(NAME c_api_${library}_test COMMAND c_api_${library}_test)
endforeach()

# The shared library gives out the interface and nothing else.
if(CEXPR_BUILD_SHARED AND CMAKE_NM AND UNIX AND NOT APPLE)
  add_test(NAME shared_symbols
           COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DLIBRARY=$<TARGET_FILE:cexpr_shared> -P
                   ${PROJECT_SOURCE_DIR}/cpp/tests/shared_symbols.cmake)
endif()

# Objects built with flags of their own share no code with the rest; sanitizers add some to each.
if(CMAKE_NM
   AND UNIX
   AND NOT APPLE
   AND CEXPR_ARCH_DEFINITION
   AND NOT CEXPR_SANITIZE
   AND NOT CEXPR_SANITIZE_THREAD)
  set(CEXPR_ISA_OBJECTS
      "$<FILTER:$<TARGET_OBJECTS:cexpr_kernels>,INCLUDE,_(avx2|avx512|neon)\\.cpp>")
  add_test(NAME kernel_symbols
           COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} "-DOBJECTS=${CEXPR_ISA_OBJECTS}" -P
                   ${PROJECT_SOURCE_DIR}/cpp/tests/kernel_symbols.cmake)
endif()

# Each header compiles alone, and twice; the public classes keep their size.
set(CEXPR_HEADER_SOURCES ${PROJECT_SOURCE_DIR}/cpp/tests/abi.cpp)
function(cexpr_check_headers folder sources)
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/cexpr/*.hpp ${folder}/cexpr/*.h)
  foreach(header ${headers})
    string(MAKE_C_IDENTIFIER ${header} name)
    set(source ${PROJECT_BINARY_DIR}/headers/${name}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
    list(APPEND ${sources} ${source})
  endforeach()
  set(${sources} ${${sources}} PARENT_SCOPE)
endfunction()
cexpr_check_headers(${PROJECT_SOURCE_DIR}/cpp/include CEXPR_HEADER_SOURCES)
foreach(component yaml opencv onnxruntime)
  string(TOUPPER ${component} upper)
  if(CEXPR_HAS_${upper})
    cexpr_check_headers(${PROJECT_SOURCE_DIR}/cpp/components/${component}/include
                        CEXPR_HEADER_SOURCES)
    list(APPEND CEXPR_HEADER_LIBRARIES cexpr::${component})
  endif()
endforeach()
add_library(cexpr_headers OBJECT ${CEXPR_HEADER_SOURCES})
cexpr_configure(cexpr_headers)
target_link_libraries(cexpr_headers PRIVATE cexpr::core ${CEXPR_HEADER_LIBRARIES})

# Hosts that use the library as a package; a sanitized library would need a sanitized host.
if(CEXPR_INSTALL
   AND NOT CEXPR_SANITIZE
   AND NOT CEXPR_SANITIZE_THREAD
   AND NOT CMAKE_CROSSCOMPILING)
  find_package(PkgConfig QUIET)
  function(cexpr_add_consumer name consumer)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "BUILD" "OPTIONS")
    add_test(NAME consumer_${name}
             COMMAND ${CMAKE_COMMAND} -DCONSUMER=${consumer} -DBUILD=${arg_BUILD}
                     -DWORK=${PROJECT_BINARY_DIR}/consumers/${name} "-DOPTIONS=${arg_OPTIONS}"
                     -P ${PROJECT_SOURCE_DIR}/cpp/tests/consumers/run.cmake)
    # What builds this project is here; the system's default may not be.
    set_tests_properties(consumer_${name} PROPERTIES ENVIRONMENT CMAKE_GENERATOR=${CMAKE_GENERATOR})
  endfunction()
  cexpr_add_consumer(installed find_package BUILD ${PROJECT_BINARY_DIR} OPTIONS
                     -DCMAKE_PREFIX_PATH=@PREFIX@)
  if(CEXPR_BUILD_SHARED)
    cexpr_add_consumer(shared find_package BUILD ${PROJECT_BINARY_DIR} OPTIONS
                       -DCMAKE_PREFIX_PATH=@PREFIX@ -DLIBRARY=shared)
  endif()
  cexpr_add_consumer(build_tree find_package OPTIONS -Dcexpr_DIR=${PROJECT_BINARY_DIR})
  cexpr_add_consumer(subdirectory add_subdirectory OPTIONS -DCMAKE_BUILD_TYPE=Debug)
  if(PkgConfig_FOUND)
    set(CEXPR_PC_HOSTS cexpr:CXX cexpr:C)
    if(CEXPR_BUILD_SHARED)
      list(APPEND CEXPR_PC_HOSTS cexpr-shared:CXX cexpr-shared:C)
    endif()
    if(CEXPR_HAS_YAML)
      list(APPEND CEXPR_PC_HOSTS cexpr-yaml:C)
    endif()
    foreach(host ${CEXPR_PC_HOSTS})
      string(REPLACE ":" ";" host ${host})
      list(GET host 0 module)
      list(GET host 1 language)
      cexpr_add_consumer(pkg_config_${module}_${language} pkg_config BUILD ${PROJECT_BINARY_DIR}
                         OPTIONS -DCMAKE_PREFIX_PATH=@PREFIX@ -DMODULE=${module}
                         -DLANGUAGE=${language})
    endforeach()
  endif()
endif()
