#include "vocabulary.hpp"

#include <algorithm>

#include "cexpr/rules.hpp"

namespace cexpr {
namespace vocabulary {

const Group& group_named(std::string_view name) {
  return *std::find_if(kGroups.begin(), kGroups.end(),
                       [name](const Group& group) { return name == group.name; });
}

std::vector<std::string> names_of(const Group& group) {
  return {kSignals.begin() + group.first, kSignals.begin() + group.end};
}

}  // namespace vocabulary

const std::vector<std::string>& rules::default_signals() {
  static const std::vector<std::string> names(vocabulary::kSignals.begin(),
                                              vocabulary::kSignals.end());
  return names;
}

}  // namespace cexpr
