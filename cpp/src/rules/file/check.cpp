#include "rules/file/check.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "nodes/numbers.hpp"
#include "nodes/text.hpp"
#include "rules/file/unknown_signal.hpp"
#include "rules/language/expression_problem.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

bool is_condition_taker(AstKind kind) {
  return kind == AstKind::inverse || kind == AstKind::both || kind == AstKind::either;
}

class Checker {
 public:
  Checker(Document& document, Problems& problems) : document_(document), problems_(problems) {
    for (std::size_t i = 0; i < document.vocabulary.size(); ++i) {
      signals_.emplace(document.vocabulary[i], static_cast<std::int32_t>(i));
    }
    for (std::size_t i = 0; i < document.lets.size(); ++i) {
      lets_.emplace(document.lets[i].name, static_cast<std::int32_t>(i));
    }
  }

  void run() {
    for (Expression& expression : document_.expressions) {
      resolve(expression);
    }
    order_lets();
    for (const std::uint32_t let : document_.let_order) {
      check_types(document_.expressions[static_cast<std::size_t>(document_.lets[let].value)]);
    }
    for (const Compound& compound : document_.compounds) {
      for (const std::int32_t index : {compound.score, compound.when, compound.otherwise}) {
        if (index != kNone) {
          check_types(document_.expressions[static_cast<std::size_t>(index)]);
        }
      }
      check_when(compound);
    }
  }

 private:
  void add(const Expression& expression, const AstNode& node, const std::string& message) {
    add_problem(expression, node.begin, message, problems_);
  }

  static std::string source(const Expression& expression, const AstNode& node) {
    return quoted(expression.text.substr(node.begin, node.end - node.begin));
  }

  void resolve(Expression& expression) {
    for (AstNode& node : expression.nodes) {
      if (node.kind == AstKind::name) {
        resolve_name(expression, node);
      }
    }
    for (const AstNode& node : expression.nodes) {
      if (node.kind == AstKind::has) {
        const AstNode& name = expression.nodes[node.args[0]];
        if (name.kind == AstKind::let) {
          add(expression, name, "has() takes a signal; '" + name.name + "' is defined in let");
        }
      }
    }
  }

  void resolve_name(const Expression& expression, AstNode& node) {
    const auto signal = signals_.find(node.name);
    if (signal != signals_.end()) {
      node.kind = AstKind::signal;
      node.index = signal->second;
      return;
    }
    const auto let = lets_.find(node.name);
    if (let != lets_.end()) {
      node.kind = AstKind::let;
      node.index = let->second;
      return;
    }
    const auto& compounds = document_.compound_names;
    if (std::find(compounds.begin(), compounds.end(), node.name) != compounds.end()) {
      add(expression, node,
          "'" + node.name +
              "' is a compound; a rule cannot read another's "
              "score, put what they share under let");
      return;
    }
    std::vector<std::string> lets;
    lets.reserve(document_.lets.size());
    for (const Let& one : document_.lets) {
      lets.push_back(one.name);
    }
    add(expression, node, unknown_signal(node.name, document_.vocabulary, lets));
  }

  std::vector<std::pair<std::uint32_t, std::uint32_t>> lets_read_by(std::uint32_t let) const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> read;  // let, node
    const std::int32_t value = document_.lets[let].value;
    if (value == kNone) {
      return read;
    }
    const Expression& expression = document_.expressions[static_cast<std::size_t>(value)];
    for (std::size_t i = 0; i < expression.nodes.size(); ++i) {
      if (expression.nodes[i].kind == AstKind::let) {
        read.emplace_back(static_cast<std::uint32_t>(expression.nodes[i].index),
                          static_cast<std::uint32_t>(i));
      }
    }
    return read;
  }

  /// Depth first without recursion: chains of lets may be as long as a file.
  void order_lets() {
    enum : char { kNew, kOpen, kDone };
    std::vector<char> state(document_.lets.size(), kNew);
    struct Visit {
      std::uint32_t let;
      std::vector<std::pair<std::uint32_t, std::uint32_t>> read;
      std::size_t next;
    };
    for (std::uint32_t first = 0; first < document_.lets.size(); ++first) {
      if (state[first] != kNew) {
        continue;
      }
      std::vector<Visit> path;
      path.push_back({first, lets_read_by(first), 0});
      state[first] = kOpen;
      while (!path.empty()) {
        Visit& visit = path.back();
        if (visit.next == visit.read.size()) {
          state[visit.let] = kDone;
          if (document_.lets[visit.let].value != kNone) {
            document_.let_order.push_back(visit.let);
          }
          path.pop_back();
          continue;
        }
        const auto [target, node] = visit.read[visit.next++];
        if (state[target] == kOpen) {
          std::vector<std::string> names;
          const auto begin =
              std::find_if(path.begin(), path.end(),
                           [target = target](const Visit& v) { return v.let == target; });
          for (auto step = begin; step != path.end(); ++step) {
            names.push_back(document_.lets[step->let].name);
          }
          report_cycle(visit.let, node, names);
        } else if (state[target] == kNew) {
          state[target] = kOpen;
          path.push_back({target, lets_read_by(target), 0});
        }
      }
    }
  }

  void report_cycle(std::uint32_t let, std::uint32_t node, const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 12;
    std::string path;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i < kShown || i + 1 == names.size()) {
        path += names[i] + " -> ";
      } else if (i == kShown) {
        path += "... -> ";
      }
    }
    const auto value = static_cast<std::size_t>(document_.lets[let].value);
    Expression& expression = document_.expressions[value];
    add(expression, expression.nodes[node], "cycle among let: " + path + names.front());
  }

  Type type_of_let(const AstNode& node) const {
    const std::int32_t value = document_.lets[static_cast<std::size_t>(node.index)].value;
    if (value == kNone) {
      return Type::unknown;
    }
    const Expression& expression = document_.expressions[static_cast<std::size_t>(value)];
    return expression.is_parsed() ? expression.root().type : Type::unknown;
  }

  void require_condition(const Expression& expression, const AstNode& node) {
    if (node.type == Type::number) {
      const std::string text = source(expression, node);
      const std::string hint =
          node.kind == AstKind::number
              ? "; write true or false, or a comparison"
              : "; compare it, for example " +
                    expression.text.substr(node.begin,
                                           std::min<std::size_t>(node.end - node.begin, 40)) +
                    " > 0.5";
      add(expression, node, "expected a condition, " + text + " is a number" + hint);
    }
  }

  void check_types(Expression& expression) {
    for (AstNode& node : expression.nodes) {
      node.type = Type::number;
      switch (node.kind) {
        case AstKind::name:
          node.type = Type::unknown;
          break;
        case AstKind::let:
          node.type = type_of_let(node);
          break;
        case AstKind::truth:
        case AstKind::compare:
        case AstKind::has:
          node.type = Type::condition;
          break;
        case AstKind::min:
        case AstKind::max:
        case AstKind::min_over:
        case AstKind::max_over:
          node.type = common_type(expression, node, 0);
          break;
        case AstKind::choose:
          require_condition(expression, expression.nodes[node.args[0]]);
          node.type = common_type(expression, node, 1);
          break;
        case AstKind::weighted:
          check_weights(expression, node);
          break;
        case AstKind::clamp:
          check_clamp(expression, node);
          break;
        case AstKind::divide:
          check_divisor(expression, expression.nodes[node.args[1]]);
          break;
        default:
          if (is_condition_taker(node.kind)) {
            for (const std::uint32_t arg : node.args) {
              require_condition(expression, expression.nodes[arg]);
            }
            node.type = Type::condition;
          }
      }
    }
  }

  static Type common_type(const Expression& expression, const AstNode& node, std::size_t from) {
    Type type = Type::condition;
    for (std::size_t i = from; i < node.args.size(); ++i) {
      const Type one = expression.nodes[node.args[i]].type;
      if (one == Type::unknown) {
        return Type::unknown;
      }
      type = one == Type::number ? Type::number : type;
    }
    return type;
  }

  void check_weights(const Expression& expression, const AstNode& node) {
    double sum = 0.0;
    for (const double weight : node.weights) {
      sum += weight;
    }
    if (sum <= 0.0) {
      add(expression, node, "the weights add up to 0; at least one must be above 0");
    }
  }

  /// Divisors that are computed are looked at when constants are folded.
  void check_divisor(const Expression& expression, const AstNode& divisor) {
    if (divisor.kind == AstKind::number && divisor.number == 0.0) {
      add(expression, divisor, "division by zero");
    }
  }

  void check_clamp(const Expression& expression, const AstNode& node) {
    const AstNode& low = expression.nodes[node.args[1]];
    const AstNode& high = expression.nodes[node.args[2]];
    if (low.kind == AstKind::number && high.kind == AstKind::number && low.number > high.number) {
      add(expression, node,
          "clamp(x, low, high) needs low <= high, got " + number_text(low.number) + " and " +
              number_text(high.number));
    }
  }

  void check_when(const Compound& compound) {
    if (compound.when == kNone) {
      return;
    }
    const Expression& expression = document_.expressions[static_cast<std::size_t>(compound.when)];
    if (expression.is_parsed()) {
      require_condition(expression, expression.root());
    }
  }

  Document& document_;
  Problems& problems_;
  std::unordered_map<std::string, std::int32_t> signals_;
  std::unordered_map<std::string, std::int32_t> lets_;
};

}  // namespace

void check_expressions(Document& document, Problems& problems) {
  Checker(document, problems).run();
}

}  // namespace cexpr::rules::detail
