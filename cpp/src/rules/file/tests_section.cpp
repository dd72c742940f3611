#include <algorithm>
#include <limits>
#include <string>

#include "nodes/numbers.hpp"
#include "nodes/reader.hpp"
#include "nodes/text.hpp"
#include "rules/file/sections.hpp"
#include "rules/file/unknown_signal.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

bool is_signal(const std::string& name, const Document& document) {
  const auto& names = document.vocabulary;
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Reads one entry of a map of signals, that of `key`.
void read_value(const Node& key, const Node& value, const std::string& rule,
                const Document& document, Problems& problems, std::vector<std::string>& names,
                std::vector<float>& values) {
  if (!is_signal(key.text, document)) {
    problems.add(key, rule, unknown_signal(key.text, document.vocabulary));
    return;
  }
  double number = std::numeric_limits<double>::quiet_NaN();
  // .nan stands for "unknown in this frame".
  const bool is_nan = value.kind == Node::Kind::real && value.number != value.number;
  if (is_nan || read_number(value, rule, key.text, problems, number)) {
    names.push_back(key.text);
    values.push_back(static_cast<float>(number));
  }
}

void read_given(const Node& node, const std::string& rule, const Document& document,
                Problems& problems, TestCase& test) {
  if (!expect_map(node, rule, "given", problems)) {
    return;
  }
  const std::vector<bool> usable = usable_keys(node, rule, "given", problems);
  for (std::size_t i = 0; i < usable.size(); ++i) {
    if (usable[i]) {
      read_value(node.items[2 * i], node.items[2 * i + 1], rule, document, problems, test.names,
                 test.values);
    }
  }
}

void read_repeat(const Node& node, const std::string& rule, Problems& problems,
                 std::int64_t& repeat) {
  const auto most = static_cast<double>(kMaxTestFrames);
  if (node.kind != Node::Kind::integer || node.number < 1.0 || node.number > most) {
    problems.add(node, rule,
                 "repeat is a whole number of frames, 1 to " + number_text(most) + ", got " +
                     describe(node));
    return;
  }
  repeat = static_cast<std::int64_t>(node.number);
}

/// One entry of `frames`: signals, beside them `repeat` or `no_face`.
TestStep read_step(const Node& node, const std::string& rule, const Document& document,
                   Problems& problems) {
  TestStep step;
  step.line = node.line;
  step.column = node.column;
  if (!expect_map(node, rule, "an entry of frames", problems)) {
    return step;
  }
  const std::vector<bool> usable = usable_keys(node, rule, "an entry of frames", problems);
  for (std::size_t i = 0; i < usable.size(); ++i) {
    const Node& key = node.items[2 * i];
    const Node& value = node.items[2 * i + 1];
    if (!usable[i]) {
      continue;
    }
    if (key.text == "repeat") {
      read_repeat(value, rule, problems, step.repeat);
    } else if (key.text != "no_face") {
      read_value(key, value, rule, document, problems, step.names, step.values);
    } else if (value.kind == Node::Kind::boolean) {
      step.has_face = value.number == 0.0;
    } else {
      problems.add(value, rule, "no_face is true or false, got " + describe(value));
    }
  }
  if (!step.has_face && !step.names.empty()) {
    problems.add(node, rule, "a frame without a face has no signals; take them away, or no_face");
  }
  return step;
}

void read_frames(const Node& node, const std::string& rule, const Document& document,
                 Problems& problems, TestCase& test) {
  if (node.kind != Node::Kind::list || node.items.empty()) {
    problems.add(node, rule,
                 "frames is a list of {fear: 0.5, repeat: 10}, one entry or more, got " +
                     (node.kind == Node::Kind::list ? "an empty list" : describe(node)));
    return;
  }
  for (const Node& item : node.items) {
    test.steps.push_back(read_step(item, rule, document, problems));
  }
}

bool is_given(const TestCase& test, const std::string& name) {
  const auto holds = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return holds(test.names) || std::any_of(test.steps.begin(), test.steps.end(),
                                          [&](const TestStep& step) { return holds(step.names); });
}

void read_absent(const Node& node, const std::string& rule, const Document& document,
                 Problems& problems, TestCase& test) {
  if (node.kind != Node::Kind::list) {
    problems.add(node, rule, "absent is a list of signals, got " + describe(node));
    return;
  }
  for (const Node& item : node.items) {
    if (item.kind != Node::Kind::string || !is_signal(item.text, document)) {
      problems.add(item, rule, unknown_signal(item.text, document.vocabulary));
    } else if (is_given(test, item.text)) {
      problems.add(item, rule, "'" + item.text + "' is both given and absent");
    } else {
      test.absent.push_back(item.text);
    }
  }
}

/// A compound, or none; false, with a problem, for anything else.
bool read_label(const Node& node, const std::string& rule, const Document& document,
                const char* words, Problems& problems, std::int32_t& label) {
  const auto& names = document.compound_names;
  if (node.kind == Node::Kind::null || (node.kind == Node::Kind::string && node.text == "none")) {
    label = kNone;
    return true;
  }
  const auto found = node.kind == Node::Kind::string
                         ? std::find(names.begin(), names.end(), node.text)
                         : names.end();
  if (found == names.end()) {
    problems.add(node, rule,
                 std::string(words) + ", got " + describe(node) +
                     (node.kind == Node::Kind::string ? suggest(node.text, names) : std::string()));
    return false;
  }
  label = static_cast<std::int32_t>(found - names.begin());
  return true;
}

/// One label for each step. `any` is a word here, unless a compound has that name.
void read_expected_steps(const Node& node, const std::string& rule, const Document& document,
                         Problems& problems, TestCase& test) {
  if (node.kind != Node::Kind::list || node.items.size() != test.steps.size()) {
    problems.add(node, rule,
                 "expect is a list with one label for each of the " +
                     std::to_string(test.steps.size()) + " entries of frames, got " +
                     (node.kind == Node::Kind::list ? std::to_string(node.items.size()) + " labels"
                                                    : describe(node)));
    return;
  }
  const auto& names = document.compound_names;
  const bool has_any = std::find(names.begin(), names.end(), "any") != names.end();
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Node& item = node.items[i];
    if (item.kind == Node::Kind::string && item.text == "any" && !has_any) {
      test.steps[i].is_checked = false;
    } else {
      read_label(item, rule, document, "an entry of expect is a compound, none or any", problems,
                 test.steps[i].expected);
    }
  }
}

void read_rate(const Node& node, const std::string& rule, Problems& problems, double& rate) {
  constexpr double kMost = 1000.0;
  if (read_number(node, rule, "fps", problems, rate) && !(rate > 0.0 && rate <= kMost)) {
    problems.add(
        node, rule,
        "fps lies above 0 and is at most " + number_text(kMost) + ", got " + describe(node));
  }
}

/// A single row (`given`) or frames over time (`frames`), and what must come out.
void read_body(MapReader& keys, const Node& item, const std::string& rule, const Document& document,
               Problems& problems, TestCase& test) {
  const Node* frames = keys.take("frames");
  const Node* given = keys.take("given");
  const Node* rate = keys.take("fps");
  if (frames != nullptr && given != nullptr) {
    problems.add(*given, rule, "a test has given (one frame) or frames (several), not both");
  } else if (frames != nullptr) {
    read_frames(*frames, rule, document, problems, test);
  } else if (given != nullptr) {
    read_given(*given, rule, document, problems, test);
  } else {
    problems.add(item, rule, "a test needs given (one frame) or frames (several)");
  }
  if (rate != nullptr && frames == nullptr) {
    problems.add(*rate, rule, "fps goes with frames, which is missing");
  } else if (rate != nullptr) {
    read_rate(*rate, rule, problems, test.frames_per_second);
  }
  if (const Node* absent = keys.take("absent")) {
    read_absent(*absent, rule, document, problems, test);
  }
  const Node* expect = keys.require("expect");
  if (expect != nullptr && !test.steps.empty()) {
    read_expected_steps(*expect, rule, document, problems, test);
  } else if (expect != nullptr && frames == nullptr) {
    read_label(*expect, rule, document, "expect is a compound or none", problems, test.expected);
  }
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
  std::int64_t frames = 0;
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
    read_body(keys, item, rule, document, problems, test);
    keys.report_unknown();
    for (const TestStep& step : test.steps) {
      frames += step.repeat;
    }
    if (frames > static_cast<std::int64_t>(kMaxTestFrames)) {
      problems.add(item, rule,
                   "the tests over time have more than " + std::to_string(kMaxTestFrames) +
                       " frames together");
      return;
    }
    document.tests.push_back(std::move(test));
  }
}

}  // namespace cexpr::rules::detail
