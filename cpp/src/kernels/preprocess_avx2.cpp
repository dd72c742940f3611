#include <immintrin.h>

#include "kernels/preprocess_driver.hpp"

namespace cexpr::detail {
namespace {

struct Avx2 {
  using Vector = __m256;
  static constexpr int kLanes = 8;

  static Vector all(float value) { return _mm256_set1_ps(value); }
  static __m256i first(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Vector load(const float* from, int count) {
    return count >= kLanes ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, first(count));
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static Vector mul(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
  static void store(float* to, Vector value, int count) {
    if (count >= kLanes) {
      _mm256_storeu_ps(to, value);
    } else {
      _mm256_maskstore_ps(to, first(count), value);
    }
  }

  // Eight bytes at each of two offsets.
  static __m128i read_two(const std::uint8_t* first, const std::uint8_t* second) {
    const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(first));
    return _mm_castps_si128(
        _mm_loadh_pi(_mm_castsi128_ps(low), reinterpret_cast<const __m64*>(second)));
  }

  static __m256i join(__m128i low, __m128i high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  }

  static __m256i byte_of(__m256i words, int index) {
    return _mm256_and_si256(_mm256_srl_epi32(words, _mm_cvtsi32_si128(8 * index)),
                            _mm256_set1_epi32(255));
  }

  static Vector to_float(__m256i words) { return _mm256_cvtepi32_ps(words); }

  // The left and the right pixel at each of eight places.
  template <int kChannels, int kColors>
  static void read(const std::uint8_t* from, const std::int32_t* offset, Vector (&left)[kColors],
                   Vector (&right)[kColors]) {
    if constexpr (kChannels == 1) {
      const __m256i at = _mm256_load_si256(reinterpret_cast<const __m256i*>(offset));
      const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(from), at, 1);
      left[0] = to_float(byte_of(words, 0));
      right[0] = to_float(byte_of(words, 1));
    } else {
      const auto two = [&](int i) { return read_two(from + offset[i], from + offset[i + 1]); };
      // The shuffles work within halves, so the middle pairs change places.
      const __m256 a = _mm256_castsi256_ps(join(two(0), two(4)));
      const __m256 b = _mm256_castsi256_ps(join(two(2), two(6)));
      const __m256i low = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88));
      const __m256i high = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xDD));
      for (int c = 0; c < kColors; ++c) {
        left[c] = to_float(byte_of(low, c));
        const int index = c + kChannels;
        right[c] = to_float(index < 4 ? byte_of(low, index) : byte_of(high, index - 4));
      }
    }
  }

  template <int kChannels, int kColors>
  static void sample(const PreprocessPlan& plan, const LaneSteps& lanes, int lane,
                     const std::uint8_t* pixel, float fraction_x, float fraction_y,
                     Vector (&colors)[kColors]) {
    const __m256 one = _mm256_set1_ps(1.0F);
    const __m256 x =
        _mm256_add_ps(_mm256_set1_ps(fraction_x), _mm256_loadu_ps(lanes.fraction_x + lane));
    const __m256 y =
        _mm256_add_ps(_mm256_set1_ps(fraction_y), _mm256_loadu_ps(lanes.fraction_y + lane));
    const __m256 next_x = _mm256_cmp_ps(x, one, _CMP_GE_OQ);
    const __m256 next_y = _mm256_cmp_ps(y, one, _CMP_GE_OQ);
    const __m256 wx = _mm256_sub_ps(x, _mm256_and_ps(next_x, one));
    const __m256 wy = _mm256_sub_ps(y, _mm256_and_ps(next_y, one));
    const __m256 w11 = _mm256_mul_ps(wx, wy);
    const __m256 w01 = _mm256_sub_ps(wx, w11);
    const __m256 w10 = _mm256_sub_ps(wy, w11);
    const __m256 w00 = _mm256_sub_ps(_mm256_sub_ps(one, wx), w10);

    __m256i places = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes.offset + lane));
    places = _mm256_add_epi32(
        places, _mm256_and_si256(_mm256_castps_si256(next_x), _mm256_set1_epi32(kChannels)));
    places = _mm256_add_epi32(
        places, _mm256_and_si256(_mm256_castps_si256(next_y),
                                 _mm256_set1_epi32(static_cast<int>(plan.image_stride))));
    alignas(32) std::int32_t offset[kLanes];
    _mm256_store_si256(reinterpret_cast<__m256i*>(offset), places);

    Vector left[kColors];
    Vector right[kColors];
    read<kChannels>(pixel, offset, left, right);
    for (int c = 0; c < kColors; ++c) {
      colors[c] = _mm256_add_ps(_mm256_mul_ps(w00, left[c]), _mm256_mul_ps(w01, right[c]));
    }
    read<kChannels>(pixel + plan.image_stride, offset, left, right);
    for (int c = 0; c < kColors; ++c) {
      colors[c] = _mm256_add_ps(_mm256_add_ps(colors[c], _mm256_mul_ps(w10, left[c])),
                                _mm256_mul_ps(w11, right[c]));
    }
  }
};

}  // namespace

const PreprocessKernels& preprocess_kernels_avx2() {
  static constexpr PreprocessKernels kKernels = kPreprocessKernels<Avx2>;
  return kKernels;
}

}  // namespace cexpr::detail
