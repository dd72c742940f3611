#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "rules/file/document.hpp"
#include "rules/program/program.hpp"

namespace cexpr::rules::detail {

/// What a BoundRules holds.
struct Plan {
  std::shared_ptr<const Document> document;
  std::vector<std::int32_t> columns;  // of each signal of the vocabulary
  std::size_t width = 0;              // columns of the signal matrix
  Program program;
};

}  // namespace cexpr::rules::detail
