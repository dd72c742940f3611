#include <immintrin.h>

#include "kernels/preprocess_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Vector = __m512;
  static constexpr int kWidth = 16;

  static Vector fill(float value) { return _mm512_set1_ps(value); }
  static __mmask16 first(int count) { return static_cast<__mmask16>((1U << count) - 1U); }
  static Vector load(const float* from, int count) {
    return count >= kWidth ? _mm512_loadu_ps(from) : _mm512_maskz_loadu_ps(first(count), from);
  }
  static Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
  static Vector subtract(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
  static Vector multiply(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
  static void store(float* to, Vector value, int count) {
    if (count >= kWidth) {
      _mm512_storeu_ps(to, value);
    } else {
      _mm512_mask_storeu_ps(to, first(count), value);
    }
  }

  // One byte of each word, as a number.
  static Vector byte_of(__m512i words, int index) {
    const __m128i one = _mm_add_epi32(
        _mm_setr_epi32(-0x7F7F8000, -0x7F7F7FFC, -0x7F7F7FF8, -0x7F7F7FF4), _mm_set1_epi32(index));
    return _mm512_cvtepi32_ps(_mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(one)));
  }

  // A left and a right pixel at each of sixteen places, from eight bytes read at each.
  struct Pairs {
    __m512i first, second;

    template <int kChannels, int kColors>
    void split(Vector (&left)[kColors], Vector (&right)[kColors]) const {
      const __m512i even =
          _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
      const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
      const __m512i low = _mm512_permutex2var_epi32(first, even, second);
      const __m512i high = _mm512_permutex2var_epi32(first, odd, second);
      for (int c = 0; c < kColors; ++c) {
        left[c] = byte_of(low, c);
        const int index = c + kChannels;
        right[c] = index < 4 ? byte_of(low, index) : byte_of(high, index - 4);
      }
    }
  };

  static __m256i read_one(const std::uint8_t* from) {
    long long bytes = 0;
    __builtin_memcpy(&bytes, from, sizeof(bytes));
    return _mm256_set1_epi64x(bytes);
  }

  // Eight bytes at each of four offsets. Loads and blends are no slower than a gather, and much
  // faster on processors whose microcode has slowed gathers down.
  static __m256i read_four(const std::uint8_t* from, const std::int32_t* offset) {
    const __m256i low =
        _mm256_blend_epi32(read_one(from + offset[0]), read_one(from + offset[1]), 0xCC);
    const __m256i high =
        _mm256_blend_epi32(read_one(from + offset[2]), read_one(from + offset[3]), 0xCC);
    return _mm256_blend_epi32(low, high, 0xF0);
  }

  static __m512i read_eight(const std::uint8_t* from, const std::int32_t* offset) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(read_four(from, offset)),
                              read_four(from, offset + 4), 1);
  }

  template <int kChannels, int kColors>
  static void read(const std::uint8_t* from, const std::int32_t* offset, Vector (&left)[kColors],
                   Vector (&right)[kColors]) {
    if constexpr (kChannels == 1) {
      const __m512i words = _mm512_i32gather_epi32(_mm512_loadu_si512(offset), from, 1);
      left[0] = byte_of(words, 0);
      right[0] = byte_of(words, 1);
    } else {
      const Pairs pairs{read_eight(from, offset), read_eight(from, offset + 8)};
      pairs.template split<kChannels>(left, right);
    }
  }
};

}  // namespace

const PreprocessTable PreprocessTable::avx512 = table_over<Lanes>();

}  // namespace cexpr::kernels
