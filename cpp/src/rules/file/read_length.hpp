#pragma once

#include <string>

#include "cexpr/settings.hpp"
#include "nodes/problems.hpp"

namespace cexpr::rules::detail {

/// A number of frames, whole where `whole_frames`, or seconds ("0.5s"); at least `least`.
bool read_length(const Node& node, const std::string& rule, const std::string& what, double least,
                 bool whole_frames, nodes::Problems& problems, Length& value);

}  // namespace cexpr::rules::detail
