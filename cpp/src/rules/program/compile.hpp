#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nodes/problems.hpp"
#include "rules/file/document.hpp"
#include "rules/program/graph.hpp"

namespace cexpr::rules::detail {

/// Columns from here on stand for signals of the vocabulary that the matrix does not have.
constexpr std::uint32_t kMissingColumn = 0x80000000U;

/// The expressions of a document as one graph, with every `has` settled.
struct Lowered {
  Graph graph;
  std::vector<std::vector<std::uint32_t>> values;  // by expression and node
  std::vector<std::uint32_t> compounds;
};

/// `columns` gives the column of each signal of the vocabulary, -1 for none. With `problems`,
/// constants that are no real numbers are reported.
Lowered lower(const Document& document, const std::vector<std::int32_t>& columns,
              nodes::Problems* problems);

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

/// What a BoundRules holds.
struct Plan {
  std::shared_ptr<const Document> document;
  std::vector<std::int32_t> columns;  // of each signal of the vocabulary
  std::size_t width = 0;              // columns of the signal matrix
  Program program;
};

/// Places that read a signal which has no column and that no `has` guards.
std::vector<Problem> find_missing(const Document& document, const Lowered& lowered);

/// Marks, by expression and node, what the compounds read, directly or through lets. With
/// `lowered`, what a settled `has` cuts off is not marked, nor what lies below a constant.
std::vector<std::vector<bool>> nodes_read(const Document& document, const Lowered* lowered);

}  // namespace cexpr::rules::detail
