#include "rules/run/runner.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <unordered_map>

#include "rules/run/window.hpp"

namespace cexpr::rules::detail {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

/// Rows that a kernel computes for `count` of them.
std::size_t padded(std::size_t count) {
  return (count + kernels::kColumnStep - 1) / kernels::kColumnStep * kernels::kColumnStep;
}

double position_of(const RowIndex& index, bool in_seconds, std::size_t row) {
  if (in_seconds) {
    return index.times[row];
  }
  return index.frames.empty() ? static_cast<double>(row) : static_cast<double>(index.frames[row]);
}

void check_order(const RowIndex& index, bool in_seconds, const TrackRows& tracks) {
  for (std::size_t track = 0; track < tracks.count(); ++track) {
    const Span<const std::uint32_t> rows = tracks.rows(track);
    for (std::size_t i = 0; i < rows.size; ++i) {
      const double here = position_of(index, in_seconds, rows[i]);
      const bool fits = in_seconds ? std::isfinite(here) : std::abs(here) <= kExactIntegers;
      if (!fits || (i > 0 && here < position_of(index, in_seconds, rows[i - 1]))) {
        throw ArgumentError(
            std::string(in_seconds ? "times" : "frames") + ": row " + std::to_string(rows[i]) +
            (fits ? " goes back within its track; sort the rows by time" : " is out of range"));
      }
    }
  }
}

/// One function over time over one track: rows enter at the far end and leave at the near one.
void slide(const OverTime& over, const RowIndex& index, Windows windows,
           Span<const std::uint32_t> rows, const std::vector<float>& input,
           std::vector<float>& output, SlidingWindow& window) {
  const Reach reach = reach_of(over.window, windows);
  const bool in_seconds = over.window.in_seconds;
  window.clear();
  std::size_t entered = 0;
  for (std::size_t i = 0; i < rows.size; ++i) {
    const double here = position_of(index, in_seconds, rows[i]);
    // A stream knows no row beyond this one, not even one of the same time.
    const std::size_t limit = windows == Windows::trailing ? i + 1 : rows.size;
    while (entered < limit && position_of(index, in_seconds, rows[entered]) <= here + reach.end) {
      window.push(position_of(index, in_seconds, rows[entered]), input[rows[entered]]);
      ++entered;
    }
    window.drop_before(here + reach.begin);
    output[rows[i]] = window.result();
  }
}

}  // namespace

Runner::Runner(const Program& program, const kernels::RulesTable& kernels)
    : kernels_(&kernels),
      rows_(program.block_rows),
      memory_(program.registers * program.block_rows + kAlignment / sizeof(float), 0.0F),
      registers_(memory_.data()) {
  const auto address = reinterpret_cast<std::uintptr_t>(registers_);
  const std::uintptr_t excess = address % kAlignment;
  registers_ += excess == 0 ? 0 : (kAlignment - excess) / sizeof(float);
  targets_.resize(program.registers);
  std::size_t most = 0;
  for (const Stage& stage : program.stages) {
    most = std::max(most, stage.outputs.size());
  }
  outputs_.resize(most);
}

void Runner::begin(const Stage& stage) {
  for (const Stage::Fill& fill : stage.constants) {
    std::fill_n(reg(fill.reg), rows_, fill.value);
  }
}

void Runner::run(const Stage& stage, Span2D<const float> signals, std::size_t first,
                 std::size_t count, const std::vector<std::vector<float>>& slots) {
  if (!stage.columns.empty()) {
    for (std::size_t k = 0; k < stage.columns.size(); ++k) {
      targets_[k] = reg(stage.column_registers[k]);
    }
    kernels_->gather(signals.row(first), signals.stride, signals.cols, count, stage.columns.data(),
                     stage.columns.size(), targets_.data());
  }
  for (const Stage::Load& load : stage.loads) {
    std::memcpy(reg(load.reg), slots[load.slot].data() + first, count * sizeof(float));
  }
  const std::size_t n = padded(count);
  for (const Instruction& instruction : stage.code) {
    kernels_->operations[static_cast<std::size_t>(instruction.op)](
        reg(instruction.out), reg(instruction.a), reg(instruction.b), reg(instruction.c), n);
  }
}

const float* const* Runner::outputs(const Stage& stage) {
  for (std::size_t k = 0; k < stage.outputs.size(); ++k) {
    outputs_[k] = reg(stage.outputs[k]);
  }
  return outputs_.data();
}

TrackRows::TrackRows(std::size_t rows, Span<const std::int64_t> tracks) : order_(rows) {
  if (tracks.empty()) {
    begin_ = {0, rows};
    for (std::size_t i = 0; i < rows; ++i) {
      order_[i] = static_cast<std::uint32_t>(i);
    }
    return;
  }
  std::unordered_map<std::int64_t, std::uint32_t> numbers;
  std::vector<std::uint32_t> track_of(rows);
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto next = static_cast<std::uint32_t>(numbers.size());
    track_of[i] = numbers.emplace(tracks[i], next).first->second;
    sizes.resize(numbers.size(), 0);
    ++sizes[track_of[i]];
  }
  begin_.assign(1, 0);
  for (const std::size_t size : sizes) {
    begin_.push_back(begin_.back() + size);
  }
  std::vector<std::size_t> next(begin_.begin(), begin_.end() - 1);
  for (std::size_t i = 0; i < rows; ++i) {
    order_[next[track_of[i]]++] = static_cast<std::uint32_t>(i);
  }
}

void check_index(const Plan& plan, const Program& program, Span2D<const float> signals,
                 const RowIndex& index) {
  const auto check = [rows = signals.rows](std::size_t size, const char* name) {
    if (size != 0 && size != rows) {
      throw ArgumentError(std::string(name) + ": expected " + std::to_string(rows) +
                          " rows as in signals, got " + std::to_string(size));
    }
  };
  check(index.frames.size, "frames");
  check(index.times.size, "times");
  check(index.tracks.size, "tracks");
  if (signals.cols != plan.width) {
    throw ArgumentError("signals: expected " + std::to_string(plan.width) +
                        " columns, one for each name; got " + std::to_string(signals.cols));
  }
  if (signals.rows == 0) {
    return;
  }
  if (signals.rows > 0xFFFFFFFFU) {
    throw ArgumentError("signals: more than 4294967295 rows");
  }
  if (program.needs_times && index.times.empty()) {
    throw ArgumentError("times: the rules have windows in seconds; pass the time of each row");
  }
  if (program.needs_frames && index.frames.empty() && !index.tracks.empty()) {
    throw ArgumentError(
        "frames: the rules have windows in frames; with tracks, pass the frame of each row");
  }
}

void run_program(const Program& program, Span2D<const float> signals, const RowIndex& index,
                 Windows windows, std::size_t begin, std::size_t end, Runner& runner, Sink& sink) {
  const std::size_t step = runner.block_rows();
  std::vector<std::vector<float>> slots(program.slots);
  if (program.slots != 0) {
    const TrackRows tracks(signals.rows, index.tracks);
    if (program.needs_frames) {
      check_order(index, false, tracks);
    }
    if (program.needs_times) {
      check_order(index, true, tracks);
    }
    for (std::vector<float>& slot : slots) {
      slot.resize(signals.rows);
    }
    for (std::size_t level = 0; level < program.over.size(); ++level) {
      const Stage& stage = program.stages[level];
      runner.begin(stage);
      for (std::size_t first = 0; first < signals.rows; first += step) {
        const std::size_t count = std::min(step, signals.rows - first);
        runner.run(stage, signals, first, count, slots);
        const float* const* outputs = runner.outputs(stage);
        for (std::size_t k = 0; k < stage.outputs.size(); ++k) {
          std::memcpy(slots[stage.output_slots[k]].data() + first, outputs[k],
                      count * sizeof(float));
        }
      }
      for (const OverTime& over : program.over[level]) {
        SlidingWindow window(over.op);
        for (std::size_t track = 0; track < tracks.count(); ++track) {
          slide(over, index, windows, tracks.rows(track), slots[over.input], slots[over.output],
                window);
        }
      }
    }
  }
  const Stage& last = program.stages.back();
  runner.begin(last);
  for (std::size_t first = begin; first < end; first += step) {
    const std::size_t count = std::min(step, end - first);
    runner.run(last, signals, first, count, slots);
    sink.take(runner.outputs(last), first, count);
  }
}

}  // namespace cexpr::rules::detail
