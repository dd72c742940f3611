#pragma once

#include <cstddef>

namespace cexpr::test {

/// Calls of operator new so far in this program, which must link counting_new.cpp.
std::size_t allocations();

}  // namespace cexpr::test
