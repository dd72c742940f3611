#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/decider.hpp"
#include "analyzer/lane.hpp"
#include "analyzer/recent_faces.hpp"

namespace cexpr::detail {

/// `faces: each`: a lane for each track. It begins with the track's first frame; the lanes of the
/// very first frame with a face also have the frames before it. Frames without any face continue
/// the lanes of the faces that were in the last frame with a face. A frame in which only others are
/// seen belongs to a lane as soon as its face is known to come back: such rows are held back, and
/// added when it does. Lanes wait in a pool; it holds one for each face of a frame at first, and
/// grows when more are in use than ever before.
class EachFace final : public Decider {
 public:
  EachFace(const LaneSettings& settings, const AnalyzerOptions& options, const RecentFaces& recent);

  void push(const ScoredFaces& faces) override;
  void end() override;
  void decide(const FrameRecord& record, DecidedFrame& frame) override;
  void reset() override;

 private:
  struct Track {
    explicit Track(const LaneSettings& settings) : lane(settings) {}

    Lane lane;
    std::int64_t id = 0;
    std::size_t order = 0;   // of its start, among all tracks of the stream
    bool is_open = false;    // more rows may come
    bool is_pushed = false;  // in the row that is being pushed
  };
  struct Row {
    std::size_t face_count = 0;
    std::vector<Track*> tracks;      // of the faces
    std::vector<DecidedFace> faces;  // as they are given out
  };
  /// How much a face has to say; the strongest one is shown.
  struct Strength {
    enum class Kind : std::uint8_t { nothing, score, label };
    Kind kind = Kind::nothing;
    float value = 0.0F;

    bool operator>(const Strength& other) const {
      return kind != other.kind ? kind > other.kind : value > other.value;
    }
  };

  Row& slot(std::size_t row) { return rows_[row % rows_.size()]; }
  static Strength strength_of(const Lane::Row& row);
  Track& track_of(std::int64_t id);
  Track& free_track();
  void fill(bool is_end);
  void fill_row(Track& track, std::size_t row);
  static const Lane::Row& decided_row(Track& track, std::size_t row);
  static void show(const Lane::Row& row, DecidedFrame& frame);
  void decide_seen(const FrameRecord& record, DecidedFrame& frame);
  void decide_unseen(std::size_t row, DecidedFrame& frame);

  const LaneSettings& settings_;
  const RecentFaces& recent_;
  std::size_t patience_;  // longest absence that a lane waits through
  std::vector<std::unique_ptr<Track>> pool_;
  std::vector<Row> rows_;
  std::vector<float> unknown_scores_;
  std::vector<float> unknown_signals_;
  std::size_t started_ = 0;  // tracks so far
  std::size_t pushed_ = 0;
  std::size_t filled_ = 0;
  std::size_t decided_ = 0;
};

}  // namespace cexpr::detail
