#pragma once

#include <string>

#include "cexpr/node.hpp"

namespace cexpr::rules::detail {

/// Reads the part of YAML that the shipped rule files keep to, so that the core needs no YAML
/// library: maps and lists in blocks and in { } and [ ], scalars that are plain, quoted in one line
/// without escapes, or folded (`>-`), and comments. It is not a reader of files that people write:
/// anchors, tags, documents and everything else are refused. Throws `Error` with a line.
Node read_plain_yaml(const std::string& text);

}  // namespace cexpr::rules::detail
