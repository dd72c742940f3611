#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "analyzer_reference.hpp"

// `faces: each` of a whole clip in plain order, and clips for it.
namespace cexpr::test {

/// People who come, look away and leave for good; nobody is there in some stretches. Somebody who
/// was away for more than `longest_absence` frames comes back as somebody else.
inline Clip make_visits(unsigned seed, std::size_t longest_absence) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(0.0F, 1.0F);
  struct Person {
    std::int64_t track = 0;
    std::size_t away = 0;
    std::size_t stay = 0;
    bool is_in = false;
  };
  std::vector<Person> people(3);
  std::int64_t next_track = 20;
  people[0] = {19, 0, 0, true};
  std::size_t nobody = static_cast<std::size_t>(value(random) * 5.0F);
  bool has_begun = false;
  Clip clip(kFrames);
  for (std::vector<Face>& faces : clip) {
    nobody = nobody > 0 ? nobody - 1 : 0;
    if (has_begun && nobody == 0 && value(random) < 0.04F) {
      nobody = static_cast<std::size_t>(value(random) * 12.0F);
    }
    for (Person& person : people) {
      if (!person.is_in && value(random) < 0.05F) {
        person = {next_track++, 0, 0, true};
      } else if (has_begun && person.is_in && value(random) < 0.02F) {
        person.is_in = false;
      }
      if (!person.is_in || nobody > 0 || (has_begun && value(random) < 0.25F)) {
        ++person.away;
        continue;
      }
      has_begun = true;
      if (person.away > longest_absence) {
        person.track = next_track++;
      }
      person.stay = person.away > 0 ? 0 : person.stay + 1;
      person.away = 0;
      Face face;
      face.track = person.track;
      face.detection = value(random) < 0.1F ? kNan : value(random);
      face.area = value(random);
      for (std::size_t s = 0; s < kSignals.size(); ++s) {
        // Known after an absence, for the two would be one longer gap of a compound.
        const bool is_known = person.stay < 3 || value(random) > 0.1F;
        face.signals.push_back(is_known ? value(random) : kNan);
      }
      faces.push_back(std::move(face));
    }
    std::shuffle(faces.begin(), faces.end(), random);
  }
  return clip;
}

/// The timelines of a clip, in the order in which the tracks begin.
inline std::vector<std::pair<std::int64_t, Timeline>> timelines(const Rows& rows, const Clip& clip,
                                                                std::size_t compounds) {
  std::vector<std::pair<std::int64_t, Timeline>> lines;
  for (std::size_t n = 0; n < rows.tracks.size(); ++n) {
    const auto frame = static_cast<std::size_t>(rows.frames[n]);
    auto found = std::find_if(lines.begin(), lines.end(),
                              [&](const auto& line) { return line.first == rows.tracks[n]; });
    if (found == lines.end()) {
      found = lines.insert(lines.end(), {rows.tracks[n], {}});
      // The frames before the very first face belong to those who are in that frame.
      found->second.first = rows.frames[n] == rows.frames[0] ? 0 : frame;
    }
    Timeline& line = found->second;
    line.seen.resize(frame - line.first, 0);
    line.seen.push_back(1);
    line.scores.resize((frame - line.first) * compounds, kNan);
    line.scores.insert(line.scores.end(), rows.scores.data() + n * compounds,
                       rows.scores.data() + (n + 1) * compounds);
  }
  for (auto& [track, line] : lines) {
    while (line.first + line.seen.size() < clip.size() &&
           clip[line.first + line.seen.size()].empty()) {
      line.seen.push_back(0);
      line.scores.resize(line.scores.size() + compounds, kNan);
    }
  }
  return lines;
}

/// What one face has to say: a label with its confidence, else its highest score, else nothing.
inline std::pair<int, float> strength_of(const OneFace& face) {
  if (face.label >= 0) {
    return {2, face.confidence};
  }
  std::pair<int, float> best{0, 0.0F};
  for (const float score : face.scores) {
    if (!std::isnan(score)) {
      best = std::max(best, {1, score});
    }
  }
  return best;
}

/// The strongest face, ties to the first; -1 where none has anything to say.
inline int strongest(const std::vector<OneFace>& faces) {
  int best = -1;
  for (std::size_t i = 0; i < faces.size(); ++i) {
    const std::pair<int, float> here = strength_of(faces[i]);
    if (here.first > 0 && (best < 0 || here > strength_of(faces[static_cast<std::size_t>(best)]))) {
      best = static_cast<int>(i);
    }
  }
  return best;
}

inline int best_detection(const std::vector<Face>& faces) {
  int best = 0;
  for (std::size_t i = 1; i < faces.size(); ++i) {
    const float former = faces[static_cast<std::size_t>(best)].detection;
    if (faces[i].detection > former || (std::isnan(former) && !std::isnan(faces[i].detection))) {
      best = static_cast<int>(i);
    }
  }
  return best;
}

/// The steps for a whole clip, one after the other: each face alone.
inline std::vector<Decided> whole_each(const RuleSet& set, const Clip& clip) {
  const std::size_t width = kSignals.size();
  const std::size_t compounds = set.compounds().size();
  const Rows rows = scored_rows(set, clip);
  auto lines = timelines(rows, clip, compounds);
  for (auto& [track, line] : lines) {
    decide_timeline(set, line);
  }
  const auto face_at = [&](std::int64_t track, const Timeline& line, std::size_t frame) {
    const std::size_t row = frame - line.first;
    return OneFace{
        track,
        line.labels[row],
        line.confidence[row],
        {line.scores.data() + row * compounds, line.scores.data() + (row + 1) * compounds},
        std::vector<float>(width, kNan)};
  };
  std::vector<Decided> out(clip.size());
  std::size_t next = 0;  // row
  for (std::size_t t = 0; t < clip.size(); ++t) {
    std::vector<OneFace> there;
    std::vector<bool> is_filled;
    for (std::size_t i = 0; i < clip[t].size(); ++i, ++next) {
      const auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& one) {
        return one.first == rows.tracks[next];
      });
      there.push_back(face_at(line->first, line->second, t));
      there.back().signals.assign(rows.signals.data() + next * width,
                                  rows.signals.data() + (next + 1) * width);
    }
    out[t].faces = there;
    for (const auto& [track, line] : lines) {
      if (clip[t].empty() && t >= line.first && t < line.first + line.seen.size()) {
        there.push_back(face_at(track, line, t));
        is_filled.push_back(line.filled[t - line.first] != 0);
      }
    }
    int shown = strongest(there);
    shown = shown < 0 && !clip[t].empty() ? best_detection(clip[t]) : shown;
    OneFace face{-1, -1, kNan, std::vector<float>(compounds, kNan),
                 std::vector<float>(width, kNan)};
    if (shown >= 0) {
      const auto at = static_cast<std::size_t>(shown);
      face = there[at];
      out[t].is_filled = clip[t].empty() && is_filled[at];
    }
    out[t].frame = static_cast<std::int64_t>(t) + 1;
    out[t].label = face.label;
    out[t].confidence = face.confidence;
    out[t].track = !clip[t].empty() ? face.track : -1;
    out[t].face_count = clip[t].size();
    out[t].scores = face.scores;
    out[t].signals = face.signals;
  }
  return out;
}

}  // namespace cexpr::test
