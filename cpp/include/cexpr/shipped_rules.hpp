#pragma once

#include <string>
#include <vector>

#include "cexpr/export.hpp"
#include "cexpr/rules.hpp"

/// The rule sets that come with cexpr, compiled into the library: no file is read.
namespace cexpr {

/// Their names, sorted: "default" is for everyday video; `docs/rules.md` says what each one does.
CEXPR_API const std::vector<std::string>& shipped_rule_names();

/// Compiles the one of that name, within milliseconds. Equal to what `rules/NAME.yaml` compiles to.
/// Throws `ArgumentError`, with the names that there are, for any other name.
CEXPR_API RuleSet shipped_rules(const std::string& name);

}  // namespace cexpr
