#pragma once

#include <optional>
#include <string>

#include "nodes/problems.hpp"

namespace cexpr::rules::detail {

/// For YAML a comma inside { } ends a value: `{score: mean(fear, surprise)}` is read as `score:
/// mean(fear` and a key `surprise)` without a value. Reports each such entry of a map, and gives
/// the map as it was meant, so that nothing else is said about the pieces; nothing where all is
/// well.
std::optional<Node> join_split_values(const Node& map, const std::string& rule,
                                      nodes::Problems& problems);

}  // namespace cexpr::rules::detail
