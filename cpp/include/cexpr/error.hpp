#pragma once

#include <stdexcept>
#include <string>

#include "cexpr/export.hpp"

namespace cexpr {

/// Base of everything that the library throws.
class CEXPR_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An argument is out of range or does not fit another; the message names it, what was expected and
/// what came.
class CEXPR_API ArgumentError : public Error {
 public:
  using Error::Error;
};

/// A call came in an order that the object does not allow.
class CEXPR_API StateError : public Error {
 public:
  using Error::Error;
};

}  // namespace cexpr
