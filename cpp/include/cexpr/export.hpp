#pragma once

// What a shared library gives out. Both the library and its hosts define CEXPR_SHARED (the CMake
// target does it); a static library hides its symbols, so that a host does not pass them on.
#if !defined(CEXPR_SHARED)
#define CEXPR_API
#elif defined(_WIN32) && defined(CEXPR_BUILDING)
#define CEXPR_API __declspec(dllexport)
#elif defined(_WIN32)
#define CEXPR_API __declspec(dllimport)
#else
#define CEXPR_API __attribute__((visibility("default")))
#endif
