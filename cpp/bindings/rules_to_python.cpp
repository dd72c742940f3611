#include "rules_to_python.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cmath>
#include <string>

namespace cexpr::bindings {
namespace {

namespace py = pybind11;
using py::arg;

py::str text_to_python(const std::string& text) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), "replace"));
}

py::tuple length_to_python(const rules::Length& length) {
  return py::make_tuple(length.value, length.in_seconds ? "seconds" : "frames");
}

py::dict smoothing_to_python(const rules::Smoothing& smoothing) {
  using Kernel = rules::Smoothing::Kernel;
  const char* kernel = smoothing.kernel == Kernel::none  ? "none"
                       : smoothing.kernel == Kernel::box ? "box"
                                                         : "gaussian";
  return py::dict(arg("kernel") = kernel, arg("radius") = length_to_python(smoothing.radius),
                  arg("sigma") = length_to_python(smoothing.sigma),
                  arg("window") = smoothing.count_rows ? "rows" : "frames",
                  arg("filled") = smoothing.skip_filled ? "skip" : "count");
}

py::array_t<float> floats_to_python(const std::vector<float>& values) {
  return py::array_t<float>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::object compound_to_python(const RuleSet& rules, std::int32_t id) {
  if (id < 0) {
    return py::none();
  }
  return py::str(rules.compounds()[static_cast<std::size_t>(id)]);
}

py::dict given_to_python(const std::vector<std::string>& names, const std::vector<float>& values) {
  py::dict given;
  for (std::size_t i = 0; i < names.size(); ++i) {
    given[py::str(names[i])] = values[i];
  }
  return given;
}

py::dict tree_to_python(const rules::Explanation& tree) {
  py::list parts;
  for (const rules::Explanation& part : tree.parts) {
    parts.append(tree_to_python(part));
  }
  return py::dict(arg("text") = tree.text, arg("kind") = tree.kind, arg("value") = tree.value,
                  arg("parts") = parts);
}

py::object tree_to_python(const std::optional<rules::Explanation>& tree) {
  return tree.has_value() ? py::object(tree_to_python(*tree)) : py::object(py::none());
}

}  // namespace

py::list problems_to_python(const std::vector<rules::Problem>& problems) {
  py::list list;
  for (const rules::Problem& problem : problems) {
    list.append(py::make_tuple(problem.line, problem.column, text_to_python(problem.rule),
                               text_to_python(problem.message)));
  }
  return list;
}

py::dict smooth_to_python(const RuleSet& rules) {
  return py::dict(arg("expression") = smoothing_to_python(rules.smooth_expression()),
                  arg("valence_arousal") = smoothing_to_python(rules.smooth_valence_arousal()),
                  arg("action_units") = smoothing_to_python(rules.smooth_action_units()),
                  arg("compounds") = smoothing_to_python(rules.smooth_compounds()));
}

const char* faces_to_python(const RuleSet& rules) {
  switch (rules.faces()) {
    case rules::Faces::max:
      return "max";
    case rules::Faces::mean:
      return "mean";
    case rules::Faces::first:
      return "first";
    case rules::Faces::largest:
      return "largest";
    case rules::Faces::each:
      break;
  }
  return "each";
}

const char* gaps_to_python(const RuleSet& rules) {
  switch (rules.gaps()) {
    case rules::Gaps::interpolate:
      return "interpolate";
    case rules::Gaps::hold:
      return "hold";
    case rules::Gaps::none:
      break;
  }
  return "none";
}

py::object gaps_at_most_to_python(const RuleSet& rules) {
  const rules::Length limit = rules.gaps_at_most();
  return std::isinf(limit.value) ? py::object(py::none()) : length_to_python(limit);
}

py::dict decision_to_python(const RuleSet& rules) {
  const rules::Decision& decision = rules.decision();
  return py::dict(arg("abstain_below") = decision.abstain_below,
                  arg("exit_below") = decision.exit_below, arg("hysteresis") = decision.hysteresis,
                  arg("min_duration") = length_to_python(decision.min_duration),
                  arg("bias") = floats_to_python(decision.bias),
                  arg("weight") = floats_to_python(decision.weight));
}

py::dict events_to_python(const RuleSet& rules) {
  return py::dict(arg("min_duration") = length_to_python(rules.events().min_duration),
                  arg("merge_gap") = length_to_python(rules.events().merge_gap));
}

py::list tests_to_python(const RuleSet& rules) {
  py::list list;
  for (const rules::TestCase& test : rules.tests()) {
    py::list steps;
    for (const rules::TestStep& step : test.steps) {
      steps.append(py::dict(arg("line") = step.line, arg("column") = step.column,
                            arg("given") = given_to_python(step.names, step.values),
                            arg("no_face") = !step.has_face, arg("repeat") = step.repeat,
                            arg("is_checked") = step.is_checked,
                            arg("expect") = compound_to_python(rules, step.expected)));
    }
    list.append(py::dict(
        arg("name") = test.name, arg("line") = test.line, arg("column") = test.column,
        arg("given") = given_to_python(test.names, test.values), arg("absent") = test.absent,
        arg("frames") = steps, arg("fps") = test.frames_per_second,
        arg("expect") = compound_to_python(rules, test.expected)));
  }
  return list;
}

py::list results_to_python(const RuleSet& rules) {
  py::list list;
  for (const rules::TestResult& result : rules.run_tests()) {
    py::list labels;
    for (const std::int32_t label : result.labels) {
      labels.append(compound_to_python(rules, label));
    }
    const std::size_t count = rules.compounds().size();
    const auto first = result.scores.begin() + static_cast<std::ptrdiff_t>(result.frame * count);
    list.append(py::dict(
        arg("passed") = result.passed, arg("got") = compound_to_python(rules, result.got),
        arg("runner_up") = compound_to_python(rules, result.runner_up),
        arg("frame") = result.frame + 1, arg("labels") = labels,
        arg("scores") = floats_to_python({first, first + static_cast<std::ptrdiff_t>(count)})));
  }
  return list;
}

py::dict row_to_python(const RuleSet& rules, const rules::RowExplanation& row) {
  py::list compounds;
  for (const rules::CompoundExplanation& one : row.compounds) {
    compounds.append(py::dict(arg("name") = one.name, arg("score") = one.score,
                              arg("adjusted") = one.adjusted, arg("gate_closed") = one.gate_closed,
                              arg("when") = tree_to_python(one.when),
                              arg("score_tree") = tree_to_python(one.value),
                              arg("otherwise") = tree_to_python(one.otherwise)));
  }
  py::list lets;
  for (const rules::LetExplanation& let : row.lets) {
    lets.append(py::dict(arg("name") = let.name, arg("tree") = tree_to_python(let.value)));
  }
  return py::dict(arg("winner") = compound_to_python(rules, row.winner),
                  arg("runner_up") = compound_to_python(rules, row.runner_up),
                  arg("reason") = row.reason, arg("compounds") = compounds, arg("lets") = lets);
}

}  // namespace cexpr::bindings
