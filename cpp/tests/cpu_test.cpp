#include "cexpr/cpu.hpp"

#include "cexpr/error.hpp"
#include "check.hpp"

using cexpr::ArgumentError;
namespace cpu = cexpr::cpu;

CEXPR_TEST(scalar_is_always_first) { CHECK(cpu::targets().front() == cpu::Target::scalar); }

CEXPR_TEST(names_are_parsed_back) {
  for (const cpu::Target target : cpu::targets()) {
    CHECK(cpu::parse(cpu::name(target)) == target);
  }
  CHECK_THROWS(cpu::parse("sse9"), ArgumentError);
}

CEXPR_TEST(a_target_that_is_not_there_is_refused) {
  const cpu::Target before = cpu::active();
  for (const cpu::Target target : {cpu::Target::avx2, cpu::Target::neon}) {
    bool available = false;
    for (const cpu::Target one : cpu::targets()) {
      available = available || one == target;
    }
    if (!available) {
      CHECK_THROWS(cpu::set_active(target), ArgumentError);
    }
  }
  CHECK(cpu::active() == before);
}
