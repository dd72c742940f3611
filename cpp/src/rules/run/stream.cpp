#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "cexpr/rules.hpp"
#include "kernels/pick.hpp"
#include "rules/run/runner.hpp"
#include "rules/run/window.hpp"

namespace cexpr {
namespace rules::detail {

/// The windows of every function over time for each face in view.
struct StreamState {
  explicit StreamState(const BoundRules& rules)
      : plan(rules.plan()),
        kernels(&kernels::pick<kernels::RulesTable>()),
        runner(plan->program, *kernels),
        slots(plan->program.slots, std::vector<float>(plan->program.block_rows)) {
    for (const std::vector<OverTime>& level : plan->program.over) {
      for (const OverTime& over : level) {
        const Reach reach = reach_of(over.window, Windows::trailing);
        double& longest = over.window.in_seconds ? longest_seconds : longest_frames;
        longest = std::max(longest, -reach.begin);
      }
    }
  }

  struct Track {
    bool is_used = false;
    std::int64_t id = 0;
    double frame = 0.0;
    double time = 0.0;
    std::vector<SlidingWindow> windows;
  };

  Track& track(std::int64_t id) {
    Track* free = nullptr;
    for (Track& one : tracks) {
      if (one.is_used && one.id == id) {
        return one;
      }
      free = free == nullptr && !one.is_used ? &one : free;
    }
    if (free == nullptr) {
      free = &tracks.emplace_back();
      for (const std::vector<OverTime>& level : plan->program.over) {
        for (const OverTime& over : level) {
          free->windows.emplace_back(over.op);
        }
      }
    }
    free->is_used = true;
    free->id = id;
    return *free;
  }

  void forget_before(double now_frame, double now_time) {
    for (Track& one : tracks) {
      if (one.is_used && now_frame - one.frame > longest_frames &&
          (longest_seconds == 0.0 || now_time - one.time > longest_seconds)) {
        forget(one);
      }
    }
  }

  static void forget(Track& one) {
    one.is_used = false;
    for (SlidingWindow& window : one.windows) {
      window.clear();
    }
  }

  void run(Span2D<const float> signals, Span<const std::int64_t> ids, std::size_t first,
           std::size_t count, double now_frame, double now_time, Span2D<float> scores) {
    const Program& program = plan->program;
    const Span2D<const float> block{signals.row(first), count, signals.cols, signals.stride};
    std::size_t before = 0;  // functions of earlier levels
    for (std::size_t level = 0; level < program.over.size(); ++level) {
      const float* const* outputs = run_stage(program.stages[level], block);
      for (std::size_t k = 0; k < program.stages[level].outputs.size(); ++k) {
        std::copy_n(outputs[k], count, slots[program.stages[level].output_slots[k]].data());
      }
      for (std::size_t i = 0; i < count; ++i) {
        Track& face = track(ids.empty() ? 0 : ids[first + i]);
        face.frame = now_frame;
        face.time = now_time;
        for (std::size_t k = 0; k < program.over[level].size(); ++k) {
          const OverTime& over = program.over[level][k];
          const double now = over.window.in_seconds ? now_time : now_frame;
          SlidingWindow& window = face.windows[before + k];
          window.drop_before(now + reach_of(over.window, Windows::trailing).begin);
          window.push(now, slots[over.input][i]);
          slots[over.output][i] = window.result();
        }
      }
      before += program.over[level].size();
    }
    const float* const* outputs = run_stage(program.stages.back(), block);
    kernels->scatter(outputs, scores.cols, count, scores.row(first), scores.stride);
  }

  const float* const* run_stage(const Stage& stage, Span2D<const float> block) {
    runner.begin(stage);
    runner.run(stage, block, 0, block.rows, slots);
    return runner.outputs(stage);
  }

  std::shared_ptr<const Plan> plan;
  const kernels::RulesTable* kernels;
  Runner runner;
  std::vector<std::vector<float>> slots;  // columns of one block
  std::vector<Track> tracks;
  double longest_frames = 0.0;
  double longest_seconds = 0.0;
  bool is_started = false;
  std::int64_t last_frame = 0;
  double last_time = 0.0;
};

}  // namespace rules::detail

namespace {

using rules::detail::StreamState;

void check_rows(const StreamState& state, Span2D<const float> signals,
                Span<const std::int64_t> tracks, Span2D<float> scores) {
  const std::size_t compounds = state.plan->document->compounds.size();
  if (signals.cols != state.plan->width) {
    throw ArgumentError("signals: expected " + std::to_string(state.plan->width) +
                        " columns, one for each name; got " + std::to_string(signals.cols));
  }
  if (scores.rows != signals.rows || scores.cols != compounds) {
    throw ArgumentError("scores: expected shape (" + std::to_string(signals.rows) + ", " +
                        std::to_string(compounds) + "), got (" + std::to_string(scores.rows) +
                        ", " + std::to_string(scores.cols) + ")");
  }
  if (tracks.size != signals.rows && !(tracks.empty() && signals.rows == 1)) {
    throw ArgumentError("tracks: expected the id of each of " + std::to_string(signals.rows) +
                        " faces, got " + std::to_string(tracks.size));
  }
  for (std::size_t i = 0; i < tracks.size; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (tracks[i] == tracks[j]) {
        throw ArgumentError("tracks: face " + std::to_string(tracks[i]) +
                            " comes twice in one frame");
      }
    }
  }
}

}  // namespace

RuleStream::RuleStream(const BoundRules& rules) : state_(std::make_unique<StreamState>(rules)) {}
RuleStream::~RuleStream() = default;
RuleStream::RuleStream(RuleStream&&) noexcept = default;
RuleStream& RuleStream::operator=(RuleStream&&) noexcept = default;

void RuleStream::push(std::int64_t frame, double time, Span2D<const float> signals,
                      Span<const std::int64_t> tracks, Span2D<float> scores) {
  StreamState& state = *state_;
  check_rows(state, signals, tracks, scores);
  constexpr std::int64_t kExactIntegers = std::int64_t{1} << 53U;
  if (frame < -kExactIntegers || frame > kExactIntegers) {
    throw ArgumentError("frame: " + std::to_string(frame) + " is out of range");
  }
  if (state.plan->program.needs_times && !std::isfinite(time)) {
    throw ArgumentError("time: the rules have windows in seconds; pass the time of the frame");
  }
  if (state.is_started && frame <= state.last_frame) {
    throw StateError("frame: " + std::to_string(frame) + " does not come after " +
                     std::to_string(state.last_frame) + "; call reset() for a new clip");
  }
  if (state.is_started && state.plan->program.needs_times && time < state.last_time) {
    throw StateError("time: " + std::to_string(time) + " lies before " +
                     std::to_string(state.last_time) + "; call reset() for a new clip");
  }
  state.is_started = true;
  state.last_frame = frame;
  state.last_time = time;
  const auto now_frame = static_cast<double>(frame);
  state.forget_before(now_frame, time);
  const std::size_t step = state.runner.block_rows();
  for (std::size_t first = 0; first < signals.rows; first += step) {
    state.run(signals, tracks, first, std::min(step, signals.rows - first), now_frame, time,
              scores);
  }
}

void RuleStream::reset() {
  state_->is_started = false;
  for (StreamState::Track& track : state_->tracks) {
    StreamState::forget(track);
  }
}

}  // namespace cexpr
