# Says how large a file is: cmake -D FILE=... -P print_size.cmake

get_filename_component(name ${FILE} NAME)
file(SIZE ${FILE} bytes)
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${name}: ${bytes} bytes")
