#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "array_args.hpp"
#include "cexpr/analyzer.hpp"
#include "cexpr/error.hpp"
#include "register.hpp"

namespace cexpr::bindings {
namespace {

py::array_t<float> to_array(Span<const float> values) {
  py::array_t<float> array(static_cast<py::ssize_t>(values.size));
  std::copy(values.begin(), values.end(), array.mutable_data());
  return array;
}

py::tuple to_tuple(Span<const DecidedFace> faces) {
  py::tuple tuple(static_cast<py::ssize_t>(faces.size));
  for (std::size_t i = 0; i < faces.size; ++i) {
    const DecidedFace& face = faces[i];
    tuple[i] = py::make_tuple(face.track, face.label, face.confidence, to_array(face.scores),
                              to_array(face.signals));
  }
  return tuple;
}

py::list to_list(Span<const DecidedFrame> frames) {
  py::list list;
  for (const DecidedFrame& frame : frames) {
    list.append(py::make_tuple(
        frame.frame, frame.time, frame.label, frame.confidence, frame.face_count, frame.is_filled,
        frame.track, to_array(frame.scores), to_array(frame.signals), to_tuple(frame.faces)));
  }
  return list;
}

/// The column of an optional array, one entry for each face; NaN without the array.
std::vector<float> per_face(const py::object& object, const char* name, std::size_t faces) {
  if (object.is_none()) {
    return std::vector<float>(faces, std::numeric_limits<float>::quiet_NaN());
  }
  const std::string length = std::to_string(faces);
  const auto array = require_array<float>(object, name, {length.c_str()});
  return {array.data(), array.data() + faces};
}

py::list push(Analyzer& analyzer, std::int64_t frame, double time, const py::object& signals,
              const py::object& tracks, const py::object& detection, const py::object& area) {
  const auto s = require_array<float>(signals, "signals", {"F", "S"});
  const auto rows = view_2d<float>(s);
  const std::string length = std::to_string(rows.rows);
  const auto t = require_array<std::int64_t>(tracks, "tracks", {length.c_str()});
  const std::vector<float> detections = per_face(detection, "detection", rows.rows);
  const std::vector<float> areas = per_face(area, "area", rows.rows);
  std::vector<FaceSignals> faces(rows.rows);
  for (std::size_t i = 0; i < faces.size(); ++i) {
    faces[i] = {t.data()[i], {rows.row(i), rows.cols}, detections[i], areas[i]};
  }
  return to_list(analyzer.push(frame, time, {faces.data(), faces.size()}));
}

}  // namespace

void register_analyzer(py::module_& module) {
  py::class_<Analyzer>(module, "Analyzer")
      .def(py::init([](const RuleSet& rules, std::vector<std::string> signals,
                       double frames_per_second, std::size_t max_faces, std::int64_t gap_frames) {
             AnalyzerOptions options;
             options.signals = std::move(signals);
             options.frames_per_second = frames_per_second;
             options.max_faces = max_faces;
             options.gap_frames = gap_frames;
             return Analyzer(rules, options);
           }),
           py::arg("rules"), py::arg("signals"), py::arg("frames_per_second"), py::arg("max_faces"),
           py::arg("gap_frames"))
      .def_property_readonly("delay", &Analyzer::delay)
      .def("push", &push, py::arg("frame"), py::arg("time"), py::arg("signals"), py::arg("tracks"),
           py::arg("detection"), py::arg("area"))
      .def("flush", [](Analyzer& analyzer) { return to_list(analyzer.flush()); })
      .def("reset", &Analyzer::reset);
}

}  // namespace cexpr::bindings
