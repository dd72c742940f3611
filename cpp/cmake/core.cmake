# The core library: C++17 and the standard library alone.

set(CEXPR_CORE_SOURCES
    cpp/src/cpu.cpp
    cpp/src/vocabulary.cpp
    cpp/src/nodes/names.cpp
    cpp/src/nodes/numbers.cpp
    cpp/src/nodes/problems.cpp
    cpp/src/nodes/reader.cpp
    cpp/src/nodes/scalars.cpp
    cpp/src/nodes/text.cpp
    cpp/src/image/align.cpp
    cpp/src/image/boxes.cpp
    cpp/src/image/preprocess.cpp
    cpp/src/image/quality.cpp
    cpp/src/filter/filter.cpp
    cpp/src/filter/gaussian.cpp
    cpp/src/filter/stream.cpp
    cpp/src/timeline/decide.cpp
    cpp/src/timeline/timeline.cpp
    cpp/src/rules/language/expression_problem.cpp
    cpp/src/rules/language/functions.cpp
    cpp/src/rules/language/lexer.cpp
    cpp/src/rules/language/parser.cpp
    cpp/src/rules/file/check.cpp
    cpp/src/rules/file/ranges.cpp
    cpp/src/rules/file/split_values.cpp
    cpp/src/rules/file/unknown_signal.cpp
    cpp/src/rules/file/warnings.cpp
    cpp/src/rules/file/decide_section.cpp
    cpp/src/rules/file/read_document.cpp
    cpp/src/rules/file/read_length.cpp
    cpp/src/rules/file/rules_section.cpp
    cpp/src/rules/file/smooth_section.cpp
    cpp/src/rules/file/tests_section.cpp
    cpp/src/rules/file/timeline_sections.cpp
    cpp/src/rules/program/check_program.cpp
    cpp/src/rules/program/graph.cpp
    cpp/src/rules/program/lower.cpp
    cpp/src/rules/program/program.cpp
    cpp/src/rules/program/reads.cpp
    cpp/src/rules/run/evaluate.cpp
    cpp/src/rules/run/explain.cpp
    cpp/src/rules/run/rank.cpp
    cpp/src/rules/run/run_tests.cpp
    cpp/src/rules/run/runner.cpp
    cpp/src/rules/run/stream.cpp
    cpp/src/rules/run/window.cpp
    cpp/src/rules/shipped/plain_yaml.cpp
    cpp/src/rules/shipped/shipped_rules.cpp
    cpp/src/rules/rule_set.cpp
    cpp/src/model/face_cut.cpp
    cpp/src/model/heads.cpp
    cpp/src/model/manifest.cpp
    cpp/src/model/model.cpp
    cpp/src/analyzer/analyzer.cpp
    cpp/src/analyzer/each_face.cpp
    cpp/src/analyzer/gap_filler.cpp
    cpp/src/analyzer/lane.cpp
    cpp/src/analyzer/merged_faces.cpp
    cpp/src/analyzer/raw_faces.cpp
    cpp/src/analyzer/recent_faces.cpp
    cpp/src/host/c_api.cpp
    cpp/src/host/c_api_analyzer.cpp
    cpp/src/host/status.cpp
)

include(cpp/cmake/embed_rules.cmake)
list(APPEND CEXPR_CORE_SOURCES ${CEXPR_SHIPPED_SOURCE})

# Kernels: one file per instruction set, the only files built with its flags.
foreach(kernel filter preprocess rules)
  foreach(isa SCALAR AVX2 AVX512 NEON)
    string(TOLOWER ${isa} suffix)
    list(APPEND CEXPR_KERNELS_${isa} cpp/src/kernels/${kernel}_${suffix}.cpp)
  endforeach()
endforeach()

string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" CEXPR_PROCESSOR)
set(CEXPR_KERNELS cpp/src/kernels/pick.cpp ${CEXPR_KERNELS_SCALAR})
if(CEXPR_SMALL AND NOT CEXPR_PROCESSOR MATCHES "aarch64|arm64")
  # The kernels that every processor runs, and no others.
elseif(CEXPR_PROCESSOR MATCHES "x86_64|amd64")
  set(CEXPR_ARCH_DEFINITION CEXPR_X86)
  list(APPEND CEXPR_KERNELS ${CEXPR_KERNELS_AVX2} ${CEXPR_KERNELS_AVX512})
  # GCC's own AVX-512 header trips these warnings (GCC bug 105593); clang-tidy does not know all.
  set(CEXPR_AVX512_WARNINGS
      "$<$<CXX_COMPILER_ID:GNU>:-Wno-unknown-warning-option;-Wno-maybe-uninitialized;-Wno-uninitialized>")
  set_source_files_properties(${CEXPR_KERNELS_AVX2} PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
  set_source_files_properties(
    ${CEXPR_KERNELS_AVX512}
    PROPERTIES COMPILE_OPTIONS "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mavx2;-mfma;${CEXPR_AVX512_WARNINGS}")
elseif(CEXPR_PROCESSOR MATCHES "aarch64|arm64")
  set(CEXPR_ARCH_DEFINITION CEXPR_NEON)
  list(APPEND CEXPR_KERNELS ${CEXPR_KERNELS_NEON})
endif()

# Flags that every target of this project shares; private, so that a host is not touched.
function(cexpr_configure target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden
                                             VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(CEXPR_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(CEXPR_SANITIZE)
    # GCC's `undefined` leaves out the conversion of numbers that an integer cannot hold.
    target_compile_options(
      ${target} PRIVATE -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
  if(CEXPR_SANITIZE_THREAD)
    target_compile_options(${target} PRIVATE -fsanitize=thread -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=thread)
  endif()
endfunction()

# The version as numbers, for C and the preprocessor.
configure_file(${PROJECT_SOURCE_DIR}/cpp/cmake/version_numbers.h.in
               ${PROJECT_BINARY_DIR}/generated/cexpr/version_numbers.h @ONLY)

# What the core and the shared library have in common.
function(cexpr_configure_library target)
  cexpr_configure(${target})
  # No contraction: every instruction set, and every compiler, must give the same numbers.
  target_compile_options(${target} PRIVATE -ffp-contract=off)
  if(CEXPR_SMALL)
    target_compile_options(${target} PRIVATE -Os -ffunction-sections -fdata-sections)
  endif()
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(
    ${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/cpp/include>
                     $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>
                     $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp/src)
  if(CEXPR_ARCH_DEFINITION)
    target_compile_definitions(${target} PRIVATE ${CEXPR_ARCH_DEFINITION})
  endif()
endfunction()

# The kernels give nothing out, so both libraries take the same objects.
add_library(cexpr_kernels OBJECT ${CEXPR_KERNELS})
cexpr_configure_library(cexpr_kernels)

add_library(cexpr_core STATIC ${CEXPR_CORE_SOURCES} $<TARGET_OBJECTS:cexpr_kernels>)
add_library(cexpr::core ALIAS cexpr_core)
cexpr_configure_library(cexpr_core)
set_target_properties(cexpr_core PROPERTIES EXPORT_NAME core)

if(CEXPR_BUILD_SHARED)
  include(cpp/cmake/shared.cmake)
endif()
