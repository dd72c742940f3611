#pragma once

#include <cstddef>

namespace cexpr {

/// Non-owning view of `size` consecutive elements.
template <typename T>
struct Span {
  T* data = nullptr;
  std::size_t size = 0;

  T& operator[](std::size_t i) const { return data[i]; }
  T* begin() const { return data; }
  T* end() const { return data + size; }
  bool empty() const { return size == 0; }
};

/// Non-owning view of a row-major matrix; `stride` is the number of elements from one row to the
/// next and is at least `cols`.
template <typename T>
struct Span2D {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  T* row(std::size_t i) const { return data + i * stride; }
  T& operator()(std::size_t i, std::size_t j) const { return data[i * stride + j]; }
};

}  // namespace cexpr
