#include <algorithm>
#include <limits>
#include <string>

#include "nodes/reader.hpp"
#include "nodes/text.hpp"
#include "rules/file/sections.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

bool is_signal(const std::string& name, const Document& document) {
  const auto& names = document.vocabulary;
  return std::find(names.begin(), names.end(), name) != names.end();
}

void report_unknown(const Node& node, const std::string& rule, const Document& document,
                    Problems& problems) {
  problems.add(node, rule,
               "unknown signal " + quoted(node.text) + suggest(node.text, document.vocabulary));
}

void read_given(const Node& node, const std::string& rule, const Document& document,
                Problems& problems, TestCase& test) {
  if (!expect_map(node, rule, "given", problems)) {
    return;
  }
  const std::vector<bool> usable = usable_keys(node, rule, "given", problems);
  for (std::size_t i = 0; i < usable.size(); ++i) {
    if (!usable[i]) {
      continue;
    }
    const Node& key = node.items[2 * i];
    const Node& value = node.items[2 * i + 1];
    if (!is_signal(key.text, document)) {
      report_unknown(key, rule, document, problems);
      continue;
    }
    double number = std::numeric_limits<double>::quiet_NaN();
    // .nan stands for "unknown in this frame".
    const bool is_nan = value.kind == Node::Kind::real && value.number != value.number;
    if (is_nan || read_number(value, rule, key.text, problems, number)) {
      test.names.push_back(key.text);
      test.values.push_back(static_cast<float>(number));
    }
  }
}

void read_absent(const Node& node, const std::string& rule, const Document& document,
                 Problems& problems, TestCase& test) {
  if (node.kind != Node::Kind::list) {
    problems.add(node, rule, "absent is a list of signals, got " + describe(node));
    return;
  }
  for (const Node& item : node.items) {
    if (item.kind != Node::Kind::string || !is_signal(item.text, document)) {
      report_unknown(item, rule, document, problems);
    } else if (std::find(test.names.begin(), test.names.end(), item.text) != test.names.end()) {
      problems.add(item, rule, "'" + item.text + "' is both given and absent");
    } else {
      test.absent.push_back(item.text);
    }
  }
}

void read_expect(const Node& node, const std::string& rule, const Document& document,
                 Problems& problems, TestCase& test) {
  const auto& names = document.compound_names;
  if (node.kind == Node::Kind::null || (node.kind == Node::Kind::string && node.text == "none")) {
    test.expected = kNone;
    return;
  }
  const auto found = node.kind == Node::Kind::string
                         ? std::find(names.begin(), names.end(), node.text)
                         : names.end();
  if (found == names.end()) {
    problems.add(node, rule,
                 "expect is a compound or none, got " + describe(node) +
                     (node.kind == Node::Kind::string ? suggest(node.text, names) : std::string()));
    return;
  }
  test.expected = static_cast<std::int32_t>(found - names.begin());
}

}  // namespace

void read_tests(const Node* node, Document& document, Problems& problems) {
  if (node == nullptr) {
    return;
  }
  if (node->kind != Node::Kind::list) {
    problems.add(*node, "tests",
                 "tests is a list of {given: ..., expect: ...}, got " + describe(*node));
    return;
  }
  if (node->items.size() > kMaxTests) {
    problems.add(*node, "tests", "more than " + std::to_string(kMaxTests) + " tests");
    return;
  }
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    const Node& item = node->items[i];
    const std::string rule = "test " + std::to_string(i + 1);
    if (!expect_map(item, rule, "a test", problems)) {
      continue;
    }
    TestCase test;
    test.line = item.line;
    test.column = item.column;
    MapReader keys(item, rule, "a test", problems);
    if (const Node* name = keys.take("name")) {
      if (name->kind == Node::Kind::string) {
        test.name = name->text;
      } else {
        problems.add(*name, rule, "name is text, got " + describe(*name));
      }
    }
    if (const Node* given = keys.require("given")) {
      read_given(*given, rule, document, problems, test);
    }
    if (const Node* absent = keys.take("absent")) {
      read_absent(*absent, rule, document, problems, test);
    }
    if (const Node* expect = keys.require("expect")) {
      read_expect(*expect, rule, document, problems, test);
    }
    keys.report_unknown();
    document.tests.push_back(std::move(test));
  }
}

}  // namespace cexpr::rules::detail
