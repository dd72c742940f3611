#pragma once

#include "cexpr/status.hpp"

namespace cexpr::detail {

/// The status of the exception that is being handled.
Status status_of_current_exception() noexcept;

/// Runs a call and turns what it throws into a status.
template <typename Call>
Status attempt(const Call& call) noexcept {
  try {
    call();
    return {};
  } catch (...) {
    return status_of_current_exception();
  }
}

}  // namespace cexpr::detail
