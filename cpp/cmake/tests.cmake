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
cexpr_add_test(timeline_test)
