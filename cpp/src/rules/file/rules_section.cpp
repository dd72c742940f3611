#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nodes/names.hpp"
#include "nodes/numbers.hpp"
#include "nodes/reader.hpp"
#include "nodes/text.hpp"
#include "rules/file/sections.hpp"
#include "rules/language/expression_problem.hpp"
#include "rules/language/functions.hpp"
#include "rules/language/parser.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

constexpr std::size_t kMaxSourceBytes = 1048576;  // all expressions together

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Reads named values and compounds into expressions of the document.
class RulesReader {
 public:
  RulesReader(Document& document, Problems& problems) : document_(document), problems_(problems) {}

  void read_lets(const Node& node) {
    if (!expect_map(node, "let", "let", problems_)) {
      return;
    }
    const std::vector<bool> usable = usable_keys(node, "let", "let", problems_);
    for (std::size_t i = 0; i < usable.size(); ++i) {
      const Node& key = node.items[2 * i];
      if (!usable[i]) {
        continue;
      }
      if (!is_identifier(key.text)) {
        problems_.add(key, "let",
                      "a name under let has letters, digits and '_' only, starts with a letter and "
                      "is at most " +
                          std::to_string(kMaxNameBytes) + " long; got " + quoted(key.text));
      } else if (is_keyword(key.text) || contains(function_names(), key.text)) {
        problems_.add(key, "let",
                      "'" + key.text + "' is a word of the language; take another name");
      } else if (contains(document_.vocabulary, key.text)) {
        problems_.add(key, "let", "'" + key.text + "' is a signal; take another name");
      }
      document_.lets.push_back(
          {key.text, key.line, key.column, add_expression(node.items[2 * i + 1], key.text)});
    }
  }

  void read_compounds(const Node& node) {
    if (!expect_map(node, "compounds", "compounds", problems_)) {
      return;
    }
    if (node.items.empty()) {
      problems_.add(node, "compounds", "compounds is empty; a rule file has at least one");
    }
    if (node.items.size() / 2 > kMaxCompounds) {
      problems_.add(node, "compounds", "more than " + std::to_string(kMaxCompounds) + " compounds");
      return;
    }
    const std::vector<bool> usable = usable_keys(node, "compounds", "compounds", problems_);
    for (std::size_t i = 0; i < usable.size(); ++i) {
      if (usable[i]) {
        check_compound_name(node.items[2 * i]);
        document_.compound_names.push_back(node.items[2 * i].text);
      }
    }
    for (std::size_t i = 0; i < usable.size(); ++i) {
      if (usable[i]) {
        read_compound(node.items[2 * i], node.items[2 * i + 1]);
      }
    }
  }

 private:
  /// Adds an expression and gives its index; kNone where it is no expression at all.
  std::int32_t add_expression(const Node& node, const std::string& rule) {
    Expression expression;
    expression.rule = rule;
    expression.line = node.line;
    expression.column = node.column;
    expression.text_offset = node.text_offset;
    if (node.kind == Node::Kind::string) {
      expression.text = node.text;
      parse_into(std::move(expression));
    } else if (node.kind == Node::Kind::integer || node.kind == Node::Kind::real ||
               node.kind == Node::Kind::boolean) {
      double value = node.number;
      if (!read_number(node.kind == Node::Kind::boolean
                           ? Node::make_number(Node::Kind::integer, value, node.line, node.column)
                           : node,
                       rule, "an expression", problems_, value)) {
        return kNone;
      }
      AstNode constant;
      constant.kind = node.kind == Node::Kind::boolean ? AstKind::truth : AstKind::number;
      constant.number = value;
      expression.text =
          node.kind == Node::Kind::boolean ? (value != 0.0 ? "true" : "false") : number_text(value);
      constant.end = static_cast<std::uint32_t>(expression.text.size());
      expression.nodes.push_back(constant);
      document_.expressions.push_back(std::move(expression));
    } else {
      problems_.add(node, rule, "expected an expression, got " + describe(node));
      return kNone;
    }
    return static_cast<std::int32_t>(document_.expressions.size()) - 1;
  }

  void parse_into(Expression expression) {
    source_bytes_ += expression.text.size();
    if (expression.text.size() > kMaxExpressionBytes) {
      problems_.add(expression.line, expression.column, expression.rule,
                    "the expression is longer than " + std::to_string(kMaxExpressionBytes) +
                        " bytes; split it with let");
    } else if (source_bytes_ > kMaxSourceBytes) {
      problems_.add(expression.line, expression.column, expression.rule,
                    "the expressions of the file are longer than " +
                        std::to_string(kMaxSourceBytes) + " bytes together");
    } else {
      try {
        parse(expression);
      } catch (const SyntaxError& error) {
        expression.nodes.clear();
        add_problem(expression, error.at, error.message, problems_);
      }
    }
    document_.expressions.push_back(std::move(expression));
  }

  void check_compound_name(const Node& key) {
    static const std::vector<std::string> columns = {"frame",
                                                     "time",
                                                     "n_faces",
                                                     "compound",
                                                     "compound_id",
                                                     "filled",
                                                     "confidence",
                                                     "face",
                                                     "faces",
                                                     "frames",
                                                     "x",
                                                     "y",
                                                     "w",
                                                     "h",
                                                     "detection",
                                                     "quality",
                                                     "quality_reason",
                                                     "expression",
                                                     "clip",
                                                     "seconds",
                                                     "none",
                                                     "frames_with_face"};
    if (!is_label(key.text)) {
      problems_.add(key, "compounds",
                    "a compound's name has letters, digits, '_' and '-' only, starts with a letter "
                    "and is at most " +
                        std::to_string(kMaxNameBytes) + " bytes long; got " + quoted(key.text));
    } else if (contains(columns, key.text) || contains(document_.vocabulary, key.text)) {
      problems_.add(key, "compounds",
                    "'" + key.text + "' names another column of the results; take another name");
    }
  }

  void read_compound(const Node& key, const Node& node) {
    Compound compound;
    compound.name = key.text;
    compound.line = key.line;
    compound.column = key.column;
    const std::string& rule = key.text;
    if (node.kind != Node::Kind::map) {
      compound.score = add_expression(node, rule);
      document_.compounds.push_back(std::move(compound));
      return;
    }
    MapReader keys(node, rule, "a compound", problems_);
    const Node* score = keys.take("score");
    const Node* weights = keys.take("weights");
    if (score != nullptr && weights != nullptr) {
      problems_.add(*weights, rule, "give score or weights, not both");
    } else if (score != nullptr) {
      compound.score = add_expression(*score, rule);
    } else if (weights != nullptr) {
      compound.score = add_weights(*weights, rule);
    } else {
      problems_.add(node, rule, "a compound needs a score (or weights)");
    }
    if (const Node* when = keys.take("when")) {
      compound.when = add_expression(*when, rule);
    }
    if (const Node* otherwise = keys.take("otherwise")) {
      compound.otherwise = add_expression(*otherwise, rule);
      if (compound.when == kNone) {
        problems_.add(*otherwise, rule, "otherwise goes with when, which is missing");
      }
    }
    keys.report_unknown();
    document_.compounds.push_back(std::move(compound));
  }

  /// `weights: {fear: 0.6, ...}` is `weighted(fear: 0.6, ...)`.
  std::int32_t add_weights(const Node& node, const std::string& rule) {
    if (!expect_map(node, rule, "weights", problems_)) {
      return kNone;
    }
    Expression expression;
    expression.rule = rule;
    expression.line = node.line;
    expression.column = node.column;
    expression.text = "weighted(";
    const std::vector<bool> usable = usable_keys(node, rule, "weights", problems_);
    bool is_good = !usable.empty();
    if (usable.empty()) {
      problems_.add(node, rule, "weights is empty");
    }
    for (std::size_t i = 0; i < usable.size(); ++i) {
      const Node& key = node.items[2 * i];
      double weight = 0.0;
      if (!usable[i] || !read_number(node.items[2 * i + 1], rule, "a weight", problems_, weight)) {
        is_good = false;
        continue;
      }
      if (!is_identifier(key.text) || is_keyword(key.text)) {
        problems_.add(key, rule,
                      "a key of weights is a signal or a name under let, got " + quoted(key.text));
        is_good = false;
      }
      if (weight < 0.0) {
        problems_.add(node.items[2 * i + 1], rule,
                      "a weight is 0 or more, got " + number_text(weight));
        is_good = false;
      }
      expression.text += i == 0 ? "" : ", ";
      expression.anchors.push_back(
          {static_cast<std::uint32_t>(expression.text.size()), key.line, key.column});
      expression.text += key.text + ": " + exact_text(weight);
    }
    expression.text += ")";
    if (!is_good) {
      return kNone;
    }
    parse_into(std::move(expression));
    return static_cast<std::int32_t>(document_.expressions.size()) - 1;
  }

  /// Enough digits to be read back as the same number.
  static std::string exact_text(double value) {
    for (const int digits : {6, 17}) {
      const std::string text = number_text(value, digits);
      double back = 0.0;
      if (parse_number(text, back) && back == value) {
        return text;
      }
    }
    return number_text(value, 17);
  }

  Document& document_;
  Problems& problems_;
  std::size_t source_bytes_ = 0;
};

}  // namespace

void read_rules(const Node* lets, const Node* compounds, Document& document, Problems& problems) {
  RulesReader reader(document, problems);
  if (lets != nullptr && lets->kind != Node::Kind::null) {
    reader.read_lets(*lets);
  }
  if (compounds != nullptr) {
    reader.read_compounds(*compounds);
  }
}

}  // namespace cexpr::rules::detail
