#include "rules/program/program.hpp"

#include <algorithm>
#include <limits>

#include "cexpr/error.hpp"
#include "kernels/rules_table.hpp"

namespace cexpr::rules::detail {
namespace {

constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kCacheFloats = 6144;  // registers of a block fit the first-level cache
constexpr std::size_t kMostBlockRows = 256;
constexpr std::size_t kLeastBlockRows = 32;

class Programmer {
 public:
  Programmer(const Graph& graph, const std::vector<std::uint32_t>& roots)
      : graph_(graph), roots_(roots), slot_(graph.size(), kNever) {}

  Program run() {
    find_levels();
    const std::size_t last = levels_;
    program_.stages.resize(last + 1);
    program_.over.resize(last);
    for (std::size_t level = 0; level < last; ++level) {
      plan_over(level);
    }
    for (std::size_t level = 0; level <= last; ++level) {
      Emitter(*this, program_.stages[level]).run(level == last ? roots_ : inputs_[level]);
    }
    const std::size_t rows = kCacheFloats / std::max<std::size_t>(program_.registers, 1);
    program_.block_rows = std::clamp(rows / kernels::kColumnStep * kernels::kColumnStep,
                                     kLeastBlockRows, kMostBlockRows);
    return std::move(program_);
  }

 private:
  /// How many functions over time lie inside each other below a node that is needed.
  void find_levels() {
    needed_.assign(graph_.size(), false);
    level_.assign(graph_.size(), 0);
    for (const std::uint32_t root : roots_) {
      needed_[root] = true;
    }
    for (std::uint32_t i = static_cast<std::uint32_t>(graph_.size()); i-- > 0;) {
      if (needed_[i]) {
        for_operands(i, [this](std::uint32_t operand) { needed_[operand] = true; });
      }
    }
    for (std::uint32_t i = 0; i < graph_.size(); ++i) {
      if (needed_[i]) {
        for_operands(i, [this, i](std::uint32_t operand) {
          level_[i] = std::max(level_[i], level_[operand]);
        });
        if (is_over_time(graph_[i].op)) {
          level_[i] += 1;
        }
        levels_ = std::max<std::size_t>(levels_, level_[i]);
      }
    }
    inputs_.resize(levels_);
  }

  template <class Action>
  void for_operands(std::uint32_t node, Action action) const {
    const GraphNode& n = graph_[node];
    const int count = operand_count(n.op);
    if (count > 0) {
      action(n.a);
    }
    if (count > 1) {
      action(n.b);
    }
    if (count > 2) {
      action(n.c);
    }
  }

  void plan_over(std::size_t level) {
    std::vector<std::uint32_t> input_slot(graph_.size(), kNever);
    for (std::uint32_t i = 0; i < graph_.size(); ++i) {
      const GraphNode& node = graph_[i];
      if (!needed_[i] || !is_over_time(node.op) || level_[i] != level + 1) {
        continue;
      }
      if (input_slot[node.a] == kNever) {
        input_slot[node.a] = static_cast<std::uint32_t>(program_.slots++);
        inputs_[level].push_back(node.a);
        program_.stages[level].output_slots.push_back(input_slot[node.a]);
      }
      slot_[i] = static_cast<std::uint32_t>(program_.slots++);
      (node.window.in_seconds ? program_.needs_times : program_.needs_frames) = true;
      program_.over[level].push_back({node.op, node.window, input_slot[node.a], slot_[i]});
    }
  }

  /// Writes the code of one stage; registers are given back after their last use.
  class Emitter {
   public:
    Emitter(Programmer& owner, Stage& stage)
        : owner_(owner),
          graph_(owner.graph_),
          stage_(stage),
          reg_(graph_.size(), 0),
          last_use_(graph_.size(), 0),
          wanted_(graph_.size(), false) {}

    void run(const std::vector<std::uint32_t>& outputs) {
      mark(outputs);
      emit_leaves();
      for (std::uint32_t i = 0; i < graph_.size(); ++i) {
        if (wanted_[i] && !is_leaf(i)) {
          emit(i);
        }
      }
      for (const std::uint32_t output : outputs) {
        stage_.outputs.push_back(reg_[output]);
      }
      owner_.program_.registers = std::max(owner_.program_.registers, count_);
    }

   private:
    bool is_leaf(std::uint32_t node) const {
      const Op op = graph_[node].op;
      return op == Op::constant || op == Op::signal || is_over_time(op);
    }

    void mark(const std::vector<std::uint32_t>& outputs) {
      for (const std::uint32_t output : outputs) {
        wanted_[output] = true;
        last_use_[output] = kNever;
      }
      for (std::uint32_t i = static_cast<std::uint32_t>(graph_.size()); i-- > 0;) {
        if (wanted_[i] && !is_leaf(i)) {
          owner_.for_operands(i, [this, i](std::uint32_t operand) {
            wanted_[operand] = true;
            last_use_[operand] = std::max(last_use_[operand], i);
          });
        }
      }
    }

    void emit_leaves() {
      std::vector<std::pair<std::uint32_t, std::uint16_t>> columns;
      for (std::uint32_t i = 0; i < graph_.size(); ++i) {
        if (!wanted_[i] || !is_leaf(i)) {
          continue;
        }
        const GraphNode& node = graph_[i];
        reg_[i] = take();
        if (node.op == Op::constant) {
          last_use_[i] = kNever;  // filled once for all blocks
          stage_.constants.push_back({node.value, reg_[i]});
        } else if (is_over_time(node.op)) {
          stage_.loads.push_back({owner_.slot_[i], reg_[i]});
        } else if (node.column >= kMissingColumn) {
          last_use_[i] = kNever;
          stage_.constants.push_back({std::numeric_limits<float>::quiet_NaN(), reg_[i]});
        } else {
          columns.emplace_back(node.column, reg_[i]);
        }
      }
      std::sort(columns.begin(), columns.end());
      for (const auto& [column, reg] : columns) {
        stage_.columns.push_back(column);
        stage_.column_registers.push_back(reg);
      }
    }

    void emit(std::uint32_t i) {
      const GraphNode& node = graph_[i];
      Instruction instruction;
      instruction.op = node.op;
      const int count = operand_count(node.op);
      instruction.a = reg_[node.a];
      instruction.b = count > 1 ? reg_[node.b] : instruction.a;
      instruction.c = count > 2 ? reg_[node.c] : instruction.a;
      // An operand used twice is given back once.
      std::uint32_t freed[3] = {kNever, kNever, kNever};
      std::size_t freed_count = 0;
      owner_.for_operands(i, [&](std::uint32_t operand) {
        if (last_use_[operand] == i && std::find(freed, freed + 3, operand) == freed + 3) {
          freed[freed_count++] = operand;
          free_.push_back(reg_[operand]);
        }
      });
      reg_[i] = take();
      instruction.out = reg_[i];
      stage_.code.push_back(instruction);
    }

    std::uint16_t take() {
      if (free_.empty()) {
        if (count_ > std::numeric_limits<std::uint16_t>::max()) {
          throw ArgumentError("rules: more than 65536 values are alive at once");
        }
        return static_cast<std::uint16_t>(count_++);
      }
      const std::uint16_t reg = free_.back();
      free_.pop_back();
      return reg;
    }

    Programmer& owner_;
    const Graph& graph_;
    Stage& stage_;
    std::vector<std::uint16_t> reg_;
    std::vector<std::uint32_t> last_use_;
    std::vector<bool> wanted_;
    std::vector<std::uint16_t> free_;
    std::size_t count_ = 0;
  };

  const Graph& graph_;
  const std::vector<std::uint32_t>& roots_;
  std::vector<std::uint32_t> slot_;  // of the results of functions over time
  std::vector<bool> needed_;
  std::vector<std::uint32_t> level_;
  std::size_t levels_ = 0;
  std::vector<std::vector<std::uint32_t>> inputs_;
  Program program_;
};

}  // namespace

Program make_program(const Graph& graph, const std::vector<std::uint32_t>& roots) {
  return Programmer(graph, roots).run();
}

}  // namespace cexpr::rules::detail
