#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "array_args.hpp"
#include "cexpr/rules.hpp"
#include "cexpr/shipped_rules.hpp"
#include "node_args.hpp"
#include "register.hpp"
#include "rules/file/unknown_signal.hpp"
#include "rules_to_python.hpp"
#include "vocabulary.hpp"

namespace cexpr::bindings {
namespace {

namespace py = pybind11;

using Names = std::vector<std::string>;

/// The arrays that go with the rows, checked; they keep the memory that `index` points to alive.
struct IndexArrays {
  py::object frames;
  py::object times;
  py::object tracks;
  rules::RowIndex index;

  IndexArrays(const py::object& frames_arg, const py::object& times_arg,
              const py::object& tracks_arg) {
    if (!frames_arg.is_none()) {
      const auto array = require_array<std::int64_t>(frames_arg, "frames", {"N"});
      index.frames = view_1d<std::int64_t>(array);
      frames = array;
    }
    if (!times_arg.is_none()) {
      const auto array = require_array<double>(times_arg, "times", {"N"});
      index.times = view_1d<double>(array);
      times = array;
    }
    if (!tracks_arg.is_none()) {
      const auto array = require_array<std::int64_t>(tracks_arg, "tracks", {"N"});
      index.tracks = view_1d<std::int64_t>(array);
      tracks = array;
    }
  }
};

rules::Windows parse_windows(const std::string& text) {
  if (text == "centred") {
    return rules::Windows::centred;
  }
  if (text == "trailing") {
    return rules::Windows::trailing;
  }
  throw ArgumentError("windows: expected 'centred' or 'trailing', got '" + text + "'");
}

py::array_t<float> evaluate(const RuleSet& self, const py::object& signals_arg, const Names& names,
                            const py::object& frames, const py::object& times,
                            const py::object& tracks, const std::string& windows_arg) {
  const auto signals = require_array<float>(signals_arg, "signals", {"N", "S"});
  const IndexArrays arrays(frames, times, tracks);
  const rules::Windows windows = parse_windows(windows_arg);
  const BoundRules bound = self.bind(names);
  py::array_t<float> scores({signals.shape(0), static_cast<py::ssize_t>(bound.compounds())});
  const auto in = view_2d<float>(signals);
  const auto out = mutable_view_2d<float>(scores);
  {
    const py::gil_scoped_release unlocked;
    bound.evaluate(in, arrays.index, windows, out);
  }
  return scores;
}

py::array_t<std::int32_t> decide(const RuleSet& self, const py::object& scores_arg) {
  const auto scores = require_array<float>(scores_arg, "scores", {"N", "K"});
  py::array_t<std::int32_t> labels(scores.shape(0));
  const auto in = view_2d<float>(scores);
  const auto out = mutable_view_1d<std::int32_t>(labels);
  {
    const py::gil_scoped_release unlocked;
    self.decide(in, out);
  }
  return labels;
}

py::dict explain(const RuleSet& self, const py::object& signals_arg, const Names& names,
                 std::size_t row, const py::object& frames, const py::object& times,
                 const py::object& tracks, const std::string& windows_arg) {
  const auto signals = require_array<float>(signals_arg, "signals", {"N", "S"});
  const IndexArrays arrays(frames, times, tracks);
  const rules::Windows windows = parse_windows(windows_arg);
  const BoundRules bound = self.bind(names);
  const auto in = view_2d<float>(signals);
  return row_to_python(self, [&] {
    const py::gil_scoped_release unlocked;
    return bound.explain(in, arrays.index, windows, row);
  }());
}

/// The names of the signals, group by group.
py::dict groups_to_python() {
  py::dict groups;
  for (const vocabulary::Group& group : vocabulary::kGroups) {
    groups[group.name] = py::tuple(py::cast(vocabulary::names_of(group)));
  }
  return groups;
}

void register_error(py::module_& module) {
  // Made at run time, so that it can carry the list of problems.
  static py::handle error_type =
      PyErr_NewException("cexpr._core.RuleSetError", PyExc_ValueError, nullptr);
  module.attr("RuleSetError") = py::reinterpret_borrow<py::object>(error_type);
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) {
        std::rethrow_exception(pointer);
      }
    } catch (const RuleError& error) {
      const py::object exception =
          py::reinterpret_borrow<py::object>(error_type)(py::str(error.what()));
      exception.attr("file") = error.file();
      exception.attr("problems") = problems_to_python(error.problems());
      PyErr_SetObject(error_type.ptr(), exception.ptr());
    }
  });
}

}  // namespace

void register_rules(py::module_& module) {
  using py::arg;
  register_error(module);
  module.attr("GROUPS") = groups_to_python();

  module.def(
      "compile_rules",
      [](const py::object& root, const std::string& file,
         const std::optional<std::vector<std::string>>& signals) {
        rules::CompileOptions options;
        options.file = file;
        options.signals = signals.value_or(std::vector<std::string>{});
        return RuleSet::compile(node_from_python(root, file), options);
      },
      arg("root"), arg("file") = "<rules>", arg("signals") = py::none());

  module.def(
      "unknown_signal",
      [](const std::string& name, const Names& signals) {
        return rules::detail::unknown_signal(name, signals);
      },
      arg("name"), arg("signals"));
  module.def("shipped_rule_names", &shipped_rule_names);
  module.def("shipped_rules", &shipped_rules, arg("name"));

  py::class_<RuleSet>(module, "RuleSet")
      .def_property_readonly("file", &RuleSet::file)
      .def_property_readonly("name", &RuleSet::name)
      .def_property_readonly("about", &RuleSet::about)
      .def_property_readonly("source", &RuleSet::source)
      .def_property_readonly("signals", &RuleSet::signals)
      .def_property_readonly("compounds", &RuleSet::compounds)
      .def_property_readonly("smooth", smooth_to_python)
      .def_property_readonly("faces", faces_to_python)
      .def_property_readonly("gaps", gaps_to_python)
      .def_property_readonly("gaps_at_most", gaps_at_most_to_python)
      .def_property_readonly("decide_options", decision_to_python)
      .def_property_readonly("event_options", events_to_python)
      .def_property_readonly("tests", tests_to_python)
      .def_property_readonly(
          "warnings", [](const RuleSet& self) { return problems_to_python(self.warnings()); })
      .def_property_readonly("looks_over_time", &RuleSet::looks_over_time)
      .def(
          "missing",
          [](const RuleSet& self, const Names& names) {
            return problems_to_python(self.missing(names));
          },
          arg("names"))
      .def("evaluate", evaluate, arg("signals"), arg("names"), arg("frames") = py::none(),
           arg("times") = py::none(), arg("tracks") = py::none(), arg("windows") = "centred")
      .def("decide", decide, arg("scores"))
      .def("explain", explain, arg("signals"), arg("names"), arg("row") = 0,
           arg("frames") = py::none(), arg("times") = py::none(), arg("tracks") = py::none(),
           arg("windows") = "centred")
      .def("run_tests", [](const RuleSet& self) { return results_to_python(self); });
}

}  // namespace cexpr::bindings
