# What an object built with the flags of an instruction set must not hold, where the linker or the
# start of a program would bring it to a processor without that set:
# cmake -D NM=... -D OBJECTS=... -P kernel_symbols.cmake

if(NOT OBJECTS)
  message(FATAL_ERROR "no objects; expected those of the kernels")
endif()
foreach(object ${OBJECTS})
  execute_process(COMMAND ${NM} -C ${object} OUTPUT_VARIABLE text RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${NM} fails on ${object}")
  endif()
  string(REGEX MATCHALL "[^\n]* [WVu] [^\n]*" shared "${text}")
  string(REGEX MATCHALL "[^\n]*_GLOBAL__[^\n]*" early "${text}")
  if(NOT text MATCHES "Table::")
    message(FATAL_ERROR "${object} holds no table")
  elseif(shared OR early)
    message(FATAL_ERROR "${object}\nshared with other objects: ${shared}\nrun at the start: ${early}")
  endif()
endforeach()
list(LENGTH OBJECTS count)
message("${count} objects")
