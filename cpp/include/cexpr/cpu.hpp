#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cexpr/export.hpp"

namespace cexpr::cpu {

/// Instruction sets that kernels are built for. `scalar` is always there.
enum class Target : std::uint8_t { scalar, avx2, avx512, neon };

/// Name of a target as `CEXPR_CPU` spells it.
CEXPR_API const char* name(Target target) noexcept;

/// Targets that are built in and that this processor runs, slowest first.
CEXPR_API std::vector<Target> targets();

/// The target in use: the fastest of `targets()`, or the one that the environment variable
/// `CEXPR_CPU` names. Chosen once, at the first call.
///
/// Throws `ArgumentError` when `CEXPR_CPU` names an unknown target or one that is not available.
CEXPR_API Target active();

/// Makes `target` the one in use from now on; for tests and benchmarks, not thread-safe against
/// running kernels. Throws `ArgumentError` when it is not among `targets()`.
CEXPR_API void set_active(Target target);

/// Parses a target name. Throws `ArgumentError` when it is unknown.
CEXPR_API Target parse(const std::string& text);

}  // namespace cexpr::cpu
