#include "cexpr/analyzer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "analyzer/raw_faces.hpp"
#include "analyzer/recent_faces.hpp"
#include "cexpr/error.hpp"
#include "cexpr/filter.hpp"
#include "timeline/decision_steps.hpp"
#include "timeline/merge.hpp"

namespace cexpr {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

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

std::size_t min_frames(const rules::Length& length, double frames_per_second) {
  constexpr double kSlack = 1e-6;  // 0.2 s of 25 frames a second are 5 frames
  const double frames = length.in_seconds ? length.value * frames_per_second : length.value;
  const double whole = std::max(std::ceil(frames - kSlack), 1.0);
  if (!(whole <= static_cast<double>(kMaxStreamingRadius))) {
    throw ArgumentError("min_duration: a stream takes at most " +
                        std::to_string(kMaxStreamingRadius) + " frames; got " +
                        std::to_string(whole));
  }
  return static_cast<std::size_t>(whole);
}

}  // namespace

class Analyzer::Steps {
 public:
  Steps(const RuleSet& rules, const AnalyzerOptions& given)
      : options_(checked(given)),
        raw_(options_),
        faces_how_(rules.faces()),
        compounds_(rules.compounds().size()),
        skips_filled_(rules.smooth_compounds().skip_filled),
        min_frames_(min_frames(rules.decision().min_duration, options_.frames_per_second)),
        gap_frames_(rules.gaps() == rules::Gaps::interpolate
                        ? static_cast<std::size_t>(options_.gap_frames)
                        : 0),
        faces_(rules, options_),
        rules_(rules.bind(faces_.names())),
        gaps_(compounds_, rules.gaps(), gap_frames_),
        filter_(compounds_, detail::filter_options(rules.smooth_compounds(),
                                                   options_.frames_per_second, "compounds")),
        scoring_(rules.decision(), compounds_),
        keeper_({static_cast<double>(min_frames_), false}),
        delay_(faces_.radius() + gap_frames_ + static_cast<std::size_t>(filter_.delay()) +
               min_frames_ - 1),
        records_(delay_ + 1),
        smoothed_(options_.max_faces * options_.signals.size()),
        scores_(options_.max_faces * compounds_),
        zeros_(options_.max_faces),
        to_filter_(compounds_) {
    detail::check_decision(rules.decision(), compounds_);
    for (Record& record : records_) {
      record.decided.resize(compounds_);
      record.filled.resize(compounds_);
      record.scores.resize(compounds_);
      record.tracks.resize(options_.max_faces);
      record.face_signals.resize(options_.max_faces * options_.signals.size());
      record.signals.resize(options_.signals.size());
    }
    out_.reserve(delay_ + 1);
  }

  std::size_t delay() const { return delay_; }

  Span<const DecidedFrame> push(std::int64_t frame, double time, Span<const FaceSignals> faces) {
    check(frame, time, faces);
    faces = raw_.to_signals(faces);
    Record& entry = record(pushed_);
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
    gaps_.reset();
    filter_.reset();
    keeper_.reset();
    chosen_ = -1;
    pushed_ = 0;
    merged_ = 0;
    filled_ = 0;
    emitted_ = 0;
  }

 private:
  /// What is known of a frame on its way.
  struct Record {
    std::int64_t frame = 0;
    double time = 0.0;
    std::int32_t label = -1;
    std::size_t face_count = 0;
    bool is_filled = false;
    std::size_t best_detection = 0;     // face
    std::size_t closest = 0;            // face with the highest score, else best_detection
    std::vector<std::int64_t> tracks;   // of the faces
    std::vector<float> face_signals;    // smoothed, (faces, signals)
    std::vector<std::int64_t> decided;  // face whose score each compound has, -1 for none
    std::vector<float> filled;          // scores, gaps filled
    std::vector<float> scores;          // scores, smoothed
    std::vector<float> signals;         // of the face that decided, in the order of the host
  };

  Record& record(std::size_t row) { return records_[row % records_.size()]; }

  auto scores_of() {
    return [this](std::size_t row) { return record(row).scores.data(); };
  }
  auto settle() {
    return [this](std::size_t row, std::int32_t label) { record(row).label = label; };
  }

  void check(std::int64_t frame, double time, Span<const FaceSignals> faces) {
    if (!std::isfinite(time)) {
      throw ArgumentError("time: expected a finite number of seconds; got " + std::to_string(time));
    }
    if (pushed_ > 0) {
      const Record& last = record(pushed_ - 1);
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
    while (merged_ < pushed_ && (is_end || merged_ + faces_.radius() < pushed_)) {
      merge(merged_++);
      fill(false);
    }
    out_.clear();
    if (is_end) {
      fill(true);
      take_smoothed(filter_.flush());
      keeper_.finish(scoring_, scores_of(), settle());
    }
    while (emitted_ < keeper_.settled() && (is_end || emitted_ + delay_ < pushed_)) {
      emit(record(emitted_++));
    }
  }

  /// Smooths the signals of a frame's faces, evaluates the rules and brings the faces together.
  void merge(std::size_t row) {
    Record& entry = record(row);
    const std::size_t count = faces_.face_count(row);
    const std::size_t width = options_.signals.size();
    const Span2D<float> signals{smoothed_.data(), count, width, width};
    faces_.smooth(row, signals);
    const Span<const std::int64_t> tracks = faces_.tracks(row);
    const Span2D<float> scores{scores_.data(), count, compounds_, compounds_};
    rules_.push(static_cast<std::int64_t>(row), entry.time, {signals.data, count, width, width},
                tracks, scores);
    const Span2D<float> merged{entry.filled.data(), 1, compounds_, compounds_};
    detail::merge_faces({scores.data, count, compounds_, compounds_}, {zeros_.data(), count},
                        faces_.detections(row), faces_.areas(row), faces_how_, merged,
                        {entry.decided.data(), 1, compounds_, compounds_}, scratch_);
    entry.face_count = count;
    std::copy(tracks.begin(), tracks.end(), entry.tracks.data());
    std::copy(smoothed_.data(), smoothed_.data() + count * width, entry.face_signals.data());
    entry.best_detection = best_detection(faces_.detections(row));
    entry.closest = closest_face(entry);
    gaps_.push(count > 0, entry.filled.data());
  }

  std::size_t closest_face(const Record& entry) const {
    std::int64_t face = -1;
    float best = kNan;
    for (std::size_t k = 0; k < compounds_; ++k) {
      if (entry.decided[k] >= 0 && (entry.filled[k] > best || std::isnan(best))) {
        best = entry.filled[k];
        face = entry.decided[k];
      }
    }
    return face >= 0 ? static_cast<std::size_t>(face) : entry.best_detection;
  }

  static std::size_t best_detection(Span<const float> detections) {
    std::size_t first = 0;
    for (std::size_t i = 1; i < detections.size; ++i) {
      if (detections[i] > detections[first] || std::isnan(detections[first])) {
        first = i;
      }
    }
    return first;
  }

  void fill(bool is_end) {
    while (filled_ < merged_ && (is_end || filled_ + gap_frames_ < merged_)) {
      const std::size_t row = filled_++;
      Record& entry = record(row);
      entry.is_filled = gaps_.fill(row, entry.filled.data());
      const bool is_left_out = skips_filled_ && !gaps_.is_seen(row);
      if (is_left_out) {
        std::fill(to_filter_.begin(), to_filter_.end(), kNan);
      }
      const float* from = is_left_out ? to_filter_.data() : entry.filled.data();
      take_smoothed(filter_.push(static_cast<std::int64_t>(row), {from, compounds_}));
    }
  }

  void take_smoothed(std::size_t count) {
    for (; count > 0; --count) {
      const auto row = static_cast<std::size_t>(filter_.pop({to_filter_.data(), compounds_}));
      Record& entry = record(row);
      for (std::size_t k = 0; k < compounds_; ++k) {
        // Where nothing was in reach the filled score stands.
        entry.scores[k] =
            skips_filled_ && std::isnan(to_filter_[k]) ? entry.filled[k] : to_filter_[k];
      }
      chosen_ = scoring_.choose(entry.scores.data(), chosen_);
      keeper_.push(chosen_, scoring_, scores_of(), [](std::size_t) { return 0.0; }, settle());
    }
  }

  void emit(Record& entry) {
    DecidedFrame& frame = out_.emplace_back();
    frame.frame = entry.frame;
    frame.time = entry.time;
    frame.label = entry.label;
    frame.face_count = entry.face_count;
    frame.is_filled = entry.is_filled;
    std::size_t decider = entry.closest;
    if (entry.label >= 0) {
      const auto k = static_cast<std::size_t>(entry.label);
      frame.confidence = entry.scores[k];
      decider =
          entry.decided[k] >= 0 ? static_cast<std::size_t>(entry.decided[k]) : entry.best_detection;
    }
    std::fill(entry.signals.begin(), entry.signals.end(), kNan);
    if (entry.face_count > 0) {
      frame.track = entry.tracks[decider];
      faces_.to_host_order(entry.face_signals.data() + decider * entry.signals.size(),
                           entry.signals.data());
    }
    frame.scores = {entry.scores.data(), entry.scores.size()};
    frame.signals = {entry.signals.data(), entry.signals.size()};
  }

  AnalyzerOptions options_;
  detail::RawFaces raw_;
  rules::Faces faces_how_;
  std::size_t compounds_;
  bool skips_filled_;
  std::size_t min_frames_;
  std::size_t gap_frames_;
  detail::RecentFaces faces_;
  RuleStream rules_;
  detail::GapFiller gaps_;
  StreamingFilter filter_;
  detail::Scoring scoring_;
  detail::RunKeeper keeper_;
  std::size_t delay_;
  std::vector<Record> records_;
  std::vector<float> smoothed_;
  std::vector<float> scores_;
  std::vector<std::int64_t> zeros_;  // all faces belong to one frame
  std::vector<float> to_filter_;
  detail::MergeScratch scratch_;
  std::vector<DecidedFrame> out_;
  std::int32_t chosen_ = -1;
  // Rows since the start of the stream that have passed each step.
  std::size_t pushed_ = 0;
  std::size_t merged_ = 0;
  std::size_t filled_ = 0;
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
