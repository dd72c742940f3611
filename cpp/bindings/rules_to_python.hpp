#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "cexpr/rules.hpp"

// What a rule set holds, as plain Python objects.
namespace cexpr::bindings {

pybind11::list problems_to_python(const std::vector<rules::Problem>& problems);
pybind11::dict smooth_to_python(const RuleSet& rules);
const char* faces_to_python(const RuleSet& rules);
const char* gaps_to_python(const RuleSet& rules);
pybind11::object gaps_at_most_to_python(const RuleSet& rules);
pybind11::dict decision_to_python(const RuleSet& rules);
pybind11::dict events_to_python(const RuleSet& rules);
pybind11::list tests_to_python(const RuleSet& rules);
pybind11::list results_to_python(const RuleSet& rules);
pybind11::dict row_to_python(const RuleSet& rules, const rules::RowExplanation& row);

}  // namespace cexpr::bindings
