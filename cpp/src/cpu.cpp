#include "cexpr/cpu.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "cexpr/error.hpp"

namespace cexpr::cpu {
namespace {

constexpr int kUnset = -1;

std::atomic<int>& chosen() {
  static std::atomic<int> value{kUnset};
  return value;
}

bool is_available(Target target) {
  const std::vector<Target> all = targets();
  return std::find(all.begin(), all.end(), target) != all.end();
}

void require_available(Target target) {
  if (!is_available(target)) {
    throw ArgumentError(std::string("CEXPR_CPU: this build or processor does not have '") +
                        name(target) + "'");
  }
}

Target from_environment() {
  const char* wanted = std::getenv("CEXPR_CPU");
  if (wanted == nullptr || *wanted == '\0') {
    return targets().back();
  }
  const Target target = parse(wanted);
  require_available(target);
  return target;
}

}  // namespace

const char* name(Target target) noexcept {
  switch (target) {
    case Target::scalar:
      return "scalar";
    case Target::avx2:
      return "avx2";
    case Target::avx512:
      return "avx512";
    case Target::neon:
      return "neon";
  }
  return "unknown";
}

Target parse(const std::string& text) {
  for (const Target target : {Target::scalar, Target::avx2, Target::avx512, Target::neon}) {
    if (text == name(target)) {
      return target;
    }
  }
  throw ArgumentError("CEXPR_CPU: expected scalar, avx2, avx512 or neon; got '" + text + "'");
}

std::vector<Target> targets() {
  std::vector<Target> all{Target::scalar};
#if defined(CEXPR_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    all.push_back(Target::avx2);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
      all.push_back(Target::avx512);
    }
  }
#elif defined(CEXPR_NEON)
  all.push_back(Target::neon);
#endif
  return all;
}

Target active() {
  const int known = chosen().load(std::memory_order_acquire);
  if (known != kUnset) {
    return static_cast<Target>(known);
  }
  const Target target = from_environment();
  chosen().store(static_cast<int>(target), std::memory_order_release);
  return target;
}

void set_active(Target target) {
  require_available(target);
  chosen().store(static_cast<int>(target), std::memory_order_release);
}

}  // namespace cexpr::cpu
