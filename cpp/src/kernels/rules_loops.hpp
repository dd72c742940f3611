#pragma once

#include "kernels/rules_table.hpp"

// The loops over columns, written once over `Lanes`, which wraps the vectors of one instruction
// set. Everything is in an unnamed namespace: each instruction set compiles its own copy, and the
// linker can never mix them. Each operation gives the same bits as `rules::detail::apply`.
namespace cexpr::kernels {
namespace {

using rules::detail::Op;

/// What the table of one instruction set takes from that of another.
template <const RulesTable& other>
struct Borrowed {
  template <Op op>
  static void operate(float* out, const float* a, const float* b, const float* c, std::size_t n) {
    other.operations[static_cast<std::size_t>(op)](out, a, b, c, n);
  }

  static void gather(const float* rows, std::size_t stride, std::size_t width,
                     std::size_t row_count, const std::uint32_t* columns, std::size_t count,
                     float* const* out) {
    other.gather(rows, stride, width, row_count, columns, count, out);
  }

  static void scatter(const float* const* columns, std::size_t count, std::size_t row_count,
                      float* rows, std::size_t stride) {
    other.scatter(columns, count, row_count, rows, stride);
  }
};

template <class Lanes>
struct ColumnOperations {
  using Vector = typename Lanes::Vector;
  using Mask = typename Lanes::Mask;

  static Vector zero() { return Lanes::fill(0.0F); }
  static Vector one() { return Lanes::fill(1.0F); }
  static Vector unknown() { return Lanes::fill(__builtin_nanf("")); }
  static Vector truth(Vector a, Vector b, Mask mask) {
    return Lanes::select(Lanes::unordered(a, b), unknown(), Lanes::select(mask, one(), zero()));
  }

  struct Negate {
    static Vector of(Vector a) { return Lanes::negate(a); }
  };
  struct Absolute {
    static Vector of(Vector a) { return Lanes::absolute(a); }
  };
  struct Root {
    static Vector of(Vector a) { return Lanes::root(a); }
  };
  struct Inverse {
    static Vector of(Vector a) { return Lanes::subtract(one(), a); }
  };
  struct Reciprocal {
    static Vector of(Vector a) {
      return Lanes::select(Lanes::less(a, zero()), unknown(),
                           Lanes::divide(one(), Lanes::absolute(a)));
    }
  };
  struct Add {
    static Vector of(Vector a, Vector b) { return Lanes::add(a, b); }
  };
  struct Subtract {
    static Vector of(Vector a, Vector b) { return Lanes::subtract(a, b); }
  };
  struct Multiply {
    static Vector of(Vector a, Vector b) { return Lanes::multiply(a, b); }
  };
  struct Divide {
    static Vector of(Vector a, Vector b) {
      return Lanes::select(Lanes::equal(b, zero()), unknown(), Lanes::divide(a, b));
    }
  };
  struct Less {
    static Vector of(Vector a, Vector b) { return truth(a, b, Lanes::less(a, b)); }
  };
  struct LessEqual {
    static Vector of(Vector a, Vector b) { return truth(a, b, Lanes::less_equal(a, b)); }
  };
  struct Equal {
    static Vector of(Vector a, Vector b) { return truth(a, b, Lanes::equal(a, b)); }
  };
  struct NotEqual {
    static Vector of(Vector a, Vector b) { return Lanes::subtract(one(), Equal::of(a, b)); }
  };
  struct Both {
    static Vector of(Vector a, Vector b) {
      const Mask is_false = Lanes::any(Lanes::equal(a, zero()), Lanes::equal(b, zero()));
      return Lanes::select(is_false, zero(), Lanes::multiply(a, b));
    }
  };
  struct Either {
    static Vector of(Vector a, Vector b) {
      const Mask is_true = Lanes::any(Lanes::equal(a, one()), Lanes::equal(b, one()));
      return Lanes::select(is_true, one(), Lanes::add(a, b));
    }
  };
  struct Minimum {
    static Vector of(Vector a, Vector b) {
      return Lanes::select(Lanes::unordered(a, b), unknown(),
                           Lanes::select(Lanes::less(b, a), b, a));
    }
  };
  struct Maximum {
    static Vector of(Vector a, Vector b) {
      return Lanes::select(Lanes::unordered(a, b), unknown(),
                           Lanes::select(Lanes::less(a, b), b, a));
    }
  };
  struct Harmonic {
    static Vector of(Vector a, Vector b) {
      const Vector sum = Lanes::add(a, b);
      const Vector mean =
          Lanes::multiply(Lanes::multiply(Lanes::fill(2.0F), a), Lanes::divide(b, sum));
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
      const Vector condition = Lanes::load(a + i);
      const Vector otherwise =
          Lanes::select(Lanes::equal(condition, zero()), Lanes::load(c + i), unknown());
      Lanes::store(out + i,
                   Lanes::select(Lanes::equal(condition, one()), Lanes::load(b + i), otherwise));
    }
  }

  static void choose_label(const float* const* columns, std::size_t count, const float* weight,
                           const float* bias, float least, std::size_t n, std::int32_t* labels) {
    for (std::size_t i = 0; i < n; i += Lanes::kWidth) {
      Vector best = Lanes::fill(-__builtin_inff());
      Vector label = Lanes::fill(-1.0F);
      for (std::size_t k = 0; k < count; ++k) {
        const Vector score = Lanes::load(columns[k] + i);
        Vector adjusted = score;
        if (weight != nullptr) {
          adjusted =
              Lanes::add(Lanes::multiply(score, Lanes::fill(weight[k])), Lanes::fill(bias[k]));
        }
        // Unknown never compares as greater, and so a score of 0 is made unknown.
        adjusted = Lanes::select(Lanes::equal(score, zero()), unknown(), adjusted);
        const Mask is_better = Lanes::less(best, adjusted);
        best = Lanes::select(is_better, adjusted, best);
        label = Lanes::select(is_better, Lanes::fill(static_cast<float>(k)), label);
      }
      const Mask abstains = Lanes::less(best, Lanes::fill(least));
      Lanes::store_integers(labels + i, Lanes::select(abstains, Lanes::fill(-1.0F), label));
    }
  }

  static constexpr RulesTable table() {
    // These stay scalar, so that they agree on every processor.
    using Scalar = Borrowed<RulesTable::scalar>;
    RulesTable table{};
    const auto set = [&table](Op op, ColumnOperation operation) {
      table.operations[static_cast<std::size_t>(op)] = operation;
    };
    set(Op::negate, unary<Negate>);
    set(Op::absolute, unary<Absolute>);
    set(Op::root, unary<Root>);
    set(Op::inverse, unary<Inverse>);
    set(Op::reciprocal, unary<Reciprocal>);
    set(Op::exponential, Scalar::operate<Op::exponential>);
    set(Op::logarithm, Scalar::operate<Op::logarithm>);
    set(Op::sigmoid, Scalar::operate<Op::sigmoid>);
    set(Op::add, binary<Add>);
    set(Op::subtract, binary<Subtract>);
    set(Op::multiply, binary<Multiply>);
    set(Op::divide, binary<Divide>);
    set(Op::power, Scalar::operate<Op::power>);
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

/// `Rows` gives `gather` and `scatter`.
template <class Lanes, class Rows>
constexpr RulesTable table_over() {
  RulesTable table = ColumnOperations<Lanes>::table();
  table.gather = Rows::gather;
  table.scatter = Rows::scatter;
  return table;
}

}  // namespace
}  // namespace cexpr::kernels
