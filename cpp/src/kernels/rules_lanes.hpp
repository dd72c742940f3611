#pragma once

#include "kernels/rules_kernels.hpp"

// The column operations, written once over `Lanes`: a type of the including file (in an unnamed
// namespace, so that nothing here is shared between files built with different flags) that wraps
// the vectors of one instruction set. Each gives the same bits as `rules::detail::apply`.
namespace cexpr::kernels {

template <class Lanes>
struct ColumnOperations {
  using Value = typename Lanes::Value;
  using Mask = typename Lanes::Mask;

  static Value zero() { return Lanes::splat(0.0F); }
  static Value one() { return Lanes::splat(1.0F); }
  static Value unknown() { return Lanes::splat(__builtin_nanf("")); }
  static Value truth(Value a, Value b, Mask mask) {
    return Lanes::select(Lanes::unordered(a, b), unknown(), Lanes::select(mask, one(), zero()));
  }

  struct Negate {
    static Value of(Value a) { return Lanes::negate(a); }
  };
  struct Absolute {
    static Value of(Value a) { return Lanes::absolute(a); }
  };
  struct Root {
    static Value of(Value a) { return Lanes::root(a); }
  };
  struct Inverse {
    static Value of(Value a) { return Lanes::subtract(one(), a); }
  };
  struct Reciprocal {
    static Value of(Value a) {
      return Lanes::select(Lanes::less(a, zero()), unknown(),
                           Lanes::divide(one(), Lanes::absolute(a)));
    }
  };
  struct Add {
    static Value of(Value a, Value b) { return Lanes::add(a, b); }
  };
  struct Subtract {
    static Value of(Value a, Value b) { return Lanes::subtract(a, b); }
  };
  struct Multiply {
    static Value of(Value a, Value b) { return Lanes::multiply(a, b); }
  };
  struct Divide {
    static Value of(Value a, Value b) {
      return Lanes::select(Lanes::equal(b, zero()), unknown(), Lanes::divide(a, b));
    }
  };
  struct Less {
    static Value of(Value a, Value b) { return truth(a, b, Lanes::less(a, b)); }
  };
  struct LessEqual {
    static Value of(Value a, Value b) { return truth(a, b, Lanes::less_equal(a, b)); }
  };
  struct Equal {
    static Value of(Value a, Value b) { return truth(a, b, Lanes::equal(a, b)); }
  };
  struct NotEqual {
    static Value of(Value a, Value b) { return Lanes::subtract(one(), Equal::of(a, b)); }
  };
  struct Both {
    static Value of(Value a, Value b) {
      const Mask is_false = Lanes::any(Lanes::equal(a, zero()), Lanes::equal(b, zero()));
      return Lanes::select(is_false, zero(), Lanes::multiply(a, b));
    }
  };
  struct Either {
    static Value of(Value a, Value b) {
      const Mask is_true = Lanes::any(Lanes::equal(a, one()), Lanes::equal(b, one()));
      return Lanes::select(is_true, one(), Lanes::add(a, b));
    }
  };
  struct Minimum {
    static Value of(Value a, Value b) {
      return Lanes::select(Lanes::unordered(a, b), unknown(),
                           Lanes::select(Lanes::less(b, a), b, a));
    }
  };
  struct Maximum {
    static Value of(Value a, Value b) {
      return Lanes::select(Lanes::unordered(a, b), unknown(),
                           Lanes::select(Lanes::less(a, b), b, a));
    }
  };
  struct Harmonic {
    static Value of(Value a, Value b) {
      const Value sum = Lanes::add(a, b);
      const Value mean =
          Lanes::multiply(Lanes::multiply(Lanes::splat(2.0F), a), Lanes::divide(b, sum));
      const Mask is_negative = Lanes::any(Lanes::less(a, zero()), Lanes::less(b, zero()));
      return Lanes::select(is_negative, unknown(),
                           Lanes::select(Lanes::equal(sum, zero()), zero(), mean));
    }
  };

  template <class Operation>
  static void unary(float* out, const float* a, const float*, const float*, std::size_t n) {
    for (std::size_t i = 0; i < n; i += Lanes::kWidth) {
      Lanes::store(out + i, Operation::of(Lanes::load(a + i)));
    }
  }

  template <class Operation>
  static void binary(float* out, const float* a, const float* b, const float*, std::size_t n) {
    for (std::size_t i = 0; i < n; i += Lanes::kWidth) {
      Lanes::store(out + i, Operation::of(Lanes::load(a + i), Lanes::load(b + i)));
    }
  }

  static void choose_branch(float* out, const float* a, const float* b, const float* c,
                            std::size_t n) {
    for (std::size_t i = 0; i < n; i += Lanes::kWidth) {
      const Value condition = Lanes::load(a + i);
      const Value otherwise =
          Lanes::select(Lanes::equal(condition, zero()), Lanes::load(c + i), unknown());
      Lanes::store(out + i,
                   Lanes::select(Lanes::equal(condition, one()), Lanes::load(b + i), otherwise));
    }
  }

  static void choose_label(const float* const* columns, std::size_t count, const float* weight,
                           const float* bias, float least, std::size_t n, std::int32_t* labels) {
    for (std::size_t i = 0; i < n; i += Lanes::kWidth) {
      Value best = Lanes::splat(-__builtin_inff());
      Value label = Lanes::splat(-1.0F);
      for (std::size_t k = 0; k < count; ++k) {
        const Value score = Lanes::load(columns[k] + i);
        Value adjusted = score;
        if (weight != nullptr) {
          adjusted =
              Lanes::add(Lanes::multiply(score, Lanes::splat(weight[k])), Lanes::splat(bias[k]));
        }
        // Unknown never compares as greater, and so a score of 0 is made unknown.
        adjusted = Lanes::select(Lanes::equal(score, zero()), unknown(), adjusted);
        const Mask is_better = Lanes::less(best, adjusted);
        best = Lanes::select(is_better, adjusted, best);
        label = Lanes::select(is_better, Lanes::splat(static_cast<float>(k)), label);
      }
      const Mask abstains = Lanes::less(best, Lanes::splat(least));
      Lanes::store_integers(labels + i, Lanes::select(abstains, Lanes::splat(-1.0F), label));
    }
  }

  /// Puts the vector versions into a table that starts as the scalar one: exp, log, sigmoid and
  /// powers stay scalar, so that they agree on every processor.
  static RuleKernels over(const RuleKernels& scalar) {
    using rules::detail::Op;
    RuleKernels table = scalar;
    const auto set = [&table](Op op, ColumnOperation operation) {
      table.operations[static_cast<std::size_t>(op)] = operation;
    };
    set(Op::negate, unary<Negate>);
    set(Op::absolute, unary<Absolute>);
    set(Op::root, unary<Root>);
    set(Op::inverse, unary<Inverse>);
    set(Op::reciprocal, unary<Reciprocal>);
    set(Op::add, binary<Add>);
    set(Op::subtract, binary<Subtract>);
    set(Op::multiply, binary<Multiply>);
    set(Op::divide, binary<Divide>);
    set(Op::less, binary<Less>);
    set(Op::less_equal, binary<LessEqual>);
    set(Op::equal, binary<Equal>);
    set(Op::not_equal, binary<NotEqual>);
    set(Op::both, binary<Both>);
    set(Op::either, binary<Either>);
    set(Op::minimum, binary<Minimum>);
    set(Op::maximum, binary<Maximum>);
    set(Op::harmonic, binary<Harmonic>);
    set(Op::choose, choose_branch);
    table.choose = choose_label;
    return table;
  }
};

}  // namespace cexpr::kernels
