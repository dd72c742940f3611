#include "rules/file/read_document.hpp"

#include <string>
#include <utility>
#include <vector>

#include "nodes/reader.hpp"
#include "rules/file/sections.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

constexpr double kLanguageVersion = 1.0;

/// Checks depth and number of values, without recursion.
bool is_small(const Node& root, Problems& problems) {
  std::vector<std::pair<const Node*, std::size_t>> open{{&root, 1}};
  std::size_t count = 0;
  while (!open.empty()) {
    const auto [node, depth] = open.back();
    open.pop_back();
    if (depth > kMaxNodeDepth) {
      problems.add(*node, "",
                   "maps and lists lie more than " + std::to_string(kMaxNodeDepth) +
                       " levels inside each other");
      return false;
    }
    if (++count > kMaxNodes) {
      problems.add(*node, "",
                   "the file holds more than " + std::to_string(kMaxNodes) +
                       " values; aliases count each time");
      return false;
    }
    for (const Node& item : node->items) {
      open.emplace_back(&item, depth + 1);
    }
  }
  return true;
}

void read_text(const Node& node, const std::string& what, Problems& problems, std::string& text) {
  if (node.kind == Node::Kind::string) {
    text = node.text;
  } else {
    problems.add(
        node, "",
        what + " is text, got " + describe(node) +
            (node.kind == Node::Kind::map || node.kind == Node::Kind::list ? ""
                                                                           : "; put it in quotes"));
  }
}

void read_optional_text(MapReader& keys, const char* key, Problems& problems, std::string& text) {
  const Node* node = keys.take(key);
  if (node != nullptr && node->kind != Node::Kind::null) {
    read_text(*node, key, problems, text);
  }
}

void read_sections(const Node& root, Document& document, Problems& problems) {
  MapReader keys(root, "", "a rule file", problems);
  if (const Node* version = keys.require("cexpr")) {
    if (version->kind != Node::Kind::integer || version->number != kLanguageVersion) {
      problems.add(*version, "",
                   "this version of cexpr reads rule language 1, written "
                   "'cexpr: 1'; got " +
                       describe(*version));
    }
  }
  if (const Node* name = keys.require("name")) {
    read_text(*name, "name", problems, document.name);
    if (name->kind == Node::Kind::string && name->text.empty()) {
      problems.add(*name, "", "name is empty");
    }
  }
  read_optional_text(keys, "about", problems, document.about);
  read_optional_text(keys, "source", problems, document.source);
  const Node* lets = keys.take("let");
  const Node* compounds = keys.require("compounds");
  read_rules(lets, compounds, document, problems);
  read_smooth(keys.take("smooth"), document, problems);
  read_faces(keys.take("faces"), document, problems);
  read_gaps(keys.take("gaps"), document, problems);
  read_decide(keys.take("decide"), document, problems);
  read_events(keys.take("events"), document, problems);
  read_tests(keys.take("tests"), document, problems);
  keys.report_unknown();
}

}  // namespace

Document read_document(const Node& root, const CompileOptions& options, Problems& problems) {
  Document document;
  document.file = options.file;
  document.vocabulary = options.signals.empty() ? default_signals() : options.signals;
  if (root.kind == Node::Kind::string && root.text.find(':') != std::string::npos) {
    problems.add(root, "",
                 "a rule file is a map of entries 'key: value', with a space behind the ':', got " +
                     describe(root));
    return document;
  }
  if (is_small(root, problems) && expect_map(root, "", "a rule file", problems)) {
    read_sections(root, document, problems);
  }
  return document;
}

}  // namespace cexpr::rules::detail
