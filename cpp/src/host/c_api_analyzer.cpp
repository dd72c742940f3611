#include <string>
#include <vector>

#include "cexpr/analyzer.hpp"
#include "cexpr/cexpr.h"
#include "host/c_api_detail.hpp"

using cexpr::detail::call_for_c;
using cexpr::detail::require;

struct cexpr_analyzer {
  cexpr_analyzer(const cexpr::RuleSet& rules, const cexpr::AnalyzerOptions& options)
      : analyzer(rules, options), signals(options.signals.size()), faces(options.max_faces) {
    const std::size_t frames = static_cast<std::size_t>(analyzer.delay()) + 1;
    decided.reserve(frames);
    first_face.reserve(frames + 1);
    if (rules.faces() == cexpr::rules::Faces::each) {
      decided_faces.reserve(frames * options.max_faces);
    }
    keep({});
  }

  /// Frames in the form of C; no more than the analyzer may hold.
  void keep(cexpr::Span<const cexpr::DecidedFrame> frames) {
    decided.clear();
    decided_faces.clear();
    first_face.assign(1, 0);
    for (const cexpr::DecidedFrame& frame : frames) {
      decided.push_back({frame.frame, frame.time, frame.label, frame.confidence, frame.face_count,
                         frame.is_filled ? 1 : 0, frame.track, frame.scores.data,
                         frame.signals.data});
      for (const cexpr::DecidedFace& face : frame.faces) {
        decided_faces.push_back(
            {face.track, face.label, face.confidence, face.scores.data, face.signals.data});
      }
      first_face.push_back(decided_faces.size());
    }
  }

  cexpr::Analyzer analyzer;
  std::size_t signals;
  std::vector<cexpr::FaceSignals> faces;
  std::vector<cexpr_decided_frame> decided;
  std::vector<cexpr_decided_face> decided_faces;
  std::vector<std::size_t> first_face;  // of each decided frame, and their number
};

namespace {

void give(const cexpr_analyzer& analyzer, const cexpr_decided_frame** decided,
          size_t* decided_count) {
  *decided = analyzer.decided.data();
  *decided_count = analyzer.decided.size();
}

}  // namespace

cexpr_analyzer_options cexpr_analyzer_defaults(void) {
  const cexpr::AnalyzerOptions all;
  return {all.frames_per_second, all.max_faces, all.gap_frames};
}

cexpr_status cexpr_analyzer_new(const cexpr_rules* rules, const char* const* names,
                                size_t name_count, const cexpr_analyzer_options* options,
                                cexpr_analyzer** analyzer) {
  return call_for_c([&] {
    cexpr::AnalyzerOptions all;
    all.signals = cexpr::detail::names_from_c(names, name_count);
    if (options != nullptr) {
      all.frames_per_second = options->frames_per_second;
      all.max_faces = options->max_faces;
      all.gap_frames = options->gap_frames;
    }
    require(analyzer, "analyzer") = new cexpr_analyzer(require(rules, "rules").rules, all);
  });
}

void cexpr_analyzer_free(cexpr_analyzer* analyzer) { delete analyzer; }

int64_t cexpr_analyzer_delay(const cexpr_analyzer* analyzer) {
  return analyzer == nullptr ? 0 : analyzer->analyzer.delay();
}

cexpr_status cexpr_analyzer_push(cexpr_analyzer* analyzer, int64_t frame, double time,
                                 const cexpr_face* faces, size_t face_count,
                                 const cexpr_decided_frame** decided, size_t* decided_count) {
  return call_for_c([&] {
    cexpr_analyzer& all = require(analyzer, "analyzer");
    require(decided, "decided");
    require(decided_count, "decided_count");
    if (face_count > 0) {
      require(faces, "faces");
    }
    if (face_count > all.faces.size()) {
      throw cexpr::ArgumentError(
          "face_count: expected at most max_faces = " + std::to_string(all.faces.size()) +
          "; got " + std::to_string(face_count));
    }
    for (std::size_t i = 0; i < face_count; ++i) {
      const cexpr_face& face = faces[i];
      all.faces[i].track = face.track;
      all.faces[i].signals = {&require(face.signals, "signals"), all.signals};
      all.faces[i].detection = face.detection;
      all.faces[i].area = face.area;
    }
    all.keep(all.analyzer.push(frame, time, {all.faces.data(), face_count}));
    give(all, decided, decided_count);
  });
}

cexpr_status cexpr_analyzer_flush(cexpr_analyzer* analyzer, const cexpr_decided_frame** decided,
                                  size_t* decided_count) {
  return call_for_c([&] {
    cexpr_analyzer& all = require(analyzer, "analyzer");
    require(decided, "decided");
    require(decided_count, "decided_count");
    all.keep(all.analyzer.flush());
    give(all, decided, decided_count);
  });
}

cexpr_status cexpr_analyzer_faces(const cexpr_analyzer* analyzer, size_t index,
                                  const cexpr_decided_face** faces, size_t* face_count) {
  return call_for_c([&] {
    const cexpr_analyzer& all = require(analyzer, "analyzer");
    require(faces, "faces");
    require(face_count, "face_count");
    if (index >= all.decided.size()) {
      throw cexpr::ArgumentError(
          "index: expected one of the " + std::to_string(all.decided.size()) +
          " frames that the last call gave, from 0; got " + std::to_string(index));
    }
    *faces = all.decided_faces.data() + all.first_face[index];
    *face_count = all.first_face[index + 1] - all.first_face[index];
  });
}

cexpr_status cexpr_analyzer_reset(cexpr_analyzer* analyzer) {
  return call_for_c([&] {
    cexpr_analyzer& all = require(analyzer, "analyzer");
    all.analyzer.reset();
    all.keep({});
  });
}
