#pragma once

#include <cmath>
#include <limits>

#include "rules/program/ops.hpp"

// What each operation computes, in one place: constant folding and the scalar kernels call this,
// the vector kernels are tested against it. NaN is "unknown" and goes through everything except
// `and`, `or` and the branch of `if` that is not taken. Nothing but overflow makes an infinity.
namespace cexpr::rules::detail {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

inline bool is_unknown(float a, float b) { return std::isnan(a) || std::isnan(b); }
inline float truth(bool value) { return value ? 1.0F : 0.0F; }

inline float apply(Op op, float a, float b, float c) {
  switch (op) {
    case Op::negate:
      return -a;
    case Op::absolute:
      return std::fabs(a);
    case Op::root:
      return std::sqrt(a);
    case Op::inverse:
      return 1.0F - a;
    case Op::reciprocal:
      return a < 0.0F ? kUnknown : 1.0F / std::fabs(a);
    case Op::exponential:
      return static_cast<float>(std::exp(static_cast<double>(a)));
    case Op::logarithm:
      return a > 0.0F ? static_cast<float>(std::log(static_cast<double>(a))) : kUnknown;
    case Op::sigmoid:
      return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(a))));
    case Op::add:
      return a + b;
    case Op::subtract:
      return a - b;
    case Op::multiply:
      return a * b;
    case Op::divide:
      return b == 0.0F ? kUnknown : a / b;
    case Op::power:
      // std::pow gives 1 for pow(1, NaN) and pow(NaN, 0), and infinity for 0 ^ -1.
      return is_unknown(a, b) || (a == 0.0F && b < 0.0F)
                 ? kUnknown
                 : static_cast<float>(std::pow(static_cast<double>(a), static_cast<double>(b)));
    case Op::less:
      return is_unknown(a, b) ? kUnknown : truth(a < b);
    case Op::less_equal:
      return is_unknown(a, b) ? kUnknown : truth(a <= b);
    case Op::equal:
      return is_unknown(a, b) ? kUnknown : truth(a == b);
    case Op::not_equal:
      return is_unknown(a, b) ? kUnknown : truth(a != b);
    case Op::both:
      return a == 0.0F || b == 0.0F ? 0.0F : a * b;
    case Op::either:
      return a == 1.0F || b == 1.0F ? 1.0F : a + b;
    case Op::minimum:
      return is_unknown(a, b) ? kUnknown : (b < a ? b : a);
    case Op::maximum:
      return is_unknown(a, b) ? kUnknown : (a < b ? b : a);
    case Op::harmonic: {
      const float sum = a + b;
      if (a < 0.0F || b < 0.0F) {
        return kUnknown;
      }
      return sum == 0.0F ? 0.0F : 2.0F * a * (b / sum);
    }
    case Op::choose:
      return a == 1.0F ? b : (a == 0.0F ? c : kUnknown);
    default:
      return kUnknown;
  }
}

}  // namespace cexpr::rules::detail
