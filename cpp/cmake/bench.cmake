# Benchmarks of single kernels; the comparison with peers is in python/bench.

function(cexpr_add_bench name)
  add_executable(${name} cpp/bench/${name}.cpp)
  cexpr_configure(${name})
  target_link_libraries(${name} PRIVATE cexpr::core)
endfunction()
