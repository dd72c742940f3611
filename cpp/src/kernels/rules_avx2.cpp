#include <immintrin.h>

#include "kernels/rules_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Vector = __m256;
  using Mask = __m256;
  static constexpr std::size_t kWidth = 8;

  static Vector load(const float* from) { return _mm256_loadu_ps(from); }
  static void store(float* to, Vector value) { _mm256_storeu_ps(to, value); }
  static void store_integers(std::int32_t* to, Vector value) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_cvttps_epi32(value));
  }
  static Vector fill(float value) { return _mm256_set1_ps(value); }
  static Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static Vector subtract(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
  static Vector multiply(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
  static Vector divide(Vector a, Vector b) { return _mm256_div_ps(a, b); }
  static Vector root(Vector a) { return _mm256_sqrt_ps(a); }
  static Vector negate(Vector a) { return _mm256_xor_ps(a, fill(-0.0F)); }
  static Vector absolute(Vector a) { return _mm256_andnot_ps(fill(-0.0F), a); }
  static Mask less(Vector a, Vector b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
  static Mask less_equal(Vector a, Vector b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
  static Mask equal(Vector a, Vector b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
  static Mask unordered(Vector a, Vector b) { return _mm256_cmp_ps(a, b, _CMP_UNORD_Q); }
  static Mask any(Mask a, Mask b) { return _mm256_or_ps(a, b); }
  static Vector select(Mask mask, Vector yes, Vector no) { return _mm256_blendv_ps(no, yes, mask); }
};

void transpose(__m256 (&rows)[8]) {
  const __m256 t0 = _mm256_unpacklo_ps(rows[0], rows[1]);
  const __m256 t1 = _mm256_unpackhi_ps(rows[0], rows[1]);
  const __m256 t2 = _mm256_unpacklo_ps(rows[2], rows[3]);
  const __m256 t3 = _mm256_unpackhi_ps(rows[2], rows[3]);
  const __m256 t4 = _mm256_unpacklo_ps(rows[4], rows[5]);
  const __m256 t5 = _mm256_unpackhi_ps(rows[4], rows[5]);
  const __m256 t6 = _mm256_unpacklo_ps(rows[6], rows[7]);
  const __m256 t7 = _mm256_unpackhi_ps(rows[6], rows[7]);
  const __m256 u0 = _mm256_shuffle_ps(t0, t2, 0x44);
  const __m256 u1 = _mm256_shuffle_ps(t0, t2, 0xEE);
  const __m256 u2 = _mm256_shuffle_ps(t1, t3, 0x44);
  const __m256 u3 = _mm256_shuffle_ps(t1, t3, 0xEE);
  const __m256 u4 = _mm256_shuffle_ps(t4, t6, 0x44);
  const __m256 u5 = _mm256_shuffle_ps(t4, t6, 0xEE);
  const __m256 u6 = _mm256_shuffle_ps(t5, t7, 0x44);
  const __m256 u7 = _mm256_shuffle_ps(t5, t7, 0xEE);
  rows[0] = _mm256_permute2f128_ps(u0, u4, 0x20);
  rows[1] = _mm256_permute2f128_ps(u1, u5, 0x20);
  rows[2] = _mm256_permute2f128_ps(u2, u6, 0x20);
  rows[3] = _mm256_permute2f128_ps(u3, u7, 0x20);
  rows[4] = _mm256_permute2f128_ps(u0, u4, 0x31);
  rows[5] = _mm256_permute2f128_ps(u1, u5, 0x31);
  rows[6] = _mm256_permute2f128_ps(u2, u6, 0x31);
  rows[7] = _mm256_permute2f128_ps(u3, u7, 0x31);
}

struct Rows {
  /// Eight rows by eight columns at a time wherever the columns wanted lie within eight that may be
  /// read; one element at a time elsewhere.
  static void gather(const float* rows, std::size_t stride, std::size_t width,
                     std::size_t row_count, const std::uint32_t* columns, std::size_t count,
                     float* const* out) {
    std::size_t first = 0;
    while (first < count) {
      std::size_t base = columns[first];
      base = width >= 8 && base + 8 > width ? width - 8 : base;
      std::size_t last = first + 1;
      while (last < count && columns[last] < base + 8) {
        ++last;
      }
      // Rows side by side: reading into the next row is fine as long as there is one.
      std::size_t safe = base + 8 <= width ? row_count : 0;
      if (safe == 0 && stride == width) {
        const std::size_t spill = (base + 8 - width + stride - 1) / stride;
        safe = row_count > spill ? row_count - spill : 0;
      }
      std::size_t row = 0;
      if (last - first > 1) {
        for (; row + 8 <= safe; row += 8) {
          __m256 tile[8];
          for (std::size_t i = 0; i < 8; ++i) {
            tile[i] = _mm256_loadu_ps(rows + (row + i) * stride + base);
          }
          transpose(tile);
          for (std::size_t k = first; k < last; ++k) {
            _mm256_storeu_ps(out[k] + row, tile[columns[k] - base]);
          }
        }
      }
      for (std::size_t k = first; k < last; ++k) {
        for (std::size_t i = row; i < row_count; ++i) {
          out[k][i] = rows[i * stride + columns[k]];
        }
      }
      first = last;
    }
  }

  /// Rows that lie side by side are stored eight elements at a time, spilling into the row below,
  /// which is written afterwards; the last columns go first for the same reason.
  static void scatter(const float* const* columns, std::size_t count, std::size_t row_count,
                      float* rows, std::size_t stride) {
    const std::size_t whole = count / 8 * 8;
    const std::size_t rest = count - whole;
    // Rows whose spill stays inside the block.
    std::size_t safe = row_count;
    if (rest != 0) {
      const std::size_t spill = (8 - rest + stride - 1) / stride;
      safe = stride == count && row_count > spill ? row_count - spill : 0;
    }
    std::size_t row = 0;
    for (; row + 8 <= safe; row += 8) {
      if (rest != 0) {
        __m256 tile[8];
        for (std::size_t k = 0; k < 8; ++k) {
          tile[k] = k < rest ? _mm256_loadu_ps(columns[whole + k] + row) : _mm256_setzero_ps();
        }
        transpose(tile);
        for (std::size_t r = 0; r < 8; ++r) {
          _mm256_storeu_ps(rows + (row + r) * stride + whole, tile[r]);
        }
      }
      for (std::size_t first = 0; first < whole; first += 8) {
        __m256 tile[8];
        for (std::size_t k = 0; k < 8; ++k) {
          tile[k] = _mm256_loadu_ps(columns[first + k] + row);
        }
        transpose(tile);
        for (std::size_t r = 0; r < 8; ++r) {
          _mm256_storeu_ps(rows + (row + r) * stride + first, tile[r]);
        }
      }
    }
    for (; row < row_count; ++row) {
      for (std::size_t k = 0; k < count; ++k) {
        rows[row * stride + k] = columns[k][row];
      }
    }
  }
};

}  // namespace

const RulesTable RulesTable::avx2 = table_over<Lanes, Rows>();

}  // namespace cexpr::kernels
