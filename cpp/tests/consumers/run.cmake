# Builds and runs one consumer: cmake -D CONSUMER=... -D WORK=... -P run.cmake
#
# CONSUMER  folder beside this file
# WORK      folder for the build, emptied first
# BUILD     build tree of cexpr, installed below WORK and moved before it is used, so that no path
#           of the machine may have got into the package
# OPTIONS   further arguments for the consumer's configuration; @PREFIX@ is the installed prefix

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV}\n${text}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
if(BUILD)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/installed)
  file(RENAME ${WORK}/installed ${WORK}/moved)
endif()
string(REPLACE "@PREFIX@" "${WORK}/moved" options "${OPTIONS}")
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/${CONSUMER} -B ${WORK}/build
    -DCMAKE_BUILD_TYPE=Release ${options})
run(${CMAKE_COMMAND} --build ${WORK}/build --parallel 2)
run(${WORK}/build/consumer)
