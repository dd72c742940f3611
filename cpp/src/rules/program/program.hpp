#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cexpr/settings.hpp"
#include "rules/program/graph.hpp"
#include "rules/program/ops.hpp"

namespace cexpr::rules::detail {

struct Instruction {
  Op op = Op::add;
  std::uint16_t out = 0;
  std::uint16_t a = 0;
  std::uint16_t b = 0;
  std::uint16_t c = 0;
};

/// Straight-line code over registers, each a column of one block of rows.
struct Stage {
  struct Fill {
    float value;
    std::uint16_t reg;
  };
  struct Load {
    std::uint32_t slot;
    std::uint16_t reg;
  };
  std::vector<Fill> constants;
  std::vector<std::uint32_t> columns;  // of the signal matrix, ascending
  std::vector<std::uint16_t> column_registers;
  std::vector<Load> loads;  // results of functions over time
  std::vector<Instruction> code;
  std::vector<std::uint16_t> outputs;
  std::vector<std::uint32_t> output_slots;  // but for the last stage, whose outputs are the roots
};

/// A function over time: reads one whole column, writes another.
struct OverTime {
  Op op = Op::mean_over;
  Length window;
  std::uint32_t input = 0;
  std::uint32_t output = 0;
};

/// Stages with the functions over time between them: stage 0, over[0], stage 1, ... last stage.
struct Program {
  std::vector<Stage> stages;
  std::vector<std::vector<OverTime>> over;  // one list less than stages
  std::size_t slots = 0;                    // whole columns
  std::size_t registers = 0;
  std::size_t block_rows = 0;
  bool needs_times = false;   // a window is in seconds
  bool needs_frames = false;  // a window is in frames
};

/// Code for the values `roots`.
Program make_program(const Graph& graph, const std::vector<std::uint32_t>& roots);

}  // namespace cexpr::rules::detail
