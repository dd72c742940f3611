# libFuzzer targets, built by clang with sanitizers (CEXPR_SANITIZE).

# The fuzzer sees which ways through the library an input takes.
target_compile_options(cexpr_core PRIVATE -fsanitize=fuzzer-no-link)
target_compile_options(cexpr_kernels PRIVATE -fsanitize=fuzzer-no-link)

function(cexpr_add_fuzzer name)
  add_executable(${name} cpp/fuzz/${name}.cpp)
  cexpr_configure(${name})
  target_link_libraries(${name} PRIVATE cexpr::core)
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()

cexpr_add_fuzzer(analyzer_fuzzer)
cexpr_add_fuzzer(nodes_fuzzer)
cexpr_add_fuzzer(preprocess_fuzzer)
cexpr_add_fuzzer(rules_fuzzer)
