#include "nodes/reader.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "nodes/numbers.hpp"
#include "nodes/text.hpp"

namespace cexpr::nodes {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += i == 0 ? "" : (i + 1 == words.size() ? " or " : ", ");
    text += words[i];
  }
  return text;
}

std::string place_of(const Node& node) {
  return node.line == 0 ? ""
                        : ", first in line " + std::to_string(node.line) + ", column " +
                              std::to_string(node.column);
}

}  // namespace

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::map:
      return "a map";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::string:
      return quoted(node.text);
    case Node::Kind::integer:
    case Node::Kind::real:
      return number_text(node.number);
    case Node::Kind::boolean:
      return node.number != 0.0 ? "true (yes, on)" : "false (no, off)";
    case Node::Kind::null:
      break;
  }
  return "nothing";
}

std::vector<bool> usable_keys(const Node& map, const std::string& rule, const std::string& where,
                              Problems& problems) {
  std::vector<bool> usable(map.items.size() / 2, true);
  std::unordered_map<std::string, const Node*> first;
  for (std::size_t i = 0; i < usable.size(); ++i) {
    const Node& key = map.items[2 * i];
    if (key.kind != Node::Kind::string) {
      problems.add(key, rule,
                   "a key in " + where + " is a name, got " + describe(key) +
                       (key.kind == Node::Kind::boolean ? "; put it in quotes" : ""));
      usable[i] = false;
    } else if (const auto found = first.emplace(key.text, &key); !found.second) {
      problems.add(key, rule,
                   "key " + quoted(key.text) + " comes twice in " + where +
                       place_of(*found.first->second) + "; take one of them away");
      usable[i] = false;
    }
  }
  return usable;
}

MapReader::MapReader(const Node& map, std::string rule, std::string where, Problems& problems)
    : map_(map),
      rule_(std::move(rule)),
      where_(std::move(where)),
      problems_(problems),
      taken_(usable_keys(map, rule_, where_, problems)) {
  taken_.flip();  // what cannot be used is not asked for again
}

const Node* MapReader::take(const char* key) {
  known_.emplace_back(key);
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    if (!taken_[i] && map_.items[2 * i].text == key) {
      taken_[i] = true;
      return &map_.items[2 * i + 1];
    }
  }
  return nullptr;
}

const Node* MapReader::require(const char* key) {
  const Node* value = take(key);
  if (value == nullptr) {
    problems_.add(map_, rule_, "key '" + std::string(key) + "' is missing in " + where_);
  }
  return value;
}

void MapReader::report_unknown() {
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    if (!taken_[i]) {
      const Node& key = map_.items[2 * i];
      std::string hint = suggest(key.text, known_);
      if (hint.empty()) {
        hint = "; expected " + join(known_);
      }
      problems_.add(key, rule_, "unknown key " + quoted(key.text) + " in " + where_ + hint);
    }
  }
}

bool expect_map(const Node& node, const std::string& rule, const std::string& what,
                Problems& problems) {
  if (node.kind == Node::Kind::map) {
    return true;
  }
  problems.add(node, rule, what + " is a map, got " + describe(node));
  return false;
}

bool read_number(const Node& node, const std::string& rule, const std::string& what,
                 Problems& problems, double& value) {
  if (node.kind == Node::Kind::integer || node.kind == Node::Kind::real) {
    value = node.number;
  } else if (node.kind != Node::Kind::string || !parse_number(node.text, value)) {
    problems.add(node, rule, what + " is a number, got " + describe(node));
    return false;
  }
  if (!std::isfinite(value) || std::abs(value) > 1e30) {
    problems.add(node, rule, what + " is a number within +-1e30, got " + describe(node));
    return false;
  }
  return true;
}

bool read_word(const Node& node, const std::string& rule, const std::string& what,
               const std::vector<std::string>& words, Problems& problems, std::size_t& index) {
  const std::string text = node.kind == Node::Kind::null ? "none" : node.text;
  if (node.kind == Node::Kind::string || node.kind == Node::Kind::null) {
    const auto found = std::find(words.begin(), words.end(), text);
    if (found != words.end()) {
      index = static_cast<std::size_t>(found - words.begin());
      return true;
    }
  }
  problems.add(node, rule,
               what + " is " + join(words) + ", got " + describe(node) +
                   (node.kind == Node::Kind::string ? suggest(node.text, words) : ""));
  return false;
}

}  // namespace cexpr::nodes
