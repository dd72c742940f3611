#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cexpr/analyzer.hpp"
#include "cexpr/filter.hpp"
#include "cexpr/timeline.hpp"
#include "check.hpp"

// The steps of a whole clip in plain order, and clips for them.
namespace cexpr::test {

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
// Sums run in another order; everything is rounded to float at the same places.
inline constexpr double kTolerance = 2e-6;

inline const std::vector<std::string> kSignals{"arousal",    "happiness", "fear",
                                               "brightness", "surprise",  "sadness"};
inline constexpr std::size_t kFrames = 240;

struct Face {
  std::int64_t track = 0;
  std::vector<float> signals;
  float detection = 0.0F;
  float area = 0.0F;
};
using Clip = std::vector<std::vector<Face>>;

/// Three people who come and go; nobody is there in some stretches of up to `longest_gap` frames.
inline Clip make_clip(unsigned seed, std::size_t longest_gap) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(0.0F, 1.0F);
  Clip clip(kFrames);
  std::size_t gap = 0;
  std::size_t since_gap = 0;
  for (std::vector<Face>& faces : clip) {
    if (gap > 0) {
      --gap;
      continue;
    }
    if (++since_gap > 5 && value(random) < 0.1F && longest_gap > 0) {
      gap = static_cast<std::size_t>(value(random) * static_cast<float>(longest_gap));
      since_gap = 0;
    }
    for (std::int64_t track = 7; track < 10; ++track) {
      if (track != 8 && value(random) < 0.3F) {
        continue;
      }
      Face face;
      face.track = track;
      face.detection = value(random) < 0.1F ? kNan : value(random);
      face.area = value(random);
      for (std::size_t s = 0; s < kSignals.size(); ++s) {
        face.signals.push_back(value(random) < 0.1F ? kNan : value(random));
      }
      faces.push_back(std::move(face));
    }
  }
  return clip;
}

struct OneFace {
  std::int64_t track = -1;
  std::int32_t label = -1;
  float confidence = 0.0F;
  std::vector<float> scores;
  std::vector<float> signals;
};

struct Decided {
  std::int64_t frame = 0;
  std::int32_t label = -1;
  float confidence = 0.0F;
  std::int64_t track = -1;
  bool is_filled = false;
  std::size_t face_count = 0;
  std::vector<float> scores;
  std::vector<float> signals;
  std::vector<OneFace> faces;
};

inline void keep(Span<const DecidedFrame> frames, std::vector<Decided>& out) {
  for (const DecidedFrame& frame : frames) {
    out.push_back({frame.frame,
                   frame.label,
                   frame.confidence,
                   frame.track,
                   frame.is_filled,
                   frame.face_count,
                   {frame.scores.begin(), frame.scores.end()},
                   {frame.signals.begin(), frame.signals.end()},
                   {}});
    for (const DecidedFace& face : frame.faces) {
      out.back().faces.push_back({face.track,
                                  face.label,
                                  face.confidence,
                                  {face.scores.begin(), face.scores.end()},
                                  {face.signals.begin(), face.signals.end()}});
    }
  }
}

inline std::vector<FaceSignals> views(const std::vector<Face>& faces) {
  std::vector<FaceSignals> out;
  for (const Face& face : faces) {
    out.push_back(
        {face.track, {face.signals.data(), face.signals.size()}, face.detection, face.area});
  }
  return out;
}

inline AnalyzerOptions options() {
  AnalyzerOptions all;
  all.signals = kSignals;
  all.max_faces = 3;
  all.gap_frames = 6;
  return all;
}

inline std::vector<Decided> stream(Analyzer& analyzer, const Clip& clip, std::int64_t first = 1) {
  std::vector<Decided> out;
  for (std::size_t t = 0; t < clip.size(); ++t) {
    const std::vector<FaceSignals> faces = views(clip[t]);
    const auto frame = first + static_cast<std::int64_t>(t);
    const Span<const DecidedFrame> ready =
        analyzer.push(frame, 0.04 * static_cast<double>(t), {faces.data(), faces.size()});
    const bool is_due = static_cast<std::int64_t>(t) >= analyzer.delay();
    CHECK(ready.size == (is_due ? 1U : 0U));
    if (ready.size == 1) {
      CHECK(ready[0].frame == frame - analyzer.delay());
    }
    keep(ready, out);
  }
  keep(analyzer.flush(), out);
  CHECK(out.size() == clip.size());
  return out;
}

inline FilterOptions filter_of(const rules::Smoothing& smoothing) {
  FilterOptions filter;
  filter.kernel = smoothing.kernel == rules::Smoothing::Kernel::gaussian ? FilterKernel::gaussian
                                                                         : FilterKernel::box;
  filter.radius = static_cast<std::int64_t>(smoothing.radius.value);
  filter.sigma = smoothing.sigma.value;
  return filter;
}

/// The faces of a clip, row by row, with what the models and the rules say about each.
struct Rows {
  std::vector<std::int64_t> frames;
  std::vector<std::int64_t> tracks;
  std::vector<float> detection;
  std::vector<float> area;
  std::vector<double> times;
  std::vector<float> signals;  // smoothed along each track
  std::vector<float> scores;
};

/// Smooths one column of one track.
inline void smooth_column(const RuleSet& set, std::size_t column, std::int64_t track, Rows& rows) {
  // arousal; happiness, fear, surprise, sadness; brightness belongs to no group.
  const std::vector<rules::Smoothing> by_column{
      set.smooth_valence_arousal(), set.smooth_expression(), set.smooth_expression(),
      rules::Smoothing{},           set.smooth_expression(), set.smooth_expression()};
  std::vector<float> values;
  std::vector<std::int64_t> at;
  std::vector<std::size_t> places;
  for (std::size_t n = 0; n < rows.tracks.size(); ++n) {
    if (rows.tracks[n] == track) {
      places.push_back(n * kSignals.size() + column);
      values.push_back(rows.signals[places.back()]);
      at.push_back(rows.frames[n]);
    }
  }
  std::vector<float> result(values.size());
  smooth({values.data(), values.size(), 1, 1}, {at.data(), at.size()}, filter_of(by_column[column]),
         {result.data(), result.size(), 1, 1});
  for (std::size_t i = 0; i < places.size(); ++i) {
    rows.signals[places[i]] = result[i];
  }
}

inline Rows scored_rows(const RuleSet& set, const Clip& clip) {
  const std::size_t width = kSignals.size();
  const std::size_t compounds = set.compounds().size();
  Rows rows;
  for (std::size_t t = 0; t < clip.size(); ++t) {
    for (const Face& face : clip[t]) {
      rows.frames.push_back(static_cast<std::int64_t>(t));
      rows.times.push_back(0.04 * static_cast<double>(t));
      rows.tracks.push_back(face.track);
      rows.detection.push_back(face.detection);
      rows.area.push_back(face.area);
      rows.signals.insert(rows.signals.end(), face.signals.begin(), face.signals.end());
    }
  }
  for (const std::int64_t track : std::set<std::int64_t>(rows.tracks.begin(), rows.tracks.end())) {
    for (std::size_t column = 0; column < width; ++column) {
      smooth_column(set, column, track, rows);
    }
  }
  const std::size_t n = rows.tracks.size();
  rows.scores.resize(n * compounds);
  set.bind(kSignals).evaluate(
      {rows.signals.data(), n, width, width},
      {{rows.frames.data(), n}, {rows.times.data(), n}, {rows.tracks.data(), n}},
      rules::Windows::trailing, {rows.scores.data(), n, compounds, compounds});
  return rows;
}

/// A stretch of frames with their scores, and what is decided about them.
struct Timeline {
  std::size_t first = 0;             // frame of row 0
  std::vector<std::uint8_t> seen;    // one for each row
  std::vector<float> scores;         // (rows, compounds); then filled and smoothed
  std::vector<std::uint8_t> filled;  // flags
  std::vector<std::int32_t> labels;
  std::vector<float> confidence;
};

/// Gaps filled, scores smoothed, labels decided.
inline void decide_timeline(const RuleSet& set, Timeline& line) {
  const std::size_t compounds = set.compounds().size();
  const std::size_t n = line.seen.size();
  std::vector<float> filled(n * compounds);
  line.filled.resize(n);
  std::vector<std::int64_t> frames;
  std::vector<double> times;
  for (std::size_t t = 0; t < n; ++t) {
    frames.push_back(static_cast<std::int64_t>(line.first + t));
    times.push_back(0.04 * static_cast<double>(line.first + t));
  }
  fill_gaps({line.scores.data(), n, compounds, compounds}, {line.seen.data(), n}, {times.data(), n},
            set.gaps(), set.gaps_at_most(), {filled.data(), n, compounds, compounds},
            {line.filled.data(), n});
  std::vector<float> known = filled;
  for (std::size_t k = 0; k < known.size(); ++k) {
    if (set.smooth_compounds().skip_filled && line.seen[k / compounds] == 0) {
      known[k] = kNan;
    }
  }
  smooth({known.data(), n, compounds, compounds}, {frames.data(), n},
         filter_of(set.smooth_compounds()), {line.scores.data(), n, compounds, compounds});
  for (std::size_t k = 0; k < known.size(); ++k) {
    const bool is_empty = line.seen[k / compounds] == 0 && std::isnan(filled[k]);
    if (is_empty || (set.smooth_compounds().skip_filled && std::isnan(line.scores[k]))) {
      line.scores[k] = filled[k];
    }
  }
  line.labels.resize(n);
  line.confidence.resize(n);
  decide({line.scores.data(), n, compounds, compounds}, {times.data(), n}, set.decision(),
         {line.labels.data(), n}, {line.confidence.data(), n});
}

/// The steps for a whole clip, one after the other: faces merged.
inline std::vector<Decided> whole(const RuleSet& set, const Clip& clip) {
  const std::size_t width = kSignals.size();
  const std::size_t compounds = set.compounds().size();
  const Rows rows = scored_rows(set, clip);
  const std::size_t count = rows.tracks.size();
  const std::size_t n = clip.size();
  Timeline line;
  for (const std::vector<Face>& faces : clip) {
    line.seen.push_back(faces.empty() ? 0 : 1);
  }
  line.scores.resize(n * compounds);
  std::vector<std::int64_t> decided(n * compounds);
  merge_faces({rows.scores.data(), count, compounds, compounds}, {rows.frames.data(), count},
              {rows.detection.data(), count}, {rows.area.data(), count}, set.faces(),
              {line.scores.data(), n, compounds, compounds},
              {decided.data(), n, compounds, compounds});
  decide_timeline(set, line);
  std::vector<Decided> out(n);
  for (std::size_t t = 0; t < n; ++t) {
    out[t].frame = static_cast<std::int64_t>(t) + 1;
    out[t].label = line.labels[t];
    out[t].confidence = line.confidence[t];
    out[t].is_filled = line.filled[t] != 0;
    out[t].face_count = clip[t].size();
    out[t].scores.assign(line.scores.data() + t * compounds,
                         line.scores.data() + (t + 1) * compounds);
    out[t].signals.assign(width, kNan);
    const std::size_t at = t * compounds + static_cast<std::size_t>(std::max(line.labels[t], 0));
    if (line.labels[t] >= 0 && decided[at] >= 0) {
      const auto row = static_cast<std::size_t>(decided[at]);
      out[t].track = rows.tracks[row];
      out[t].signals.assign(rows.signals.data() + row * width,
                            rows.signals.data() + (row + 1) * width);
    }
  }
  return out;
}

inline void check_scores(const std::vector<float>& got, const std::vector<float>& expected) {
  for (std::size_t k = 0; k < expected.size(); ++k) {
    CHECK_NEAR(got[k], expected[k], kTolerance);
  }
}

inline void check_faces(const std::vector<OneFace>& got, const std::vector<OneFace>& expected) {
  CHECK(got.size() == expected.size());
  for (std::size_t i = 0; i < expected.size() && i < got.size(); ++i) {
    CHECK(got[i].track == expected[i].track);
    CHECK(got[i].label == expected[i].label);
    CHECK_NEAR(got[i].confidence, expected[i].confidence, kTolerance);
    check_scores(got[i].scores, expected[i].scores);
    check_scores(got[i].signals, expected[i].signals);
  }
}

inline void check_equal(const std::vector<Decided>& got, const std::vector<Decided>& expected) {
  CHECK(got.size() == expected.size());
  for (std::size_t t = 0; t < expected.size() && t < got.size(); ++t) {
    CHECK(got[t].frame == expected[t].frame);
    CHECK(got[t].label == expected[t].label);
    CHECK(got[t].is_filled == expected[t].is_filled);
    CHECK(got[t].face_count == expected[t].face_count);
    CHECK_NEAR(got[t].confidence, expected[t].confidence, kTolerance);
    check_scores(got[t].scores, expected[t].scores);
    if (expected[t].track >= 0) {
      CHECK(got[t].track == expected[t].track);
      check_scores(got[t].signals, expected[t].signals);
    }
    check_faces(got[t].faces, expected[t].faces);
  }
}

}  // namespace cexpr::test
