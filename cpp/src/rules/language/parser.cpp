#include "rules/language/parser.hpp"

#include <algorithm>
#include <utility>

#include "cexpr/rules.hpp"
#include "nodes/numbers.hpp"
#include "nodes/text.hpp"
#include "rules/language/functions.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

bool is_over(AstKind kind) { return kind >= AstKind::mean_over; }

std::string token_text(const Token& token) {
  return token.kind == TokenKind::end ? "the end of the expression" : quoted(token.text);
}

/// Recursive descent, one method for each level of precedence, loosest first.
class Parser {
 public:
  explicit Parser(Expression& expression)
      : expression_(expression), tokens_(tokenize(expression.text)) {}

  void run() {
    if (peek().kind == TokenKind::end) {
      throw SyntaxError{0, "the expression is empty"};
    }
    parse_either();
    if (peek().kind != TokenKind::end) {
      fail(peek(), is_symbol("=") ? "unexpected '='; equality is written '=='"
                                  : "expected an operator, got " + token_text(peek()));
    }
  }

 private:
  const Token& peek() const { return tokens_[at_]; }
  Token take() { return tokens_[at_ < tokens_.size() - 1 ? at_++ : at_]; }
  bool is_symbol(const char* text) const {
    return peek().kind == TokenKind::symbol && peek().text == text;
  }
  bool is_word(const char* text) const {
    return peek().kind == TokenKind::name && peek().text == text;
  }
  bool accept(const char* symbol) {
    if (!is_symbol(symbol)) {
      return false;
    }
    take();
    return true;
  }
  [[noreturn]] static void fail(const Token& token, const std::string& message) {
    throw SyntaxError{token.begin, message};
  }

  /// Counts the nesting while a rule of the grammar is open.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxExpressionDepth) {
        parser_.fail_depth(parser_.peek().begin);
      }
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  [[noreturn]] void fail_depth(std::size_t at) const {
    throw SyntaxError{at, "nested deeper than " + std::to_string(kMaxExpressionDepth) +
                              " levels; split the expression with let, or use sum(...)"};
  }

  std::uint32_t add(AstNode node, std::size_t begin) {
    node.begin = static_cast<std::uint32_t>(begin);
    node.end = static_cast<std::uint32_t>(at_ == 0 ? 0 : tokens_[at_ - 1].end);
    for (const std::uint32_t arg : node.args) {
      node.height = std::max(node.height, expression_.nodes[arg].height + 1);
    }
    if (node.height > kMaxExpressionDepth) {
      fail_depth(begin);
    }
    expression_.nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(expression_.nodes.size() - 1);
  }

  std::uint32_t add(AstKind kind, std::vector<std::uint32_t> args, std::size_t begin) {
    AstNode node;
    node.kind = kind;
    node.args = std::move(args);
    return add(std::move(node), begin);
  }

  std::uint32_t parse_either() {
    const Level level(*this);
    const std::size_t begin = peek().begin;
    std::uint32_t left = parse_both();
    while (is_word("or")) {
      take();
      const std::uint32_t right = parse_both();
      left = add(AstKind::either, {left, right}, begin);
    }
    return left;
  }

  std::uint32_t parse_both() {
    const std::size_t begin = peek().begin;
    std::uint32_t left = parse_inverse();
    while (is_word("and")) {
      take();
      const std::uint32_t right = parse_inverse();
      left = add(AstKind::both, {left, right}, begin);
    }
    return left;
  }

  std::uint32_t parse_inverse() {
    if (!is_word("not")) {
      return parse_comparison();
    }
    const Level level(*this);
    const std::size_t begin = take().begin;
    const std::uint32_t operand = parse_inverse();
    return add(AstKind::inverse, {operand}, begin);
  }

  bool accept_comparison(Comparison& comparison) {
    static constexpr std::pair<const char*, Comparison> kComparisons[] = {
        {"<", Comparison::less},    {"<=", Comparison::less_equal},
        {">", Comparison::greater}, {">=", Comparison::greater_equal},
        {"==", Comparison::equal},  {"!=", Comparison::not_equal},
    };
    for (const auto& [symbol, value] : kComparisons) {
      if (accept(symbol)) {
        comparison = value;
        return true;
      }
    }
    return false;
  }

  std::uint32_t parse_comparison() {
    const std::size_t begin = peek().begin;
    const std::uint32_t first = parse_sum();
    AstNode node;
    node.kind = AstKind::compare;
    node.args = {first};
    Comparison comparison = Comparison::less;
    while (accept_comparison(comparison)) {
      node.comparisons.push_back(comparison);
      node.args.push_back(parse_sum());
    }
    return node.args.size() == 1 ? first : add(std::move(node), begin);
  }

  std::uint32_t parse_sum() {
    const std::size_t begin = peek().begin;
    std::uint32_t left = parse_term();
    while (is_symbol("+") || is_symbol("-")) {
      const AstKind kind = take().text == "+" ? AstKind::add : AstKind::subtract;
      const std::uint32_t right = parse_term();
      left = add(kind, {left, right}, begin);
    }
    return left;
  }

  std::uint32_t parse_term() {
    const std::size_t begin = peek().begin;
    std::uint32_t left = parse_unary();
    while (is_symbol("*") || is_symbol("/")) {
      const AstKind kind = take().text == "*" ? AstKind::multiply : AstKind::divide;
      const std::uint32_t right = parse_unary();
      left = add(kind, {left, right}, begin);
    }
    return left;
  }

  std::uint32_t parse_unary() {
    if (is_symbol("-") || is_symbol("+")) {
      const Level level(*this);
      const Token sign = take();
      const std::uint32_t operand = parse_unary();
      return sign.text == "-" ? add(AstKind::negate, {operand}, sign.begin) : operand;
    }
    return parse_power();
  }

  std::uint32_t parse_power() {
    const std::size_t begin = peek().begin;
    const std::uint32_t base = parse_atom();
    if (!is_symbol("^")) {
      return base;
    }
    const Level level(*this);
    take();
    const std::uint32_t exponent = parse_unary();
    return add(AstKind::power, {base, exponent}, begin);
  }

  std::uint32_t parse_atom() {
    const Token token = take();
    if (token.kind == TokenKind::number) {
      AstNode node;
      node.number = token.number;
      return add(std::move(node), token.begin);
    }
    if (token.kind == TokenKind::seconds) {
      fail(token, "seconds stand only as the window of a function over time, as in " +
                      quoted("mean_over(x, " + token.text + ")"));
    }
    if (token.kind == TokenKind::symbol && token.text == "(") {
      const std::uint32_t inner = parse_either();
      close(token);
      return inner;
    }
    if (token.kind == TokenKind::name) {
      return parse_name(token);
    }
    fail(token, "expected a number, a name or '(', got " + token_text(token));
  }

  std::uint32_t parse_name(const Token& token) {
    AstNode node;
    node.name = token.text;
    if (token.text == "true" || token.text == "false") {
      node.kind = AstKind::truth;
      node.number = token.text == "true" ? 1.0 : 0.0;
      return add(std::move(node), token.begin);
    }
    if (token.text == "not") {
      fail(token, "'not' inside arithmetic or a comparison needs parentheses: (not x)");
    }
    if (is_keyword(token.text)) {
      fail(token, "expected a number, a name or '(', got " + quoted(token.text));
    }
    if (is_symbol("(")) {
      return parse_call(token);
    }
    if (const FunctionInfo* function = find_function(token.text)) {
      fail(token, "'" + token.text + "' is a function; write " + function->usage);
    }
    node.kind = AstKind::name;
    return add(std::move(node), token.begin);
  }

  std::uint32_t parse_call(const Token& token) {
    const FunctionInfo* function = find_function(token.text);
    if (function == nullptr) {
      fail(token, "unknown function " + quoted(token.text) + suggest(token.text, function_names()));
    }
    const Token opening = take();
    AstNode node;
    node.kind = function->kind;
    node.name = token.text;
    std::size_t count = 0;
    if (!is_symbol(")")) {
      do {
        if (count == function->most) {
          fail(peek(), "too many arguments; write " + std::string(function->usage));
        }
        parse_argument(node, count);
        ++count;
      } while (accept(","));
    }
    if (count < function->least && is_symbol(")")) {
      fail(peek(), "too few arguments; write " + std::string(function->usage));
    }
    close(opening);
    return add(std::move(node), token.begin);
  }

  void parse_argument(AstNode& node, std::size_t position) {
    if (node.kind == AstKind::has) {
      const Token token = take();
      if (token.kind != TokenKind::name || is_keyword(token.text)) {
        fail(token, "expected the name of a signal, got " + token_text(token));
      }
      // Kept as a node of its own so that a problem shows the name.
      AstNode name;
      name.kind = AstKind::name;
      name.name = token.text;
      node.args.push_back(add(std::move(name), token.begin));
    } else if (is_over(node.kind) && position == 1) {
      node.window = parse_window();
    } else {
      node.args.push_back(parse_either());
      if (node.kind == AstKind::weighted) {
        node.weights.push_back(parse_weight());
      }
    }
  }

  double parse_weight() {
    if (!accept(":") && !accept("=")) {
      fail(peek(), "expected ':' and a weight, got " + token_text(peek()) +
                       "; write weighted(fear: 0.6, surprise: 0.4)");
    }
    const Token token = take();
    if (token.kind != TokenKind::number) {
      fail(token, "a weight is a number >= 0, got " + token_text(token));
    }
    return token.number;
  }

  Length parse_window() {
    const Token token = take();
    if (token.kind != TokenKind::number && token.kind != TokenKind::seconds) {
      fail(token,
           "a window is a number of frames (15) or seconds (0.5s), got " + token_text(token));
    }
    const bool in_seconds = token.kind == TokenKind::seconds;
    const double most = in_seconds ? kMaxWindowSeconds : kMaxWindowFrames;
    if (!in_seconds &&
        token.number != static_cast<double>(static_cast<std::int64_t>(
                            std::min(token.number, 2.0 * kMaxWindowFrames))) &&
        token.number <= most) {
      fail(token, "a window in frames is a whole number, got " + quoted(token.text) +
                      "; seconds are written " + token.text + "s");
    }
    if (token.number > most || token.number <= 0.0) {
      fail(token, "a window lies above 0 and is at most " + number_text(most) +
                      (in_seconds ? "s" : " frames") + ", got " + quoted(token.text));
    }
    return {token.number, in_seconds};
  }

  void close(const Token& opening) {
    if (!accept(")")) {
      if (peek().kind == TokenKind::end) {
        fail(opening, "this '(' is never closed");
      }
      fail(peek(), "expected ')' or an operator, got " + token_text(peek()));
    }
  }

  Expression& expression_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

void parse(Expression& expression) { Parser(expression).run(); }

}  // namespace cexpr::rules::detail
