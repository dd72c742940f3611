#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cexpr/export.hpp"
#include "cexpr/heads.hpp"
#include "cexpr/rules.hpp"
#include "cexpr/span.hpp"

namespace cexpr {

struct AnalyzerOptions {
  /// Names of the signals that come with each face, in their order. Empty where `heads` is given.
  std::vector<std::string> signals;
  /// Instead of signals each face brings a network's raw outputs, `FaceSignals::raw`, which these
  /// heads turn into the signals `heads->names()`.
  std::optional<Heads> heads;
  /// Turns lengths in seconds of the rule file (smoothing, `min_duration`) into frames.
  double frames_per_second = 25.0;
  /// Most faces in one frame.
  std::size_t max_faces = 8;
  /// `gaps: interpolate` only: the longest gap, in frames, that is bridged by a straight line; each
  /// frame of it is a frame of delay. In a longer gap the last scores are held, for as long as
  /// `at_most` of the rule file says. More than `at_most` has no effect.
  std::int64_t gap_frames = 12;
};

/// One face of one frame, as the host saw it.
struct FaceSignals {
  /// Id of the person; the same in all frames, once per frame.
  std::int64_t track = 0;
  /// One value for each of `AnalyzerOptions::signals`; NaN for unknown. Not read where heads are
  /// given.
  Span<const float> signals;
  /// Detection score, for `faces: first`.
  float detection = std::numeric_limits<float>::quiet_NaN();
  /// Area of the box, for `faces: largest`.
  float area = std::numeric_limits<float>::quiet_NaN();
  /// Where heads are given: this face's row of each of `Heads::tensors()`.
  Span<const Span<const float>> raw = {};
};

/// One face of one frame with its own label.
struct DecidedFace {
  std::int64_t track = -1;
  /// Class id, -1 for no label.
  std::int32_t label = -1;
  /// Score of the label, NaN without one.
  float confidence = std::numeric_limits<float>::quiet_NaN();
  /// Scores of the compounds, smoothed.
  Span<const float> scores;
  /// Smoothed signals, in the order of `AnalyzerOptions::signals` (or of the heads' names).
  Span<const float> signals;
};

/// One frame with its label.
struct DecidedFrame {
  std::int64_t frame = 0;
  double time = 0.0;
  /// Class id, -1 for no label.
  std::int32_t label = -1;
  /// Score of the label, NaN without one.
  float confidence = std::numeric_limits<float>::quiet_NaN();
  /// Faces in the frame.
  std::size_t face_count = 0;
  /// No face was in the frame and its scores were filled in.
  bool is_filled = false;
  /// Track of the face that decided: the one whose score the label has; without a label, the one
  /// with the highest score; where that is none, the one with the highest detection score. -1 in a
  /// frame without a face, also where it was filled in.
  std::int64_t track = -1;
  /// Scores of the compounds, merged (with `each`: of the face that decided), filled and smoothed.
  Span<const float> scores;
  /// Smoothed signals of the face that decided, in the order of `AnalyzerOptions::signals` (or of
  /// the heads' names); NaN in a frame without a face.
  Span<const float> signals;
  /// With `faces: each`, the faces that were seen in the frame, in the order in which they were
  /// pushed; empty with the others, which have one label for all faces of a frame.
  Span<const DecidedFace> faces = {};
};

/// Labels a stream frame by frame, with a fixed delay.
///
/// The steps are those of a whole clip: the signals of each track are smoothed, the rules are
/// evaluated, faces are merged, gaps filled, compound scores smoothed, labels decided. With
/// `faces: each` nothing is merged, and the steps from gaps on run for each track alone. After
/// `flush` the frames that came out equal those of the whole clip (scores to 1e-6), with these
/// differences, which no stream can avoid:
///   - functions over time in rules look back only (`rules::Windows::trailing`);
///   - where `gap_frames` is less than `at_most` of the rule file: in a gap longer than
///     `gap_frames` the last scores are held, where a whole clip has a straight line; frames before
///     the first face are filled only when it comes within `gap_frames`;
///   - with `faces: each`, a face that is away while others are seen is taken for gone when that
///     lasts for more frames than the longest radius of the signals' smoothings, plus `gap_frames`
///     when gaps are interpolated: frames before that come out as at the end of a clip. When it
///     stays away for more than `gap_frames` as well, it begins anew when it comes back;
///   - lengths in seconds are turned into frames by `frames_per_second`, not by the times;
///   - smoothing with `window: rows` is refused.
///
/// Delay, in frames: the longest radius among the signals' smoothings, plus `gap_frames` (or
/// `at_most`, if that is less) when gaps are interpolated, plus the radius of the compounds'
/// smoothing, plus the minimum duration less 1. The frame that comes out of `push(n, ...)` is frame
/// n - delay.
///
/// Memory is taken when the object is made, by the delay, `max_faces` and the number of signals; it
/// does not grow with the stream. `push` and `flush` allocate nothing, with two exceptions: rules
/// with functions over time allocate until their windows have filled once for each face; and with
/// `faces: each`, `push` and `flush` allocate when more tracks are on their way than ever before,
/// those included that were seen within the delay (room for `max_faces` is there from the start).
/// One analyzer serves one stream and one thread at a time; any number of them run in parallel
/// without locks.
class CEXPR_API Analyzer {
 public:
  /// Throws `ArgumentError` when an option is out of range or a smoothing counts rows, and
  /// `RuleError` when the rules need a signal that is not among the given ones.
  Analyzer(const RuleSet& rules, const AnalyzerOptions& options);
  ~Analyzer();
  Analyzer(Analyzer&&) noexcept;
  Analyzer& operator=(Analyzer&&) noexcept;
  Analyzer(const Analyzer&) = delete;
  Analyzer& operator=(const Analyzer&) = delete;

  /// Frames from a push to the frame that it brings out.
  std::int64_t delay() const noexcept;

  /// Adds a frame and returns the frame that is decided now: none or one. What it points to is
  /// valid until the next call. The first frame of a stream may have any number, each later one the
  /// number after; for a frame that was dropped, push no faces. Times must not decrease.
  ///
  /// Throws `ArgumentError` when the frame does not follow, time steps back or is not finite, there
  /// are more than `max_faces` faces, a track comes twice, or a face has another number of signals;
  /// the analyzer is as it was before the call then.
  Span<const DecidedFrame> push(std::int64_t frame, double time, Span<const FaceSignals> faces);

  /// Ends the stream: returns all frames that are left, at most `delay()`, in order, and makes the
  /// analyzer ready for another stream. What they point to is valid until the next call.
  Span<const DecidedFrame> flush();

  /// Forgets everything, for another stream.
  void reset();

 private:
  class Steps;
  std::unique_ptr<Steps> steps_;
};

}  // namespace cexpr
