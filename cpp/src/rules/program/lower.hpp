#pragma once

#include <cstdint>
#include <vector>

#include "nodes/problems.hpp"
#include "rules/file/document.hpp"
#include "rules/program/graph.hpp"

namespace cexpr::rules::detail {

/// The expressions of a document as one graph, with every `has` settled.
struct Lowered {
  Graph graph;
  std::vector<std::vector<std::uint32_t>> values;  // by expression and node
  std::vector<std::uint32_t> compounds;
};

/// `columns` gives the column of each signal of the vocabulary, -1 for none. With `problems`,
/// constants that are no real numbers are reported.
Lowered lower(const Document& document, const std::vector<std::int32_t>& columns,
              nodes::Problems* problems);

}  // namespace cexpr::rules::detail
