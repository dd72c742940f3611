#pragma once

#include <cstdint>
#include <vector>

#include "kernels/rules_table.hpp"
#include "rules/program/program.hpp"
#include "rules/run/plan.hpp"

namespace cexpr::rules::detail {

/// Memory for the registers of a program, and the code that fills them block by block.
class Runner {
 public:
  Runner(const Program& program, const kernels::RulesTable& kernels);

  /// Fills the constants of a stage; before the first of its blocks.
  void begin(const Stage& stage);

  /// Runs a stage on the rows first ... first + count - 1 of `signals`, count <= block_rows.
  /// `slots` are whole columns, indexed by row.
  void run(const Stage& stage, Span2D<const float> signals, std::size_t first, std::size_t count,
           const std::vector<std::vector<float>>& slots);

  float* reg(std::uint16_t index) { return registers_ + index * rows_; }
  /// The stage's outputs after `run`, each a column of the block.
  const float* const* outputs(const Stage& stage);
  std::size_t block_rows() const { return rows_; }
  const kernels::RulesTable& kernels() const { return *kernels_; }

 private:
  const kernels::RulesTable* kernels_;
  std::size_t rows_;
  std::vector<float> memory_;
  float* registers_;  // in `memory_`, aligned
  std::vector<float*> targets_;
  std::vector<const float*> outputs_;
};

/// The rows of each track in order; one list with all rows where there are no tracks.
class TrackRows {
 public:
  TrackRows(std::size_t rows, Span<const std::int64_t> tracks);
  std::size_t count() const { return begin_.size() - 1; }
  Span<const std::uint32_t> rows(std::size_t track) const {
    return {order_.data() + begin_[track], begin_[track + 1] - begin_[track]};
  }

 private:
  std::vector<std::uint32_t> order_;
  std::vector<std::size_t> begin_;
};

/// Takes the blocks of a program's last stage: `outputs` are columns of `count` rows from `first`.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void take(const float* const* outputs, std::size_t first, std::size_t count) = 0;
};

/// Runs a whole program; its last stage on the rows begin ... end - 1 only.
void run_program(const Program& program, Span2D<const float> signals, const RowIndex& index,
                 Windows windows, std::size_t begin, std::size_t end, Runner& runner, Sink& sink);

/// Throws ArgumentError where `index` does not fit the rows or lacks what the program needs.
void check_index(const Plan& plan, const Program& program, Span2D<const float> signals,
                 const RowIndex& index);

}  // namespace cexpr::rules::detail
