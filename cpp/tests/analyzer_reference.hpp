#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
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

struct Decided {
  std::int64_t frame = 0;
  std::int32_t label = -1;
  float confidence = 0.0F;
  std::int64_t track = -1;
  bool is_filled = false;
  std::size_t face_count = 0;
  std::vector<float> scores;
  std::vector<float> signals;
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
                   {frame.signals.begin(), frame.signals.end()}});
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

/// The steps for a whole clip, one after the other.
inline std::vector<Decided> whole(const RuleSet& set, const Clip& clip) {
  const std::size_t width = kSignals.size();
  const std::size_t compounds = set.compounds().size();
  std::vector<std::int64_t> row_frames;
  std::vector<std::int64_t> frames;
  std::vector<std::int64_t> tracks;
  std::vector<float> detection;
  std::vector<float> area;
  std::vector<float> signals;
  std::vector<double> row_times;
  std::vector<double> times;
  std::vector<std::uint8_t> seen;
  for (std::size_t t = 0; t < clip.size(); ++t) {
    frames.push_back(static_cast<std::int64_t>(t));
    times.push_back(0.04 * static_cast<double>(t));
    seen.push_back(clip[t].empty() ? 0 : 1);
    for (const Face& face : clip[t]) {
      row_frames.push_back(static_cast<std::int64_t>(t));
      row_times.push_back(times.back());
      tracks.push_back(face.track);
      detection.push_back(face.detection);
      area.push_back(face.area);
      signals.insert(signals.end(), face.signals.begin(), face.signals.end());
    }
  }
  const std::size_t rows = tracks.size();
  // arousal; happiness, fear, surprise, sadness; brightness belongs to no group.
  const std::vector<FilterOptions> filters{
      filter_of(set.smooth_valence_arousal()), filter_of(set.smooth_expression()),
      filter_of(set.smooth_expression()),      filter_of({}),
      filter_of(set.smooth_expression()),      filter_of(set.smooth_expression())};
  std::vector<float> smoothed(signals.size());
  for (std::int64_t track = 7; track < 10; ++track) {
    for (std::size_t s = 0; s < width; ++s) {
      std::vector<float> column;
      std::vector<std::int64_t> at;
      for (std::size_t n = 0; n < rows; ++n) {
        if (tracks[n] == track) {
          column.push_back(signals[n * width + s]);
          at.push_back(row_frames[n]);
        }
      }
      std::vector<float> result(column.size());
      smooth({column.data(), column.size(), 1, 1}, {at.data(), at.size()}, filters[s],
             {result.data(), result.size(), 1, 1});
      std::size_t next = 0;
      for (std::size_t n = 0; n < rows; ++n) {
        if (tracks[n] == track) {
          smoothed[n * width + s] = result[next++];
        }
      }
    }
  }
  std::vector<float> scores(rows * compounds);
  set.bind(kSignals).evaluate(
      {smoothed.data(), rows, width, width},
      {{row_frames.data(), rows}, {row_times.data(), rows}, {tracks.data(), rows}},
      rules::Windows::trailing, {scores.data(), rows, compounds, compounds});
  const std::size_t n = clip.size();
  std::vector<float> merged(n * compounds);
  std::vector<std::int64_t> decided(n * compounds);
  merge_faces({scores.data(), rows, compounds, compounds}, {row_frames.data(), rows},
              {detection.data(), rows}, {area.data(), rows}, set.faces(),
              {merged.data(), n, compounds, compounds}, {decided.data(), n, compounds, compounds});
  std::vector<float> filled(n * compounds);
  std::vector<std::uint8_t> is_filled(n);
  fill_gaps({merged.data(), n, compounds, compounds}, {seen.data(), n}, set.gaps(),
            {filled.data(), n, compounds, compounds}, {is_filled.data(), n});
  std::vector<float> known = filled;
  for (std::size_t k = 0; k < known.size(); ++k) {
    if (set.smooth_compounds().skip_filled && seen[k / compounds] == 0) {
      known[k] = kNan;
    }
  }
  std::vector<float> final_scores(n * compounds);
  smooth({known.data(), n, compounds, compounds}, {frames.data(), n},
         filter_of(set.smooth_compounds()), {final_scores.data(), n, compounds, compounds});
  for (std::size_t k = 0; k < known.size(); ++k) {
    if (set.smooth_compounds().skip_filled && std::isnan(final_scores[k])) {
      final_scores[k] = filled[k];
    }
  }
  std::vector<std::int32_t> labels(n);
  std::vector<float> confidence(n);
  decide({final_scores.data(), n, compounds, compounds}, {times.data(), n}, set.decision(),
         {labels.data(), n}, {confidence.data(), n});
  std::vector<Decided> out(n);
  for (std::size_t t = 0; t < n; ++t) {
    out[t].frame = static_cast<std::int64_t>(t) + 1;
    out[t].label = labels[t];
    out[t].confidence = confidence[t];
    out[t].is_filled = is_filled[t] != 0;
    out[t].face_count = clip[t].size();
    out[t].scores.assign(final_scores.data() + t * compounds,
                         final_scores.data() + (t + 1) * compounds);
    out[t].signals.assign(width, kNan);
    if (labels[t] >= 0 && decided[t * compounds + static_cast<std::size_t>(labels[t])] >= 0) {
      const auto row =
          static_cast<std::size_t>(decided[t * compounds + static_cast<std::size_t>(labels[t])]);
      out[t].track = tracks[row];
      out[t].signals.assign(smoothed.data() + row * width, smoothed.data() + (row + 1) * width);
    }
  }
  return out;
}

inline void check_scores(const std::vector<float>& got, const std::vector<float>& expected) {
  for (std::size_t k = 0; k < expected.size(); ++k) {
    CHECK_NEAR(got[k], expected[k], kTolerance);
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
  }
}

}  // namespace cexpr::test
