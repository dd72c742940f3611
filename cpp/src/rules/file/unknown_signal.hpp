#pragma once

#include <string>
#include <vector>

namespace cexpr::rules::detail {

/// Says that `name` is not a signal, and what may have been meant: an action unit of another number
/// is not a slip of the pen, so those that exist are listed instead. `others` are further names
/// that may stand here.
std::string unknown_signal(const std::string& name, const std::vector<std::string>& signals,
                           const std::vector<std::string>& others = {});

}  // namespace cexpr::rules::detail
