#include "rules/file/warnings.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "nodes/numbers.hpp"
#include "nodes/text.hpp"
#include "rules/file/ranges.hpp"
#include "rules/language/expression_problem.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

// A duration beyond 10 s and a reach beyond 40 s of usual video: milliseconds, most likely.
constexpr double kUsualRate = 25.0;
constexpr double kLongestDuration = 10.0 * kUsualRate;
constexpr double kLongestReach = 40.0 * kUsualRate;
constexpr double kLongestSeconds = 60.0;

const Node* find(const Node* map, const std::string& key) {
  if (map == nullptr || map->kind != Node::Kind::map) {
    return nullptr;
  }
  for (std::size_t i = 0; i + 1 < map->items.size(); i += 2) {
    if (map->items[i].text == key) {
      return &map->items[i + 1];
    }
  }
  return nullptr;
}

std::string between(const Range& range) {
  if (std::isinf(range.low)) {
    return "is at most " + number_text(range.high);
  }
  return std::isinf(range.high)
             ? "is at least " + number_text(range.low)
             : "lies between " + number_text(range.low) + " and " + number_text(range.high);
}

/// What is wrong with a number of frames that was probably meant as milliseconds.
std::string too_many_frames(const std::string& what, double frames) {
  const std::string key = what == "min_frames" ? "min_duration: " : "";
  return what + " is " + number_text(frames) + " frames, " + number_text(frames / kUsualRate) +
         " s at " + number_text(kUsualRate) +
         " frames per second; if milliseconds are meant, write " + key +
         number_text(frames / 1000.0) + "s";
}

class Finder {
 public:
  Finder(const Document& document, const Node& root)
      : document_(document), root_(root), ranges_(find_ranges(document)) {}

  std::vector<Problem> run() {
    note_reads();
    for (std::size_t i = 0; i < document_.expressions.size(); ++i) {
      check_expression(i);
    }
    for (const Let& let : document_.lets) {
      if (let.value != kNone && !is_read_[static_cast<std::size_t>(let.value)]) {
        add(let.line, let.column, let.name,
            "no compound reads this value; read it in one, or take it away");
      }
    }
    check_compounds();
    check_decision();
    check_lengths();
    check_tests();
    return warnings_.take();
  }

 private:
  void add(int line, int column, const std::string& rule, const std::string& message) {
    warnings_.add(line, column, rule, message);
  }

  /// Marks the expressions that a compound reads, directly or through lets.
  void note_reads() {
    is_read_.assign(document_.expressions.size(), false);
    is_suspect_.assign(document_.expressions.size(), false);
    reads_signal_.assign(document_.expressions.size(), false);
    std::vector<std::int32_t> open;
    for (const Compound& compound : document_.compounds) {
      open.insert(open.end(), {compound.score, compound.when, compound.otherwise});
    }
    while (!open.empty()) {
      const std::int32_t index = open.back();
      open.pop_back();
      if (index == kNone || is_read_[static_cast<std::size_t>(index)]) {
        continue;
      }
      is_read_[static_cast<std::size_t>(index)] = true;
      for (const AstNode& node : document_.expressions[static_cast<std::size_t>(index)].nodes) {
        if (node.kind == AstKind::let) {
          open.push_back(document_.lets[static_cast<std::size_t>(node.index)].value);
        }
      }
    }
    for (const std::uint32_t let : document_.let_order) {
      const auto value = static_cast<std::size_t>(document_.lets[let].value);
      const auto& nodes = document_.expressions[value].nodes;
      reads_signal_[value] = std::any_of(nodes.begin(), nodes.end(),
                                         [&](const AstNode& node) { return is_of_signal(node); });
    }
  }

  bool is_of_signal(const AstNode& node) const {
    if (node.kind == AstKind::let) {
      const std::int32_t value = document_.lets[static_cast<std::size_t>(node.index)].value;
      return value != kNone && reads_signal_[static_cast<std::size_t>(value)];
    }
    return node.kind == AstKind::signal;
  }

  void check_expression(std::size_t index) {
    const Expression& expression = document_.expressions[index];
    std::vector<bool> of_signal;  // a number that is compared with a number is a switch
    for (std::size_t i = 0; i < expression.nodes.size(); ++i) {
      const AstNode& node = expression.nodes[i];
      of_signal.push_back(is_of_signal(node) ||
                          std::any_of(node.args.begin(), node.args.end(), [&](std::uint32_t arg) {
                            return of_signal[arg] && node.kind != AstKind::has;
                          }));
      if (node.kind == AstKind::compare && of_signal[i]) {
        check_comparison(index, node);
      }
      const bool is_window = node.kind >= AstKind::mean_over;
      if (is_window && !node.window.in_seconds && node.window.value > kLongestReach) {
        add_problem(expression, node.begin, too_many_frames("the window", node.window.value),
                    warnings_);
      }
    }
  }

  /// Reports a comparison that is settled: the first pair of a chain that is never true, or the
  /// whole where every pair is always true.
  void check_comparison(std::size_t index, const AstNode& node) {
    const auto& ranges = ranges_[index];
    std::size_t first = 0;
    std::size_t last = node.comparisons.size();
    bool is_true = true;
    for (std::size_t pair = 0; pair < node.comparisons.size(); ++pair) {
      const int one =
          settled(node.comparisons[pair], ranges[node.args[pair]], ranges[node.args[pair + 1]]);
      if (one == 0) {
        first = pair;
        last = pair + 1;
        is_true = false;
        break;
      }
      if (one == kUndecided) {
        last = 0;
      }
    }
    if (last == 0) {
      return;
    }
    const Expression& expression = document_.expressions[index];
    const auto source = [&](std::size_t from, std::size_t to) {
      const std::uint32_t begin = expression.nodes[node.args[from]].begin;
      return expression.text.substr(begin, expression.nodes[node.args[to]].end - begin);
    };
    std::string why;
    for (std::size_t i = first; i <= last; ++i) {
      const Range& range = ranges[node.args[i]];
      if (range.low < range.high) {
        why += (why.empty() ? ": " : ", and ") + source(i, i) + " " + between(range);
      }
    }
    add_problem(expression, expression.nodes[node.args[first]].begin,
                quoted(source(first, last)) + " is " + (is_true ? "always" : "never") + " true" +
                    why + "; compare with a number in between, or take the condition away",
                warnings_);
    is_suspect_[index] = true;
  }

  Range range_of(std::int32_t index) const {
    return index == kNone ? Range{0.0, 0.0} : ranges_[static_cast<std::size_t>(index)].back();
  }

  bool is_suspect(std::int32_t index) const {
    return index != kNone && is_suspect_[static_cast<std::size_t>(index)];
  }

  /// What the score of a compound lies between, its gate considered.
  Range score_of(const Compound& compound) const {
    const Range score = range_of(compound.score);
    const Range otherwise = range_of(compound.otherwise);
    const Range gate = compound.when == kNone ? Range{1.0, 1.0} : range_of(compound.when);
    if (gate.is_only(1.0)) {
      return score;
    }
    return gate.is_only(0.0)
               ? otherwise
               : Range{std::min(score.low, otherwise.low), std::max(score.high, otherwise.high)};
  }

  std::string text_of(std::int32_t index) const {
    return index == kNone ? "" : document_.expressions[static_cast<std::size_t>(index)].text;
  }

  void check_compounds() {
    const Decision& decision = document_.decision;
    std::map<std::vector<std::string>, const Compound*> first;
    for (std::size_t k = 0; k < document_.compounds.size(); ++k) {
      const Compound& compound = document_.compounds[k];
      const Range score = score_of(compound);
      const Range low = adjusted(score, k);
      const bool is_told = is_suspect(compound.score) || is_suspect(compound.when);
      if (score.is_only(0.0) && !is_told) {
        add(compound.line, compound.column, compound.name,
            compound.when != kNone && range_of(compound.when).is_only(0.0)
                ? "when is never true, so this compound never becomes the label; change when, "
                  "or take the compound away"
                : "the score is always 0, so this compound never becomes the label; change "
                  "the score, or take the compound away");
      } else if (low.high < decision.abstain_below && !is_told) {
        add(compound.line, compound.column, compound.name,
            "the score is at most " + number_text(low.high) + ", below abstain_below (" +
                number_text(decision.abstain_below) +
                "), so this compound never becomes the label; lower abstain_below");
      }
      const auto twin = first.emplace(
          std::vector<std::string>{text_of(compound.score), text_of(compound.when),
                                   text_of(compound.otherwise), number_text(decision.weight[k], 9),
                                   number_text(decision.bias[k], 9)},
          &compound);
      if (!twin.second && !text_of(compound.score).empty() && !score.is_only(0.0)) {
        add(compound.line, compound.column, compound.name,
            "the rule is that of " + twin.first->second->name +
                ", which wins every tie; change one, or take this compound away");
      }
    }
  }

  Range adjusted(const Range& score, std::size_t k) const {
    const auto weight = static_cast<double>(document_.decision.weight[k]);
    const auto bias = static_cast<double>(document_.decision.bias[k]);
    return {score.low * weight + bias, score.high * weight + bias};
  }

  void check_decision() {
    const Node* node = find(find(&root_, "decide"), "hysteresis");
    double least = 0.0;
    double most = 0.0;
    for (std::size_t k = 0; k < document_.compounds.size(); ++k) {
      const Range range = adjusted(score_of(document_.compounds[k]), k);
      least = k == 0 ? range.low : std::min(least, range.low);
      most = k == 0 ? range.high : std::max(most, range.high);
    }
    // NaN where both are infinite.
    if (node != nullptr && document_.decision.hysteresis >= most - least && most > least) {
      add(node->line, node->column, "decide",
          "hysteresis is " + number_text(document_.decision.hysteresis) +
              ", but no score can lead another by more than " + number_text(most - least) +
              ", so that the first label of a clip never gives way; take a smaller one");
    }
  }

  void check_lengths() {
    const Node* decide = find(&root_, "decide");
    const Node* events = find(&root_, "events");
    const Node* min_frames = find(decide, "min_frames");
    check_length(min_frames, "decide", "min_frames", document_.decision.min_duration,
                 kLongestDuration);
    if (min_frames == nullptr) {
      check_length(find(decide, "min_duration"), "decide", "min_duration",
                   document_.decision.min_duration, kLongestDuration);
    }
    check_length(find(events, "min_duration"), "events", "min_duration",
                 document_.events.min_duration, kLongestDuration);
    check_length(find(events, "merge_gap"), "events", "merge_gap", document_.events.merge_gap,
                 kLongestDuration);
    const Node* smooth = find(&root_, "smooth");
    check_smoothing(smooth, document_.smooth_expression);
    check_smoothing(find(smooth, "all"), document_.smooth_expression);
    check_smoothing(find(smooth, "expression"), document_.smooth_expression);
    check_smoothing(find(smooth, "valence_arousal"), document_.smooth_valence_arousal);
    check_smoothing(find(smooth, "action_units"), document_.smooth_action_units);
    check_smoothing(find(smooth, "compounds"), document_.smooth_compounds);
  }

  void check_length(const Node* node, const char* rule, const std::string& what,
                    const Length& length, double most) {
    if (node == nullptr) {
      return;
    }
    if (length.in_seconds && length.value > kLongestSeconds) {
      add(node->line, node->column, rule,
          what + " is " + number_text(length.value) +
              " seconds; if milliseconds are meant, write " + number_text(length.value / 1000.0) +
              "s");
    } else if (!length.in_seconds && length.value > most) {
      add(node->line, node->column, rule, too_many_frames(what, length.value));
    }
  }

  void check_smoothing(const Node* node, const Smoothing& smoothing) {
    if (smoothing.kernel != Smoothing::Kernel::none) {
      check_length(find(node, "radius"), "smooth", "radius", smoothing.radius, kLongestReach);
      check_length(find(node, "sigma"), "smooth", "sigma", smoothing.sigma, kLongestReach);
    }
  }

  void check_tests() {
    const Node* tests = find(&root_, "tests");
    for (std::size_t i = 0; tests != nullptr && i < tests->items.size(); ++i) {
      const std::string rule = "test " + std::to_string(i + 1);
      check_given(find(&tests->items[i], "given"), rule);
      const Node* frames = find(&tests->items[i], "frames");
      for (std::size_t k = 0; frames != nullptr && k < frames->items.size(); ++k) {
        check_given(&frames->items[k], rule);
      }
    }
  }

  void check_given(const Node* given, const std::string& rule) {
    for (std::size_t i = 0; given != nullptr && i + 1 < given->items.size(); i += 2) {
      const std::string& name = given->items[i].text;
      const Node& value = given->items[i + 1];
      double number = value.number;
      const bool is_number = value.kind == Node::Kind::integer || value.kind == Node::Kind::real ||
                             parse_number(value.text, number);
      const Range range = range_of_signal(name);
      if (is_number && (number < range.low || number > range.high)) {
        add(value.line, value.column, rule,
            name + " " + between(range) + ", got " + number_text(number) +
                "; give what a model could");
      }
    }
  }

  const Document& document_;
  const Node& root_;
  std::vector<std::vector<Range>> ranges_;  // by expression and node
  std::vector<bool> is_read_;               // by expression
  std::vector<bool> is_suspect_;            // by expression: a comparison in it was reported
  std::vector<bool> reads_signal_;          // by expression, of lets
  Problems warnings_;
};

}  // namespace

std::vector<Problem> find_warnings(const Document& document, const Node& root) {
  return Finder(document, root).run();
}

}  // namespace cexpr::rules::detail
