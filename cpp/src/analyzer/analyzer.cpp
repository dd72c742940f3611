#include "cexpr/analyzer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "analyzer/each_face.hpp"
#include "analyzer/lane.hpp"
#include "analyzer/merged_faces.hpp"
#include "analyzer/raw_faces.hpp"
#include "analyzer/recent_faces.hpp"
#include "cexpr/error.hpp"
#include "cexpr/filter.hpp"

namespace cexpr {
namespace {

/// The options with the names of the signals, whoever gives them.
AnalyzerOptions checked(AnalyzerOptions options) {
  if (!(options.frames_per_second > 0.0 && std::isfinite(options.frames_per_second))) {
    throw ArgumentError("frames_per_second: expected a finite number > 0; got " +
                        std::to_string(options.frames_per_second));
  }
  if (options.max_faces == 0 || options.max_faces > 1024) {
    throw ArgumentError("max_faces: expected 1 to 1024; got " + std::to_string(options.max_faces));
  }
  if (options.gap_frames < 0 || options.gap_frames > kMaxStreamingRadius) {
    throw ArgumentError("gap_frames: expected 0 to " + std::to_string(kMaxStreamingRadius) +
                        "; got " + std::to_string(options.gap_frames));
  }
  if (options.heads) {
    if (!options.signals.empty()) {
      throw ArgumentError("signals: expected none, because heads are given; got " +
                          std::to_string(options.signals.size()));
    }
    options.signals = options.heads->names();
  }
  return options;
}

std::unique_ptr<detail::Decider> make_decider(const RuleSet& rules,
                                              const detail::LaneSettings& settings,
                                              const AnalyzerOptions& options,
                                              const detail::RecentFaces& recent) {
  if (rules.faces() == rules::Faces::each) {
    return std::make_unique<detail::EachFace>(settings, options, recent);
  }
  return std::make_unique<detail::MergedFaces>(settings, rules.faces(), options);
}

}  // namespace

class Analyzer::Steps {
 public:
  Steps(const RuleSet& rules, const AnalyzerOptions& given)
      : options_(checked(given)),
        raw_(options_),
        faces_(rules, options_),
        rules_(rules.bind(faces_.names())),
        settings_(rules, options_, faces_.radius()),
        decider_(make_decider(rules, settings_, options_, faces_)),
        records_(delay() + 1),
        smoothed_(options_.max_faces * options_.signals.size()),
        scores_(options_.max_faces * settings_.compounds) {
    for (detail::FrameRecord& record : records_) {
      record.tracks.resize(options_.max_faces);
      record.signals.resize(options_.max_faces * options_.signals.size());
    }
    out_.reserve(delay() + 1);
  }

  std::size_t delay() const { return settings_.delay; }

  Span<const DecidedFrame> push(std::int64_t frame, double time, Span<const FaceSignals> faces) {
    check(frame, time, faces);
    faces = raw_.to_signals(faces);
    detail::FrameRecord& entry = record(pushed_);
    entry.frame = frame;
    entry.time = time;
    faces_.push(faces);
    ++pushed_;
    advance(false);
    return {out_.data(), out_.size()};
  }

  Span<const DecidedFrame> flush() {
    advance(true);
    reset();
    return {out_.data(), out_.size()};
  }

  void reset() {
    faces_.reset();
    rules_.reset();
    decider_->reset();
    pushed_ = 0;
    scored_ = 0;
    emitted_ = 0;
  }

 private:
  detail::FrameRecord& record(std::size_t row) { return records_[row % records_.size()]; }

  void check(std::int64_t frame, double time, Span<const FaceSignals> faces) {
    if (!std::isfinite(time)) {
      throw ArgumentError("time: expected a finite number of seconds; got " + std::to_string(time));
    }
    if (pushed_ > 0) {
      const detail::FrameRecord& last = record(pushed_ - 1);
      if (last.frame == std::numeric_limits<std::int64_t>::max() || frame != last.frame + 1) {
        throw ArgumentError("frame: expected the number after " + std::to_string(last.frame) +
                            " (push no faces for a dropped frame, flush for a new stream); got " +
                            std::to_string(frame));
      }
      if (time < last.time) {
        throw ArgumentError("time: expected at least " + std::to_string(last.time) +
                            ", the time of the frame before; got " + std::to_string(time));
      }
    }
    if (faces.size > options_.max_faces) {
      throw ArgumentError(
          "faces: expected at most max_faces = " + std::to_string(options_.max_faces) + "; got " +
          std::to_string(faces.size));
    }
    for (std::size_t i = 0; i < faces.size; ++i) {
      if (!options_.heads && faces[i].signals.size != options_.signals.size()) {
        throw ArgumentError("faces: expected " + std::to_string(options_.signals.size()) +
                            " signals, one for each name; got " +
                            std::to_string(faces[i].signals.size));
      }
      for (std::size_t j = 0; j < i; ++j) {
        if (faces[i].track == faces[j].track) {
          throw ArgumentError("faces: track " + std::to_string(faces[i].track) +
                              " comes twice in frame " + std::to_string(frame));
        }
      }
    }
  }

  void advance(bool is_end) {
    while (scored_ < pushed_ && (is_end || scored_ + faces_.radius() < pushed_)) {
      score(scored_++);
    }
    out_.clear();
    if (is_end) {
      decider_->end();
    }
    while (emitted_ < pushed_ && (is_end || emitted_ + delay() < pushed_)) {
      const detail::FrameRecord& entry = record(emitted_++);
      DecidedFrame& frame = out_.emplace_back();
      frame.frame = entry.frame;
      frame.time = entry.time;
      frame.face_count = entry.face_count;
      decider_->decide(entry, frame);
    }
  }

  /// Smooths the signals of a frame's faces and evaluates the rules.
  void score(std::size_t row) {
    detail::FrameRecord& entry = record(row);
    const std::size_t count = faces_.face_count(row);
    const std::size_t width = options_.signals.size();
    const std::size_t compounds = settings_.compounds;
    const Span2D<float> signals{smoothed_.data(), count, width, width};
    faces_.smooth(row, signals);
    const Span<const std::int64_t> tracks = faces_.tracks(row);
    const Span2D<float> scores{scores_.data(), count, compounds, compounds};
    rules_.push(static_cast<std::int64_t>(row), entry.time, {signals.data, count, width, width},
                tracks, scores);
    entry.face_count = count;
    entry.best_detection = best_detection(faces_.detections(row));
    std::copy(tracks.begin(), tracks.end(), entry.tracks.data());
    for (std::size_t i = 0; i < count; ++i) {
      faces_.to_host_order(signals.row(i), entry.signals.data() + i * width);
    }
    decider_->push({tracks,
                    faces_.detections(row),
                    faces_.areas(row),
                    {scores.data, count, compounds, compounds}});
  }

  static std::size_t best_detection(Span<const float> detections) {
    std::size_t first = 0;
    for (std::size_t i = 1; i < detections.size; ++i) {
      if (detections[i] > detections[first] ||
          (std::isnan(detections[first]) && !std::isnan(detections[i]))) {
        first = i;
      }
    }
    return first;
  }

  AnalyzerOptions options_;
  detail::RawFaces raw_;
  detail::RecentFaces faces_;
  RuleStream rules_;
  detail::LaneSettings settings_;
  std::unique_ptr<detail::Decider> decider_;
  std::vector<detail::FrameRecord> records_;
  std::vector<float> smoothed_;
  std::vector<float> scores_;
  std::vector<DecidedFrame> out_;
  // Rows since the start of the stream that have passed each step.
  std::size_t pushed_ = 0;
  std::size_t scored_ = 0;
  std::size_t emitted_ = 0;
};

Analyzer::Analyzer(const RuleSet& rules, const AnalyzerOptions& options)
    : steps_(std::make_unique<Steps>(rules, options)) {}
Analyzer::~Analyzer() = default;
Analyzer::Analyzer(Analyzer&&) noexcept = default;
Analyzer& Analyzer::operator=(Analyzer&&) noexcept = default;

std::int64_t Analyzer::delay() const noexcept { return static_cast<std::int64_t>(steps_->delay()); }

Span<const DecidedFrame> Analyzer::push(std::int64_t frame, double time,
                                        Span<const FaceSignals> faces) {
  return steps_->push(frame, time, faces);
}

Span<const DecidedFrame> Analyzer::flush() { return steps_->flush(); }

void Analyzer::reset() { steps_->reset(); }

}  // namespace cexpr
