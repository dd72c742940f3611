#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cexpr::nodes {

/// "; did you mean 'x'?" with the candidate nearest to `name`, or "" when none is near.
std::string suggest(const std::string& name, const std::vector<std::string>& candidates);

/// `text` between quotes, cut and with control characters escaped, for a message.
std::string quoted(const std::string& text);

/// Characters (code points) in the first `bytes` bytes of UTF-8 text.
int count_characters(const std::string& text, std::size_t bytes);

}  // namespace cexpr::nodes
