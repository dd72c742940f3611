#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cexpr/error.hpp"
#include "cexpr/export.hpp"
#include "cexpr/node.hpp"
#include "cexpr/settings.hpp"
#include "cexpr/span.hpp"

/// The rule language: a rule file, given as a tree of `Node`s, is checked, compiled once and
/// evaluated column-wise over blocks of rows.
namespace cexpr {

namespace rules {

// Limits of the language; what lies beyond is a RuleError, never a crash or a hang.
constexpr std::size_t kMaxNodeDepth = 64;           // maps and lists inside each other
constexpr std::size_t kMaxNodes = 200000;           // values in a file
constexpr std::size_t kMaxExpressionBytes = 16384;  // text of one expression
constexpr std::size_t kMaxExpressionDepth = 100;    // parentheses, calls and operators inside
constexpr std::size_t kMaxCompounds = 1024;
constexpr std::size_t kMaxTests = 1000;
constexpr std::size_t kMaxTestFrames = 5000;   // of all tests over time together
constexpr std::size_t kMaxOperations = 65535;  // after sharing common sub-expressions
constexpr std::size_t kMaxOverTime = 256;      // functions over time, after sharing
constexpr double kMaxWindowFrames = 100000.0;
constexpr double kMaxWindowSeconds = 3600.0;
constexpr std::size_t kMaxProblems = 200;  // reported for one file

/// One mistake in a rule file. `line` and `column` are 1-based, 0 where unknown; `rule` is the
/// compound, let or section that it is in, empty for the file as a whole.
struct Problem {
  int line = 0;
  int column = 0;
  std::string rule;
  std::string message;
};

/// Frames in a row of a test over time that show the same.
struct TestStep {
  int line = 0;
  int column = 0;
  std::vector<std::string> names;  // signals given, others are 0
  std::vector<float> values;
  bool has_face = true;        // `no_face: true`
  std::int64_t repeat = 1;     // number of frames
  bool is_checked = true;      // false for `any`
  std::int32_t expected = -1;  // class id of each of these frames, -1 for none
};

/// One entry of a file's `tests`: a single row, or one face over the frames of a clip.
struct TestCase {
  std::string name;
  int line = 0;
  int column = 0;
  std::vector<std::string> names;  // single row: signals given, others are 0
  std::vector<float> values;
  std::vector<std::string> absent;  // signals that no model provides in this test
  std::int32_t expected = -1;       // single row: class id, -1 for none
  std::vector<TestStep> steps;      // over time; empty for a single row
  double frames_per_second = 25.0;  // over time
};

/// What came out of a test. `got` and `runner_up` are those of `frame`: the first frame that has
/// another label than it should, frame 0 where there is none.
struct TestResult {
  bool passed = false;
  std::int32_t got = -1;        // class id, -1 for none
  std::int32_t runner_up = -1;  // highest adjusted score beside `got`, -1 for none
  std::size_t frame = 0;
  std::vector<float> scores;         // (frames, K), smoothed as in a clip; one row for a single row
  std::vector<std::int32_t> labels;  // of each frame
};

/// A sub-expression with its value in one row. `text` is the source; `kind` is number, condition,
/// signal, let, operator, function or has. NaN where the value is unknown, or was not computed
/// because a settled `has` cuts it off. A let stands here with its value alone; see
/// `RowExplanation::lets`.
struct Explanation {
  std::string text;
  std::string kind;
  float value = 0.0F;
  std::vector<Explanation> parts;
};

struct LetExplanation {
  std::string name;
  Explanation value;
};

/// Why one compound got its score.
struct CompoundExplanation {
  std::string name;
  float score = 0.0F;        // what `evaluate` gives
  float adjusted = 0.0F;     // after priors and bias
  bool gate_closed = false;  // `when` does not hold, or is unknown
  Explanation value;         // of `score`
  std::optional<Explanation> when;
  std::optional<Explanation> otherwise;
};

/// Why one row got its label.
struct RowExplanation {
  std::vector<CompoundExplanation> compounds;
  std::vector<LetExplanation> lets;  // those that a compound reads, each after those it reads
  std::int32_t winner = -1;
  std::int32_t runner_up = -1;  // highest adjusted score beside the winner, -1 for none
  std::string reason;           // one sentence
};

/// Where the windows of `mean_over` and its kin lie. For a window of n frames, row i sees
/// centred: frames f_i - n/2 ... f_i - n/2 + n - 1 (integer division), trailing: f_i - n + 1 ...
/// f_i, n frames each; for w seconds centred: |t_j - t_i| <= w / 2, trailing:
/// t_i - w <= t_j <= t_i, both with a tolerance of a microsecond, and no row after row i. Rows
/// whose value is NaN are left out.
enum class Windows : std::uint8_t { centred, trailing };

/// What goes with the rows of a signal matrix; an empty span means "not given". Needed only by
/// rules that look over time: `frames` for windows in frames (without it, and without tracks,
/// row i is frame i), `times` in seconds for windows in seconds, `tracks` to keep faces apart.
/// Frames and times must not decrease within a track; rows of several tracks may alternate.
struct RowIndex {
  Span<const std::int64_t> frames;
  Span<const double> times;
  Span<const std::int64_t> tracks;
};

/// What a compiler of rule files may know beside the file.
struct CompileOptions {
  std::string file = "<rules>";  // for messages
  /// Names that are signals; empty: the vocabulary of cexpr (`default_signals`).
  std::vector<std::string> signals;
};

/// The 22 names of expressions, valence, arousal and action units.
CEXPR_API const std::vector<std::string>& default_signals();

}  // namespace rules

/// A rule file has mistakes; `what()` has a line `file:line:column: rule: message` for each.
class CEXPR_API RuleError : public Error {
 public:
  RuleError(std::string file, std::vector<rules::Problem> problems);
  const std::vector<rules::Problem>& problems() const { return *problems_; }
  const std::string& file() const { return *file_; }

 private:
  std::shared_ptr<const std::string> file_;
  std::shared_ptr<const std::vector<rules::Problem>> problems_;
};

namespace rules::detail {
struct Document;
struct Plan;
struct StreamState;
}  // namespace rules::detail

/// A rule set that is tied to a list of columns: what evaluates. Immutable, cheap to copy, safe to
/// use from several threads.
class CEXPR_API BoundRules {
 public:
  explicit BoundRules(std::shared_ptr<const rules::detail::Plan> plan);

  std::size_t columns() const;    // S, columns of the signal matrix
  std::size_t compounds() const;  // K
  bool looks_over_time() const;
  bool needs_times() const;  // a window is in seconds

  /// Scores of N rows. `signals`: (N, S); `scores`: (N, K). NaN is "unknown". Throws ArgumentError
  /// when a shape does not fit or `index` lacks what the rules need. O(N), whatever the windows.
  void evaluate(Span2D<const float> signals, const rules::RowIndex& index, rules::Windows windows,
                Span2D<float> scores) const;

  /// As `evaluate`, and the row-wise decision in the same pass. `labels`: (N,).
  void classify(Span2D<const float> signals, const rules::RowIndex& index, rules::Windows windows,
                Span2D<float> scores, Span<std::int32_t> labels) const;

  /// Row `row` of `signals` taken apart; the other rows matter only to rules that look over time.
  rules::RowExplanation explain(Span2D<const float> signals, const rules::RowIndex& index,
                                rules::Windows windows, std::size_t row) const;

  const std::shared_ptr<const rules::detail::Plan>& plan() const { return plan_; }

 private:
  std::shared_ptr<const rules::detail::Plan> plan_;
};

/// Evaluates rows as they come, windows trailing: the same numbers as
/// `BoundRules::evaluate(..., Windows::trailing)` on all rows so far. Holds no more rows than the
/// longest window spans, forgets tracks that were not seen for that long, and does not allocate
/// once its buffers have grown to the windows in use.
class CEXPR_API RuleStream {
 public:
  explicit RuleStream(const BoundRules& rules);
  ~RuleStream();
  RuleStream(RuleStream&&) noexcept;
  RuleStream& operator=(RuleStream&&) noexcept;
  RuleStream(const RuleStream&) = delete;
  RuleStream& operator=(const RuleStream&) = delete;

  /// The faces of one frame. `signals`: (F, S), F may be 0; `tracks`: (F,) or empty when F <= 1;
  /// `scores`: (F, K). `frame` and `time` (seconds) must increase from call to call (StateError).
  void push(std::int64_t frame, double time, Span2D<const float> signals,
            Span<const std::int64_t> tracks, Span2D<float> scores);

  /// Forgets every row, for a new clip.
  void reset();

 private:
  std::unique_ptr<rules::detail::StreamState> state_;
};

/// A checked and compiled rule file. Immutable, cheap to copy, safe to use from several threads.
class CEXPR_API RuleSet {
 public:
  /// Checks and compiles a file. Throws RuleError with every problem that was found.
  static RuleSet compile(const Node& root, const rules::CompileOptions& options = {});

  const std::string& file() const;
  const std::string& name() const;
  const std::string& about() const;
  const std::string& source() const;
  /// Signals that the rules read, in the order of the vocabulary.
  const std::vector<std::string>& signals() const;
  /// Compounds in the order of their ids 0, 1, 2, ...
  const std::vector<std::string>& compounds() const;
  const rules::Smoothing& smooth_expression() const;
  const rules::Smoothing& smooth_valence_arousal() const;
  const rules::Smoothing& smooth_action_units() const;
  const rules::Smoothing& smooth_compounds() const;
  rules::Faces faces() const;
  rules::Gaps gaps() const;
  /// How far from a seen face frames are filled; `rules::kUnlimited` without a limit.
  rules::Length gaps_at_most() const;
  const rules::Decision& decision() const;
  const rules::Events& events() const;
  const std::vector<rules::TestCase>& tests() const;
  /// What is legal and surely not meant, in the order of the file: `valence > 3`, a `min_duration`
  /// of 500 frames, a value under `let` that nothing reads. Such rules run all the same.
  const std::vector<rules::Problem>& warnings() const;
  bool looks_over_time() const;

  /// Signals that the rules need and `names` lacks, one problem for each place that reads one
  /// unguarded by `has(...)`. Empty: `bind(names)` succeeds.
  std::vector<rules::Problem> missing(const std::vector<std::string>& names) const;

  /// Ties the rules to columns: column j of a signal matrix holds `names[j]`; columns that no rule
  /// reads are ignored. `has(x)` is settled here. Throws RuleError for a signal that is missing
  /// and ArgumentError for a name that comes twice.
  BoundRules bind(const std::vector<std::string>& names) const;

  /// Row-wise decision, without min_duration and hysteresis. `scores`: (N, K); `labels`: (N,).
  /// A compound whose score is 0 or NaN cannot win; of the others the highest adjusted score wins,
  /// ties go to the lowest id; -1 where none is left or the winner is below `abstain_below`.
  void decide(Span2D<const float> scores, Span<std::int32_t> labels) const;

  /// Runs the file's `tests`, one result for each. A single row is decided as by `decide`. A test
  /// over time is a clip of one face, in frames 1, 2, ... at `frames_per_second`, and goes the
  /// whole way: signals smoothed, rules with centred windows, gaps filled, compound scores
  /// smoothed, labels with hysteresis and minimum duration. Each frame of each step must have the
  /// step's label.
  std::vector<rules::TestResult> run_tests() const;

 private:
  explicit RuleSet(std::shared_ptr<const rules::detail::Document> document);
  std::shared_ptr<const rules::detail::Document> document_;
};

}  // namespace cexpr
