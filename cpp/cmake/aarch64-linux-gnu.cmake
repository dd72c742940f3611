# Cross-compiles for 64-bit ARM and runs the tests in an emulator; on Debian:
#   apt-get install g++-aarch64-linux-gnu qemu-user
#   cmake -S . -B build/arm --toolchain cpp/cmake/aarch64-linux-gnu.cmake -DCEXPR_BUILD_TESTS=ON

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)

# The libraries of the machine that builds are for another processor.
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# The tests are static programs, which need no libraries of that processor to run.
set(CEXPR_BUILD_SHARED OFF CACHE BOOL "Build the shared library beside the static one")
