#pragma once

#include <pybind11/pybind11.h>

#include "cexpr/node.hpp"

namespace cexpr::bindings {

/// Turns a tuple (kind, line, column, value[, offset]) into a Node. TypeError for anything else;
/// RuleError where the tree is too deep or too large (shared parts count each time).
Node node_from_python(const pybind11::object& object, const std::string& file);

}  // namespace cexpr::bindings
