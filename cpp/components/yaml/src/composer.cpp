#include "composer.hpp"

#include <algorithm>
#include <utility>

#include "cexpr/yaml.hpp"
#include "nodes/scalars.hpp"

namespace cexpr::yaml::detail {
namespace {

constexpr const char* kPrefix = "tag:yaml.org,2002:";

/// "?" and "!" are what yaml-cpp says for "no tag".
bool is_own_tag(const std::string& tag, const std::string& own) {
  return tag.empty() || tag == "?" || tag == "!" || tag == kPrefix + own;
}

}  // namespace

Composer::Composer(const std::string& text, const std::string& file) : text_(text), file_(file) {
  line_starts_.push_back(0);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') {
      line_starts_.push_back(at + 1);
    }
  }
}

void Composer::refuse(int line, int column, const std::string& message) const {
  throw YamlError(file_ + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " +
                  message);
}

void Composer::refuse(const YAML::Mark& mark, const std::string& message) const {
  const Node at = place(Node::Kind::null, mark);
  refuse(at.line, at.column, message);
}

Node Composer::place(Node::Kind kind, const YAML::Mark& mark) const {
  if (mark.is_null()) {
    return Node::make(kind, 1, 1);
  }
  // yaml-cpp counts bytes, people count characters.
  const auto line = std::min(static_cast<std::size_t>(mark.line), line_starts_.size() - 1);
  const std::size_t start = line_starts_[line];
  const std::size_t end = std::min(start + static_cast<std::size_t>(mark.column), text_.size());
  const auto first = text_.begin() + static_cast<std::ptrdiff_t>(start);
  const auto last = text_.begin() + static_cast<std::ptrdiff_t>(end);
  const auto characters =
      std::count_if(first, last, [](char c) { return (static_cast<unsigned char>(c) >> 6U) != 2; });
  return Node::make(kind, mark.line + 1, static_cast<int>(characters) + 1);
}

std::string Composer::line_from(const YAML::Mark& mark) const {
  const auto line = static_cast<std::size_t>(mark.line);
  if (mark.is_null() || line >= line_starts_.size()) {
    return {};
  }
  const std::size_t start = line_starts_[line] + static_cast<std::size_t>(mark.column);
  const std::size_t end = line + 1 < line_starts_.size() ? line_starts_[line + 1] : text_.size();
  return start < end ? text_.substr(start, end - start) : std::string();
}

void Composer::OnDocumentStart(const YAML::Mark& mark) {
  if (++documents_ > 1) {
    refuse(mark, "a second document starts here; a file holds one");
  }
}

void Composer::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  put(place(Node::Kind::null, mark), 1, 1, anchor);
}

void Composer::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) {
    refuse(mark, "an alias stands for what is still open here");
  }
  const Anchored& anchored = found->second;
  if (nodes_ + anchored.size > kMaxNodes) {
    refuse(mark, "more than " + std::to_string(kMaxNodes) + " values, aliases counted in full");
  }
  put(anchored.node, anchored.size, anchored.size, 0);
}

void Composer::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                        const std::string& value) {
  if (!is_own_tag(tag, "str")) {
    refuse(mark, "tag '" + tag + "' is refused; a rule file is plain data without tags");
  }
  Node node = place(Node::Kind::string, mark);
  const std::string line = line_from(mark);
  const bool is_quoted = !line.empty() && (line[0] == '"' || line[0] == '\'');
  if (tag == "?") {
    if (!nodes::resolve_scalar(value, node)) {
      refuse(mark, "the number is too long; at most 18 digits");
    }
  } else {
    node.text = value;
  }
  const std::size_t offset = is_quoted ? 1 : 0;
  const bool is_in_place = line.compare(offset, value.size(), value) == 0;
  node.text_offset = is_in_place ? static_cast<int>(offset) : -1;
  put(std::move(node), 1, 1, anchor);
}

void Composer::OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                               YAML::anchor_t anchor, YAML::EmitterStyle::value /*style*/) {
  open(Node::Kind::list, "seq", mark, tag, anchor);
}

void Composer::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                          YAML::EmitterStyle::value /*style*/) {
  open(Node::Kind::map, "map", mark, tag, anchor);
}

void Composer::open(Node::Kind kind, const char* own_tag, const YAML::Mark& mark,
                    const std::string& tag, YAML::anchor_t anchor) {
  if (!is_own_tag(tag, own_tag)) {
    refuse(mark, "tag '" + tag + "' is refused; a rule file is plain data without tags");
  }
  if (stack_.size() >= kMaxDepth) {
    refuse(mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
  }
  stack_.push_back({place(kind, mark), anchor, 1});
}

void Composer::close() {
  Open done = std::move(stack_.back());
  stack_.pop_back();
  put(std::move(done.node), done.size, 1, done.anchor);
}

void Composer::put(Node node, std::size_t size, std::size_t added, YAML::anchor_t anchor) {
  nodes_ += added;
  if (nodes_ > kMaxNodes) {
    refuse(node.line, node.column,
           "more than " + std::to_string(kMaxNodes) + " values, aliases counted in full");
  }
  if (anchor != 0) {
    anchors_[anchor] = {node, size};
  }
  if (stack_.empty()) {
    root_ = std::move(node);
    return;
  }
  stack_.back().size += size;
  stack_.back().node.items.push_back(std::move(node));
}

}  // namespace cexpr::yaml::detail
