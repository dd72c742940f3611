#include <immintrin.h>

#include "kernels/preprocess_loops.hpp"

namespace cexpr::kernels {
namespace {

struct Lanes {
  using Vector = __m256;
  static constexpr int kWidth = 8;

  static Vector fill(float value) { return _mm256_set1_ps(value); }
  static __m256i first(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Vector load(const float* from, int count) {
    return count >= kWidth ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, first(count));
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static Vector subtract(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
  static Vector multiply(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
  static void store(float* to, Vector value, int count) {
    if (count >= kWidth) {
      _mm256_storeu_ps(to, value);
    } else {
      _mm256_maskstore_ps(to, first(count), value);
    }
  }

  // One byte of each word, as a number.
  static Vector byte_of(__m256i words, int index) {
    const __m128i one = _mm_add_epi32(
        _mm_setr_epi32(-0x7F7F8000, -0x7F7F7FFC, -0x7F7F7FF8, -0x7F7F7FF4), _mm_set1_epi32(index));
    return _mm256_cvtepi32_ps(_mm256_shuffle_epi8(words, _mm256_broadcastsi128_si256(one)));
  }

  static __m256i read_one(const std::uint8_t* from) {
    long long bytes = 0;
    __builtin_memcpy(&bytes, from, sizeof(bytes));
    return _mm256_set1_epi64x(bytes);
  }

  // Eight bytes at each of four offsets. Loads and blends are no slower than a gather, and much
  // faster on processors whose microcode has slowed gathers down.
  static __m256 read_four(const std::uint8_t* from, int a, int b, int c, int d) {
    const __m256i low = _mm256_blend_epi32(read_one(from + a), read_one(from + b), 0xCC);
    const __m256i high = _mm256_blend_epi32(read_one(from + c), read_one(from + d), 0xCC);
    return _mm256_castsi256_ps(_mm256_blend_epi32(low, high, 0xF0));
  }

  // The left and the right pixel at each of eight places.
  template <int kChannels, int kColors>
  static void read(const std::uint8_t* from, const std::int32_t* offset, Vector (&left)[kColors],
                   Vector (&right)[kColors]) {
    if constexpr (kChannels == 1) {
      const __m256i at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(offset));
      const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(from), at, 1);
      left[0] = byte_of(words, 0);
      right[0] = byte_of(words, 1);
    } else {
      // The shuffles work within halves, so the middle pairs change places.
      const __m256 a = read_four(from, offset[0], offset[1], offset[4], offset[5]);
      const __m256 b = read_four(from, offset[2], offset[3], offset[6], offset[7]);
      const __m256i low = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88));
      const __m256i high = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xDD));
      for (int c = 0; c < kColors; ++c) {
        left[c] = byte_of(low, c);
        const int index = c + kChannels;
        right[c] = index < 4 ? byte_of(low, index) : byte_of(high, index - 4);
      }
    }
  }
};

}  // namespace

const PreprocessTable PreprocessTable::avx2 = table_over<Lanes>();

}  // namespace cexpr::kernels
