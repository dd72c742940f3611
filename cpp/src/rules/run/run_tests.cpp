#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cexpr/filter.hpp"
#include "cexpr/rules.hpp"
#include "cexpr/timeline.hpp"
#include "rules/file/document.hpp"
#include "rules/run/rank.hpp"
#include "vocabulary.hpp"

namespace cexpr {

using namespace rules;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Numbers in rows of one width.
struct Matrix {
  Matrix(std::size_t rows, std::size_t cols) : cols_(cols), values(rows * cols, kNan) {}

  float* row(std::size_t at) { return values.data() + at * cols_; }
  std::size_t rows() const { return cols_ == 0 ? 0 : values.size() / cols_; }
  Span2D<float> all() { return {values.data(), rows(), cols_, cols_}; }
  Span2D<const float> view() const { return {values.data(), rows(), cols_, cols_}; }

  std::size_t cols_;
  std::vector<float> values;
};

double in_frames(const Length& length, double rate) {
  return length.in_seconds ? length.value * rate : length.value;
}

/// The value given for a signal, 0 where none is.
float value_of(const std::vector<std::string>& names, const std::vector<float>& values,
               const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? 0.0F : values[static_cast<std::size_t>(found - names.begin())];
}

/// Smooths some neighbouring columns in place.
void smooth_columns(Span2D<float> rows, std::size_t first, std::size_t count,
                    const std::vector<std::int64_t>& frames, const Smoothing& smoothing,
                    double rate) {
  if (smoothing.kernel == Smoothing::Kernel::none || count == 0 || rows.rows == 0) {
    return;
  }
  FilterOptions options;
  options.kernel =
      smoothing.kernel == Smoothing::Kernel::box ? FilterKernel::box : FilterKernel::gaussian;
  options.radius = static_cast<std::int64_t>(std::nearbyint(in_frames(smoothing.radius, rate)));
  options.sigma = in_frames(smoothing.sigma, rate);
  options.window = smoothing.count_rows ? FilterWindow::rows : FilterWindow::frames;
  Matrix smoothed(rows.rows, count);
  smooth({rows.data + first, rows.rows, count, rows.stride}, {frames.data(), frames.size()},
         options, smoothed.all());
  for (std::size_t i = 0; i < rows.rows; ++i) {
    std::copy(smoothed.row(i), smoothed.row(i) + count, rows.row(i) + first);
  }
}

/// One test over time: the frames in which the face is seen, and all frames of the clip.
class Clip {
 public:
  Clip(const TestCase& test, const std::vector<std::string>& names)
      : rate_(test.frames_per_second) {
    for (const TestStep& step : test.steps) {
      for (std::int64_t i = 0; i < step.repeat; ++i) {
        seen_.push_back(step.has_face ? 1 : 0);
        frames_.push_back(static_cast<std::int64_t>(seen_.size()));
        times_.push_back(static_cast<double>(seen_.size() - 1) / rate_);
        if (step.has_face) {
          face_frames_.push_back(frames_.back());
          face_times_.push_back(times_.back());
        }
      }
    }
    signals_ = Matrix(face_frames_.size(), names.size());
    std::size_t at = 0;
    for (const TestStep& step : test.steps) {
      for (std::int64_t i = 0; step.has_face && i < step.repeat; ++i, ++at) {
        for (std::size_t column = 0; column < names.size(); ++column) {
          signals_.row(at)[column] = value_of(step.names, step.values, names[column]);
        }
      }
    }
  }

  void smooth_signals(const RuleSet& rules, const std::vector<std::string>& names) {
    const std::pair<const vocabulary::Group*, const Smoothing*> groups[] = {
        {&vocabulary::kExpression, &rules.smooth_expression()},
        {&vocabulary::kValenceArousal, &rules.smooth_valence_arousal()},
        {&vocabulary::kActionUnits, &rules.smooth_action_units()}};
    for (std::size_t column = 0; column < names.size(); ++column) {
      const std::size_t place = vocabulary::place_of(names[column]);
      for (const auto& [group, smoothing] : groups) {
        if (group->holds(place)) {
          smooth_columns(signals_.all(), column, 1, face_frames_, *smoothing, rate_);
        }
      }
    }
  }

  /// Scores of all frames: (frames, K).
  Matrix score(const RuleSet& rules, const BoundRules& bound) {
    const std::size_t compounds = rules.compounds().size();
    Matrix of_face(face_frames_.size(), compounds);
    RowIndex index;
    index.frames = {face_frames_.data(), face_frames_.size()};
    index.times = {face_times_.data(), face_times_.size()};
    bound.evaluate(signals_.view(), index, Windows::centred, of_face.all());
    Matrix scores(frames_.size(), compounds);
    std::size_t at = 0;
    for (std::size_t t = 0; t < frames_.size(); ++t) {
      if (seen_[t] != 0) {
        std::copy(of_face.row(at), of_face.row(at) + compounds, scores.row(t));
        ++at;
      }
    }
    std::vector<std::uint8_t> is_filled(frames_.size());
    Matrix filled(frames_.size(), compounds);
    fill_gaps(scores.view(), {seen_.data(), seen_.size()}, {times_.data(), times_.size()},
              rules.gaps(), rules.gaps_at_most(), filled.all(),
              {is_filled.data(), is_filled.size()});
    return smooth_scores(rules.smooth_compounds(), std::move(filled));
  }

  void decide(const RuleSet& rules, const Matrix& scores, std::vector<std::int32_t>& labels) const {
    labels.resize(frames_.size());
    cexpr::decide(scores.view(), {times_.data(), times_.size()}, rules.decision(),
                  {labels.data(), labels.size()}, {});
  }

 private:
  /// `filled: skip` leaves filled frames out, and keeps their scores where no other is in reach.
  /// What no face was seen for and nothing filled stays unknown.
  Matrix smooth_scores(const Smoothing& smoothing, Matrix filled) const {
    Matrix smoothed = filled;
    for (std::size_t t = 0; smoothing.skip_filled && t < seen_.size(); ++t) {
      if (seen_[t] == 0) {
        std::fill_n(smoothed.row(t), smoothed.cols_, kNan);
      }
    }
    smooth_columns(smoothed.all(), 0, smoothed.cols_, frames_, smoothing, rate_);
    for (std::size_t i = 0; i < filled.values.size(); ++i) {
      const bool is_unseen = seen_[i / filled.cols_] == 0;
      if (std::isnan(smoothed.values[i]) || (is_unseen && std::isnan(filled.values[i]))) {
        smoothed.values[i] = filled.values[i];
      }
    }
    return smoothed;
  }

  double rate_;
  std::vector<std::uint8_t> seen_;
  std::vector<std::int64_t> frames_;
  std::vector<double> times_;
  std::vector<std::int64_t> face_frames_;
  std::vector<double> face_times_;
  Matrix signals_{0, 0};
};

/// Notes the first frame that has another label than its step wants.
void judge(const TestCase& test, const Decision& decision, std::size_t compounds,
           TestResult& result) {
  std::size_t frame = 0;
  result.passed = true;
  for (const TestStep& step : test.steps) {
    for (std::int64_t i = 0; i < step.repeat; ++i, ++frame) {
      if (result.passed && step.is_checked && result.labels[frame] != step.expected) {
        result.passed = false;
        result.frame = frame;
      }
    }
  }
  const auto begin = result.scores.begin() + static_cast<std::ptrdiff_t>(result.frame * compounds);
  const auto ranking = rules::detail::rank(
      decision, std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(compounds)));
  result.got = result.labels[result.frame];
  result.runner_up = ranking.best_beside(result.got);
}

/// The signals that a test has.
std::vector<std::string> names_of(const TestCase& test,
                                  const std::vector<std::string>& vocabulary) {
  std::vector<std::string> names;
  std::copy_if(vocabulary.begin(), vocabulary.end(), std::back_inserter(names),
               [&](const std::string& name) {
                 return std::find(test.absent.begin(), test.absent.end(), name) ==
                        test.absent.end();
               });
  return names;
}

TestResult run_row(const TestCase& test, const RuleSet& rules, const BoundRules& bound,
                   const std::vector<std::string>& names) {
  Matrix row(1, names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    row.values[i] = value_of(test.names, test.values, names[i]);
  }
  const std::int64_t frame = 1;
  const double time = 0.0;
  RowIndex index;
  index.frames = {&frame, 1};
  index.times = {&time, 1};
  Matrix scores(1, rules.compounds().size());
  bound.evaluate(row.view(), index, Windows::centred, scores.all());
  const rules::detail::Ranking ranking = rules::detail::rank(rules.decision(), scores.values);
  TestResult result;
  result.got = ranking.winner;
  result.runner_up = ranking.best_beside(result.got);
  result.passed = result.got == test.expected;
  result.scores = std::move(scores.values);
  result.labels = {result.got};
  return result;
}

TestResult run_clip(const TestCase& test, const RuleSet& rules, const BoundRules& bound,
                    const std::vector<std::string>& names) {
  Clip clip(test, names);
  clip.smooth_signals(rules, names);
  Matrix scores = clip.score(rules, bound);
  TestResult result;
  clip.decide(rules, scores, result.labels);
  result.scores = std::move(scores.values);
  judge(test, rules.decision(), rules.compounds().size(), result);
  return result;
}

}  // namespace

std::vector<TestResult> RuleSet::run_tests() const {
  std::map<std::vector<std::string>, BoundRules> bound;  // by the columns that a test has
  std::vector<TestResult> results;
  for (const TestCase& test : document_->tests) {
    const std::vector<std::string> names = names_of(test, document_->vocabulary);
    auto found = bound.find(names);
    if (found == bound.end()) {
      found = bound.emplace(names, bind(names)).first;
    }
    results.push_back(test.steps.empty() ? run_row(test, *this, found->second, names)
                                         : run_clip(test, *this, found->second, names));
  }
  return results;
}

}  // namespace cexpr
