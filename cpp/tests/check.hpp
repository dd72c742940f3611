#pragma once

#include <cmath>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "cexpr/cpu.hpp"

// A test runner of one header: the core has no dependency, and neither have its tests.
namespace cexpr::test {

struct Case {
  const char* name;
  void (*body)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

struct Register {
  Register(const char* name, void (*body)()) { cases().push_back({name, body}); }
};

inline void report(const char* file, int line, const std::string& message) {
  ++failures();
  std::cerr << file << ':' << line << ": " << message << '\n';
}

inline bool near(double a, double b, double tolerance) {
  return (std::isnan(a) && std::isnan(b)) || a == b || std::abs(a - b) <= tolerance;
}

/// Runs every case once for each instruction set that this processor has.
inline int run_all() {
  for (const cpu::Target target : cpu::targets()) {
    cpu::set_active(target);
    for (const Case& test : cases()) {
      const int before = failures();
      try {
        test.body();
      } catch (const std::exception& error) {
        report(test.name, 0, std::string("unexpected exception: ") + error.what());
      }
      std::cout << (failures() == before ? "ok   " : "FAIL ") << cpu::name(target) << ' '
                << test.name << '\n';
    }
  }
  return failures() == 0 ? 0 : 1;
}

}  // namespace cexpr::test

#define CEXPR_TEST(name)                                               \
  static void name();                                                  \
  static const ::cexpr::test::Register name##_registered(#name, name); \
  static void name()

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      ::cexpr::test::report(__FILE__, __LINE__, "CHECK(" #condition ") fails"); \
    }                                                                           \
  } while (false)

#define CHECK_NEAR(a, b, tolerance)                                                       \
  do {                                                                                    \
    const double near_a = static_cast<double>(a);                                         \
    const double near_b = static_cast<double>(b);                                         \
    if (!::cexpr::test::near(near_a, near_b, tolerance)) {                                \
      ::cexpr::test::report(                                                              \
          __FILE__, __LINE__,                                                             \
          #a " = " + std::to_string(near_a) + " but " #b " = " + std::to_string(near_b)); \
    }                                                                                     \
  } while (false)

#define CHECK_THROWS(expression, type)                                                 \
  do {                                                                                 \
    bool thrown = false;                                                               \
    try {                                                                              \
      static_cast<void>(expression);                                                   \
    } catch (const type&) {                                                            \
      thrown = true;                                                                   \
    }                                                                                  \
    if (!thrown) {                                                                     \
      ::cexpr::test::report(__FILE__, __LINE__, #expression " does not throw " #type); \
    }                                                                                  \
  } while (false)
