#include "rules/shipped/plain_yaml.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "cexpr/error.hpp"
#include "nodes/scalars.hpp"
#include "nodes/text.hpp"

namespace cexpr::rules::detail {
namespace {

/// One line that holds something: its indentation and the text behind it.
struct Line {
  int number = 0;
  std::size_t indent = 0;
  std::string text;
};

bool is_blank(char c) { return c == ' '; }

std::string trimmed(std::string text) {
  while (!text.empty() && is_blank(text.back())) {
    text.pop_back();
  }
  return text;
}

/// The end of a quoted text that begins at `at`, behind its closing quote; npos where it is open.
std::size_t end_of_quoted(const std::string& text, std::size_t at) {
  const std::size_t close = text.find(text[at], at + 1);
  return close == std::string::npos ? close : close + 1;
}

bool is_quote(char c) { return c == '"' || c == '\''; }

/// Where a comment begins; the length of the text where none does.
std::size_t end_of_content(const std::string& text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool starts_value =
        at == 0 || is_blank(text[at - 1]) || text[at - 1] == '{' || text[at - 1] == '[';
    if (starts_value && is_quote(text[at])) {
      const std::size_t end = end_of_quoted(text, at);
      at = end == std::string::npos ? text.size() - 1 : end - 1;
    } else if (starts_value && text[at] == '#') {
      return at;
    }
  }
  return text.size();
}

class Reader {
 public:
  explicit Reader(const std::string& text) {
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      add_line(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  Node run() {
    if (lines_.empty()) {
      throw Error("shipped rules: the text is empty");
    }
    Node root = block(lines_[0].indent);
    if (at_ < lines_.size()) {
      refuse(lines_[at_].number, "this line belongs to nothing");
    }
    return root;
  }

 private:
  [[noreturn]] static void refuse(int line, const std::string& message) {
    throw Error("shipped rules: line " + std::to_string(line) + ": " + message);
  }

  void add_line(const std::string& written) {
    Line line;
    line.number = ++count_;
    line.indent = std::min(written.find_first_not_of(' '), written.size());
    const std::string content = written.substr(line.indent);
    line.text = trimmed(content.substr(0, end_of_content(content)));
    if (!line.text.empty()) {
      lines_.push_back(std::move(line));
    }
  }

  static int column_of(const Line& line, std::size_t at) {
    return static_cast<int>(line.indent) + nodes::count_characters(line.text, at) + 1;
  }

  static bool is_item(const Line& line) {
    return line.text[0] == '-' && (line.text.size() == 1 || is_blank(line.text[1]));
  }

  bool has_line(std::size_t indent) const {
    return at_ < lines_.size() && lines_[at_].indent == indent;
  }

  Node block(std::size_t indent) {
    if (++depth_ > kMaxDepth) {
      refuse(lines_[at_].number, "nested too deep");
    }
    const Line& first = lines_[at_];
    const bool is_list = is_item(first);
    Node node =
        Node::make(is_list ? Node::Kind::list : Node::Kind::map, first.number, column_of(first, 0));
    while (has_line(indent) && is_item(lines_[at_]) == is_list) {
      if (is_list) {
        node.items.push_back(item());
      } else {
        entry(node);
      }
    }
    --depth_;
    return node;
  }

  /// `- value`; a map may begin on the same line, and is indented by what stands before it.
  Node item() {
    Line& line = lines_[at_];
    const std::size_t outer = line.indent;
    const std::size_t begin = line.text.find_first_not_of(' ', 1);
    if (begin == std::string::npos) {
      ++at_;
      return nested(line, outer);
    }
    line.text.erase(0, begin);
    line.indent += begin;
    const bool is_map = !is_quote(line.text[0]) && line.text[0] != '{' && line.text[0] != '[' &&
                        end_of_key(line.text) != std::string::npos;
    return is_map || is_item(line) ? block(line.indent) : value(0, outer);
  }

  /// Where the ':' behind a key stands.
  static std::size_t end_of_key(const std::string& text) {
    std::size_t at = is_quote(text[0]) ? end_of_quoted(text, 0) : 0;
    for (; at < text.size(); ++at) {
      if (text[at] == ':' && (at + 1 == text.size() || is_blank(text[at + 1]))) {
        return at;
      }
    }
    return std::string::npos;
  }

  void entry(Node& map) {
    const Line& line = lines_[at_];
    const std::size_t colon = end_of_key(line.text);
    if (colon == std::string::npos) {
      refuse(line.number, "expected 'key: value'");
    }
    map.items.push_back(scalar(line.text.substr(0, colon), line.number, column_of(line, 0)));
    const std::size_t begin = line.text.find_first_not_of(' ', colon + 1);
    if (begin != std::string::npos) {
      map.items.push_back(value(begin, line.indent));
      return;
    }
    const Line key = line;
    ++at_;
    // A list may stand below its key without being indented.
    if (has_line(key.indent) && is_item(lines_[at_])) {
      map.items.push_back(block(key.indent));
    } else {
      map.items.push_back(nested(key, key.indent));
    }
  }

  /// What stands in the lines below, further in than `outer`; null where nothing does.
  Node nested(const Line& above, std::size_t outer) {
    if (at_ < lines_.size() && lines_[at_].indent > outer) {
      return block(lines_[at_].indent);
    }
    return Node::make(Node::Kind::null, above.number, column_of(above, above.text.size()));
  }

  /// The value that begins in this line, and may go on in lines further in than `outer`.
  Node value(std::size_t begin, std::size_t outer) {
    const Line line = lines_[at_++];
    const int column = column_of(line, begin);
    std::string text = line.text.substr(begin);
    const bool is_folded = text == ">-";
    if (text[0] == '|' || (text[0] == '>' && !is_folded) || text[0] == '&' || text[0] == '*' ||
        text[0] == '!') {
      refuse(line.number, "'" + text + "' is not part of what shipped rules use");
    }
    bool is_one_line = !is_folded;
    if (is_folded) {
      text.clear();
    }
    while (at_ < lines_.size() && lines_[at_].indent > outer) {
      text += (text.empty() ? "" : " ") + lines_[at_++].text;
      is_one_line = false;
    }
    if (text[0] == '{' || text[0] == '[') {
      return flow(text, line.number, column);
    }
    if (!is_one_line && !is_folded &&
        (is_quote(text[0]) || end_of_key(text) != std::string::npos)) {
      refuse(line.number, "expected a plain text over several lines, or a key further out");
    }
    Node node = is_folded ? Node::make_string(text, line.number, column)
                          : scalar(text, line.number, column);
    node.text_offset = is_one_line ? node.text_offset : -1;
    return node;
  }

  static Node scalar(const std::string& text, int line, int column) {
    if (is_quote(text[0])) {
      if (end_of_quoted(text, 0) != text.size() || text.find('\\') != std::string::npos) {
        refuse(line, "a quoted text ends where its line does, and has no escapes");
      }
      return Node::make_string(text.substr(1, text.size() - 2), line, column, 1);
    }
    Node node = Node::make_string("", line, column);
    if (!nodes::resolve_scalar(text, node)) {
      refuse(line, "a number is too long");
    }
    return node;
  }

  Node flow(const std::string& text, int line, int column) {
    std::size_t at = 0;
    Node node = flow_value(text, at, line, column);
    if (at != text.size()) {
      refuse(line, "text behind the closing bracket");
    }
    return node;
  }

  static void skip_blanks(const std::string& text, std::size_t& at) {
    at = std::min(text.find_first_not_of(' ', at), text.size());
  }

  Node flow_value(const std::string& text, std::size_t& at, int line, int column) {
    const auto place = [&](std::size_t byte) {
      return column + nodes::count_characters(text, byte);
    };
    if (at == text.size()) {
      refuse(line, "a bracket is open");
    }
    if (text[at] == '{' || text[at] == '[') {
      if (++depth_ > kMaxDepth) {
        refuse(line, "nested too deep");
      }
      const bool is_map = text[at] == '{';
      const char close = is_map ? '}' : ']';
      Node node = Node::make(is_map ? Node::Kind::map : Node::Kind::list, line, place(at));
      ++at;
      skip_blanks(text, at);
      while (at < text.size() && text[at] != close) {
        node.items.push_back(flow_value(text, at, line, column));
        skip_blanks(text, at);
        if (is_map) {
          if (at == text.size() || text[at] != ':') {
            refuse(line, "expected ':' behind a key in { }");
          }
          ++at;
          skip_blanks(text, at);
          node.items.push_back(flow_value(text, at, line, column));
          skip_blanks(text, at);
        }
        if (at < text.size() && text[at] == ',') {
          ++at;
          skip_blanks(text, at);
        }
      }
      if (at == text.size()) {
        refuse(line, "a bracket is open");
      }
      ++at;
      --depth_;
      return node;
    }
    const std::size_t begin = at;
    at = is_quote(text[at]) ? end_of_quoted(text, at) : end_of_plain(text, at);
    if (at == std::string::npos) {
      refuse(line, "a quoted text is open");
    }
    return scalar(trimmed(text.substr(begin, at - begin)), line, place(begin));
  }

  /// Inside brackets a plain text ends at a comma, a bracket or ': '.
  static std::size_t end_of_plain(const std::string& text, std::size_t at) {
    for (; at < text.size(); ++at) {
      const bool is_colon = text[at] == ':' && (at + 1 == text.size() || is_blank(text[at + 1]));
      if (is_colon || std::string(",{}[]").find(text[at]) != std::string::npos) {
        break;
      }
    }
    return at;
  }

  static constexpr std::size_t kMaxDepth = 16;
  std::vector<Line> lines_;
  int count_ = 0;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

Node read_plain_yaml(const std::string& text) { return Reader(text).run(); }

}  // namespace cexpr::rules::detail
