#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cexpr/export.hpp"
#include "cexpr/settings.hpp"
#include "cexpr/span.hpp"

/// From scores of faces to labels and events of a clip. A timeline has one row for every frame, in
/// order; rows are numbered from 0.
namespace cexpr {

/// Brings the faces of each frame together.
///
/// `scores` is (N, K), one row per face per frame in any order; row n belongs to frame
/// `row_frames[n]`, 0 <= row_frames[n] < T. `merged` and `decided` are (T, K). NaN scores are left
/// out; where nothing is left, and in frames without a face, `merged` is NaN and `decided` -1.
///   max       class by class the highest score; `decided` is its row (a frame can mix faces);
///   mean      class by class the mean score; `decided` is the row with the highest score;
///   first     all scores of the face with the highest `detection` score, whatever they are;
///   largest   all scores of the face with the largest `area`.
/// For `first` and `largest`, `decided` is the row of that face in all classes. Ties go to the
/// lowest row; a NaN detection score or area loses to any number.
///
/// `detection` (for `first`) and `area` (for `largest`) hold N numbers; they may be empty where
/// they are not needed. Cost: O((N + T) K). Throws `ArgumentError` when a size or frame does not
/// fit, and for `each`, which does not bring faces together.
CEXPR_API void merge_faces(Span2D<const float> scores, Span<const std::int64_t> row_frames,
                           Span<const float> detection, Span<const float> area, rules::Faces how,
                           Span2D<float> merged, Span2D<std::int64_t> decided);

/// Fills the rows of frames in which no face was seen (`seen[t]` == 0), column by column.
///
///   interpolate   on the straight line between the last number before and the first number after,
///                 over rows, where all rows between them lie at most `at_most` behind the one
///                 before; otherwise the number before is held; rows before the first number get
///                 that number;
///   hold          the last number before; rows before the first number stay NaN;
///   none          NaN.
/// A row that lies further than `at_most` from the number that it would hold stays NaN: behind a
/// number, and for `interpolate` before the first. A length in frames counts rows, one in seconds
/// is the difference of their times, with a tolerance of a microsecond. Only numbers in seen rows
/// count, and seen rows are copied as they are, NaN included. A column without a number is NaN
/// everywhere. `is_filled[t]` becomes 1 where frame t was not seen and at least one of its columns
/// holds a number now, else 0.
///
/// `values` and `filled` are (T, C), `seen` and `is_filled` (T,); `times` holds T seconds that do
/// not decrease (needed, and read, only where `at_most` is in seconds). Throws `ArgumentError` when
/// sizes differ or `at_most` is negative.
CEXPR_API void fill_gaps(Span2D<const float> values, Span<const std::uint8_t> seen,
                         Span<const double> times, rules::Gaps how, const rules::Length& at_most,
                         Span2D<float> filled, Span<std::uint8_t> is_filled);

/// Chooses the label of each frame.
///
/// Row by row first. The adjusted score is score * weight + bias (float32). A compound whose score
/// is 0 or NaN cannot be chosen; of the others the highest adjusted score wins, ties go to the
/// lowest id, and below `abstain_below` there is no label (-1). The label of the row before stays,
/// however, while its own adjusted score is at least `exit_below` (never taken above
/// `abstain_below`) and no other that reaches `abstain_below` leads it by more than `hysteresis`;
/// with `hysteresis` 0 a tie goes to the lowest id as everywhere.
///
/// Then runs of one label shorter than `min_duration` are taken away, from the first row to the
/// last: a short run goes to the label before it (after what was taken away so far) or to the label
/// of the run after it, whichever has the higher mean adjusted score over the rows of the run; a
/// tie goes to the label before. A label can take a run only if in each of its rows the score is
/// neither 0 nor NaN and the adjusted score is at least `exit_below`; if neither can, the run has
/// no label. A run that goes to the label after it counts for the length of that one. Rows without
/// label are never filled, and a label that holds from the first row to the last is kept, however
/// short. The length of a run is its number of rows, or in seconds the time from its first to its
/// last row and the step to the last row from the one before, with a tolerance of a microsecond.
///
/// `scores` is (T, K); `times` holds T seconds that do not decrease (needed, and read, only where
/// `min_duration` is in seconds); `labels` is (T,). `confidence` (T,) becomes the score (not
/// adjusted) of the label, NaN without one; it may be empty. Throws `ArgumentError` when a size
/// does not fit or an option is out of range.
CEXPR_API void decide(Span2D<const float> scores, Span<const double> times,
                      const rules::Decision& options, Span<std::int32_t> labels,
                      Span<float> confidence);

/// A stretch of frames with one label; rows are numbered from 0.
struct Event {
  std::int32_t label = -1;
  std::size_t onset = 0;   // first row
  std::size_t apex = 0;    // row of the highest strength, the first among equals
  std::size_t offset = 0;  // last row
  /// Seconds from the onset to the end of the last frame (the time of the next row; for the last
  /// row of all, as long as the frame before it).
  double duration = 0.0;
  float peak = 0.0F;  // strength at the apex; NaN where no row of the event has one
  float mean = 0.0F;  // mean strength of the rows that have the label and a strength
};

/// Cuts labels into events.
///
/// Each run of one label >= 0 is an event. Two neighbouring events of one label become one when
/// nothing but rows without label lies between them and these are at most `merge_gap` long; after
/// that, events shorter than `min_duration` are left out. Lengths in frames count rows, lengths in
/// seconds run from the first row to the end of the last, with a tolerance of a microsecond.
///
/// `labels`, `strength` (the confidence, or any other curve) and `times` (seconds, not decreasing)
/// are (T,). Throws `ArgumentError` when a size does not fit or an option is negative.
CEXPR_API std::vector<Event> cut_events(Span<const std::int32_t> labels, Span<const float> strength,
                                        Span<const double> times, const rules::Events& options);

}  // namespace cexpr
