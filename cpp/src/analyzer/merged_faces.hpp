#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/decider.hpp"
#include "analyzer/lane.hpp"
#include "timeline/merge.hpp"

namespace cexpr::detail {

/// `faces: max`, `mean`, `first`, `largest`: the faces of each frame become one row of one
/// timeline.
class MergedFaces final : public Decider {
 public:
  MergedFaces(const LaneSettings& settings, rules::Faces how, const AnalyzerOptions& options);

  void push(const ScoredFaces& faces) override;
  void end() override;
  void decide(const FrameRecord& record, DecidedFrame& frame) override;
  void reset() override;

 private:
  /// Which faces of a row decided.
  struct Row {
    std::vector<std::int64_t> decided;  // face whose score each compound has, -1 for none
    std::int64_t closest = -1;          // face with the highest score, -1 for none
  };

  Row& slot(std::size_t row) { return rows_[row % rows_.size()]; }
  void fill(bool is_end);
  std::int64_t closest_face(const Row& row) const;

  const LaneSettings& settings_;
  rules::Faces how_;
  Lane lane_;
  std::vector<Row> rows_;
  std::vector<std::int64_t> zeros_;  // all faces belong to one frame
  std::vector<float> merged_;        // scores of one row
  std::vector<float> unknown_;       // signals of a frame without a face
  MergeScratch scratch_;
  std::size_t pushed_ = 0;
  std::size_t decided_ = 0;
};

}  // namespace cexpr::detail
