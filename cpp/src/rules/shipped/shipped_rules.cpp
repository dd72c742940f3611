#include "cexpr/shipped_rules.hpp"

#include <algorithm>

#include "nodes/text.hpp"
#include "rules/shipped/plain_yaml.hpp"
#include "rules/shipped/shipped_texts.hpp"

namespace cexpr {

const std::vector<std::string>& shipped_rule_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const rules::detail::ShippedText& one : rules::detail::shipped_texts()) {
      all.emplace_back(one.name);
    }
    std::sort(all.begin(), all.end());
    return all;
  }();
  return names;
}

RuleSet shipped_rules(const std::string& name) {
  const auto& texts = rules::detail::shipped_texts();
  const auto found =
      std::find_if(texts.begin(), texts.end(), [&](const auto& one) { return name == one.name; });
  if (found == texts.end()) {
    std::string known;
    for (const std::string& one : shipped_rule_names()) {
      known += (known.empty() ? "" : ", ") + one;
    }
    throw ArgumentError("name: there is no shipped rule set " + nodes::quoted(name) +
                        "; there are " + known);
  }
  rules::CompileOptions options;
  options.file = name;
  return RuleSet::compile(rules::detail::read_plain_yaml(found->text), options);
}

}  // namespace cexpr
