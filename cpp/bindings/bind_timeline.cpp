#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array_args.hpp"
#include "cexpr/error.hpp"
#include "cexpr/timeline.hpp"
#include "register.hpp"

namespace cexpr::bindings {
namespace {

rules::Faces parse_faces(const std::string& text) {
  for (const auto& [name, value] :
       {std::pair{"max", rules::Faces::max}, std::pair{"mean", rules::Faces::mean},
        std::pair{"first", rules::Faces::first}, std::pair{"largest", rules::Faces::largest},
        std::pair{"each", rules::Faces::each}}) {
    if (text == name) {
      return value;
    }
  }
  throw ArgumentError("how: expected 'max', 'mean', 'first' or 'largest'; got '" + text + "'");
}

rules::Gaps parse_gaps(const std::string& text) {
  for (const auto& [name, value] :
       {std::pair{"interpolate", rules::Gaps::interpolate}, std::pair{"hold", rules::Gaps::hold},
        std::pair{"none", rules::Gaps::none}}) {
    if (text == name) {
      return value;
    }
  }
  throw ArgumentError("how: expected 'interpolate', 'hold' or 'none'; got '" + text + "'");
}

using PyLength = std::pair<double, std::string>;

rules::Length parse_length(const PyLength& length, const char* name) {
  if (length.second != "frames" && length.second != "seconds") {
    throw ArgumentError(std::string(name) + ": expected a number of 'frames' or 'seconds'; got '" +
                        length.second + "'");
  }
  return {length.first, length.second == "seconds"};
}

/// An optional array as a view, empty without one. `holder` keeps it alive.
template <typename T>
Span<const T> optional_view(const py::object& object, const char* name, const char* axis,
                            py::object& holder) {
  if (object.is_none()) {
    return {};
  }
  auto array = require_array<T>(object, name, {axis});
  const auto view = view_1d<T>(array);
  holder = std::move(array);
  return view;
}

py::tuple merge(const py::object& scores, const py::object& row_frames, py::ssize_t frame_count,
                const std::string& how, const py::object& detection, const py::object& area) {
  const rules::Faces faces = parse_faces(how);
  if (frame_count < 0) {
    throw ArgumentError("frame_count: expected a number >= 0; got " + std::to_string(frame_count));
  }
  const auto s = require_array<float>(scores, "scores", {"N", "K"});
  const auto f = require_array<std::int64_t>(row_frames, "row_frames", {"N"});
  py::object keep_detection;
  py::object keep_area;
  const auto d = optional_view<float>(detection, "detection", "N", keep_detection);
  const auto a = optional_view<float>(area, "area", "N", keep_area);
  py::array_t<float> merged({frame_count, s.shape(1)});
  py::array_t<std::int64_t> decided({frame_count, s.shape(1)});
  const auto in = view_2d<float>(s);
  const auto rows = view_1d<std::int64_t>(f);
  const auto to = mutable_view_2d<float>(merged);
  const auto to_decided = mutable_view_2d<std::int64_t>(decided);
  {
    const py::gil_scoped_release unlocked;
    merge_faces(in, rows, d, a, faces, to, to_decided);
  }
  return py::make_tuple(merged, decided);
}

py::tuple fill(const py::object& values, const py::object& seen, const std::string& how,
               const std::optional<PyLength>& at_most, const py::object& times) {
  const rules::Gaps gaps = parse_gaps(how);
  const rules::Length limit = at_most ? parse_length(*at_most, "at_most") : rules::kUnlimited;
  py::object keep_times;
  const auto in_times = optional_view<double>(times, "times", "T", keep_times);
  const auto v = require_array<float>(values, "values", {"T", "C"});
  const auto s = require_array<std::uint8_t>(seen, "seen", {"T"});
  py::array_t<float> filled({v.shape(0), v.shape(1)});
  py::array_t<std::uint8_t> is_filled(v.shape(0));
  const auto in = view_2d<float>(v);
  const auto in_seen = view_1d<std::uint8_t>(s);
  const auto to = mutable_view_2d<float>(filled);
  const auto to_flags = mutable_view_1d<std::uint8_t>(is_filled);
  {
    const py::gil_scoped_release unlocked;
    fill_gaps(in, in_seen, in_times, gaps, limit, to, to_flags);
  }
  return py::make_tuple(filled, is_filled);
}

std::vector<float> optional_floats(const py::object& object, const char* name) {
  py::object holder;
  const auto view = optional_view<float>(object, name, "K", holder);
  return {view.begin(), view.end()};
}

py::tuple decide_labels(const py::object& scores, const py::object& times, double abstain_below,
                        double exit_below, double hysteresis, const PyLength& min_duration,
                        const py::object& bias, const py::object& weight) {
  rules::Decision options;
  options.abstain_below = abstain_below;
  options.exit_below = exit_below;
  options.hysteresis = hysteresis;
  options.min_duration = parse_length(min_duration, "min_duration");
  options.bias = optional_floats(bias, "bias");
  options.weight = optional_floats(weight, "weight");
  const auto s = require_array<float>(scores, "scores", {"T", "K"});
  py::object keep_times;
  const auto at = optional_view<double>(times, "times", "T", keep_times);
  py::array_t<std::int32_t> labels(s.shape(0));
  py::array_t<float> confidence(s.shape(0));
  const auto in = view_2d<float>(s);
  const auto to = mutable_view_1d<std::int32_t>(labels);
  const auto to_confidence = mutable_view_1d<float>(confidence);
  {
    const py::gil_scoped_release unlocked;
    decide(in, at, options, to, to_confidence);
  }
  return py::make_tuple(labels, confidence);
}

template <typename T, typename Get>
py::array_t<T> column(const std::vector<Event>& events, const Get& get) {
  py::array_t<T> out(static_cast<py::ssize_t>(events.size()));
  T* to = out.mutable_data();
  for (const Event& event : events) {
    *to++ = static_cast<T>(get(event));
  }
  return out;
}

py::tuple cut(const py::object& labels, const py::object& strength, const py::object& times,
              const PyLength& min_duration, const PyLength& merge_gap) {
  const rules::Events options{parse_length(min_duration, "min_duration"),
                              parse_length(merge_gap, "merge_gap")};
  const auto l = require_array<std::int32_t>(labels, "labels", {"T"});
  const auto s = require_array<float>(strength, "strength", {"T"});
  const auto t = require_array<double>(times, "times", {"T"});
  const auto in = view_1d<std::int32_t>(l);
  const auto in_strength = view_1d<float>(s);
  const auto at = view_1d<double>(t);
  std::vector<Event> events;
  {
    const py::gil_scoped_release unlocked;
    events = cut_events(in, in_strength, at, options);
  }
  return py::make_tuple(
      column<std::int32_t>(events, [](const Event& event) { return event.label; }),
      column<std::int64_t>(events, [](const Event& event) { return event.onset; }),
      column<std::int64_t>(events, [](const Event& event) { return event.apex; }),
      column<std::int64_t>(events, [](const Event& event) { return event.offset; }),
      column<double>(events, [](const Event& event) { return event.duration; }),
      column<float>(events, [](const Event& event) { return event.peak; }),
      column<float>(events, [](const Event& event) { return event.mean; }));
}

}  // namespace

void register_timeline(py::module_& module) {
  module.def("merge_faces", &merge, py::arg("scores"), py::arg("row_frames"),
             py::arg("frame_count"), py::arg("how"), py::arg("detection"), py::arg("area"));
  module.def("fill_gaps", &fill, py::arg("values"), py::arg("seen"), py::arg("how"),
             py::arg("at_most"), py::arg("times"));
  module.def("decide", &decide_labels, py::arg("scores"), py::arg("times"),
             py::arg("abstain_below"), py::arg("exit_below"), py::arg("hysteresis"),
             py::arg("min_duration"), py::arg("bias"), py::arg("weight"));
  module.def("cut_events", &cut, py::arg("labels"), py::arg("strength"), py::arg("times"),
             py::arg("min_duration"), py::arg("merge_gap"));
}

}  // namespace cexpr::bindings
