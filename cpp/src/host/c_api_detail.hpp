#pragma once

#include <string>
#include <vector>

#include "cexpr/cexpr.h"
#include "cexpr/error.hpp"
#include "cexpr/node.hpp"
#include "cexpr/rules.hpp"
#include "host/status_of.hpp"

// What the handles of the C API hold.
struct cexpr_node {
  cexpr::Node node;
};

struct cexpr_rules {
  cexpr::RuleSet rules;
};

namespace cexpr::detail {

/// Keeps the message for `cexpr_last_error`.
cexpr_status report(Status status) noexcept;

/// Runs a call; an exception becomes a status and a message.
template <typename Call>
cexpr_status call_for_c(const Call& call) noexcept {
  Status status = attempt(call);
  return status.is_ok() ? CEXPR_OK : report(std::move(status));
}

/// Throws `ArgumentError` for a null pointer.
template <typename T>
T& require(T* pointer, const char* name) {
  if (pointer == nullptr) {
    throw ArgumentError(std::string(name) + ": expected a pointer; got NULL");
  }
  return *pointer;
}

std::vector<std::string> names_from_c(const char* const* names, std::size_t count);

}  // namespace cexpr::detail
