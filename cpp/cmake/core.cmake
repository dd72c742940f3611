# The core library: C++17 and the standard library alone.

set(CEXPR_CORE_SOURCES
    cpp/src/align.cpp
    cpp/src/boxes.cpp
    cpp/src/analyzer.cpp
    cpp/src/analyzer_faces.cpp
    cpp/src/cpu.cpp
    cpp/src/decide.cpp
    cpp/src/filter.cpp
    cpp/src/filter_gaussian.cpp
    cpp/src/filter_stream.cpp
    cpp/src/preprocess.cpp
    cpp/src/rules/check.cpp
    cpp/src/rules/decide_section.cpp
    cpp/src/rules/document.cpp
    cpp/src/rules/evaluate.cpp
    cpp/src/rules/explain.cpp
    cpp/src/rules/finish.cpp
    cpp/src/rules/functions.cpp
    cpp/src/rules/graph.cpp
    cpp/src/rules/lexer.cpp
    cpp/src/rules/lower.cpp
    cpp/src/rules/names.cpp
    cpp/src/rules/parser.cpp
    cpp/src/rules/problems.cpp
    cpp/src/rules/program.cpp
    cpp/src/rules/rank.cpp
    cpp/src/rules/reader.cpp
    cpp/src/rules/rule_set.cpp
    cpp/src/rules/runner.cpp
    cpp/src/rules/settings.cpp
    cpp/src/rules/stream.cpp
    cpp/src/rules/tests_section.cpp
    cpp/src/rules/window.cpp
    cpp/src/timeline.cpp
)

# Kernels: one file per instruction set, the only files built with its flags.
set(CEXPR_KERNELS_SCALAR
    cpp/src/kernels/filter_scalar.cpp
    cpp/src/kernels/preprocess_scalar.cpp
    cpp/src/kernels/rules_scalar.cpp
)
set(CEXPR_KERNELS_AVX2
    cpp/src/kernels/filter_avx2.cpp
    cpp/src/kernels/preprocess_avx2.cpp
    cpp/src/kernels/rules_avx2.cpp
)
set(CEXPR_KERNELS_AVX512
    cpp/src/kernels/filter_avx512.cpp
    cpp/src/kernels/preprocess_avx512.cpp
    cpp/src/kernels/rules_avx512.cpp
)
set(CEXPR_KERNELS_NEON
    cpp/src/kernels/filter_neon.cpp
    cpp/src/kernels/preprocess_neon.cpp
    cpp/src/kernels/rules_neon.cpp
)

string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" CEXPR_PROCESSOR)
set(CEXPR_KERNELS ${CEXPR_KERNELS_SCALAR})
if(CEXPR_PROCESSOR MATCHES "x86_64|amd64")
  set(CEXPR_ARCH_DEFINITION CEXPR_X86)
  list(APPEND CEXPR_KERNELS ${CEXPR_KERNELS_AVX2} ${CEXPR_KERNELS_AVX512})
  # GCC's own AVX-512 header trips this warning (GCC bug 105593), which clang-tidy does not know.
  set(CEXPR_AVX512_WARNINGS
      "$<$<CXX_COMPILER_ID:GNU>:-Wno-unknown-warning-option;-Wno-maybe-uninitialized>")
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
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
endfunction()

add_library(cexpr_core STATIC ${CEXPR_CORE_SOURCES} ${CEXPR_KERNELS})
add_library(cexpr::core ALIAS cexpr_core)
cexpr_configure(cexpr_core)
# No contraction: every instruction set, and every compiler, must give the same numbers.
target_compile_options(cexpr_core PRIVATE -ffp-contract=off)
set_target_properties(cexpr_core PROPERTIES EXPORT_NAME core POSITION_INDEPENDENT_CODE ON)
target_include_directories(
  cexpr_core PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/cpp/include>
                    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_include_directories(cexpr_core PRIVATE cpp/src)
if(CEXPR_ARCH_DEFINITION)
  target_compile_definitions(cexpr_core PRIVATE ${CEXPR_ARCH_DEFINITION})
endif()
