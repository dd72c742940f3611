#include "cexpr/yaml.hpp"

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "cexpr/shipped_rules.hpp"
#include "check.hpp"

using cexpr::Node;
using cexpr::RuleError;
using cexpr::yaml::parse;
using cexpr::yaml::YamlError;
namespace fs = std::filesystem;

namespace {

const fs::path kRoot = CEXPR_SOURCE_DIR;

std::string message_of(const std::string& text) {
  try {
    parse(text, "f");
  } catch (const YamlError& error) {
    return error.what();
  }
  return "";
}

std::string rules_message_of(const std::string& text) {
  try {
    cexpr::yaml::read_rules(text);
  } catch (const RuleError& error) {
    return error.what();
  }
  return "";
}

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

const Node& only(const Node& node) { return node.items.at(1); }

}  // namespace

CEXPR_TEST(shipped_rule_sets_pass_their_own_tests) {
  int files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(kRoot / "rules")) {
    if (entry.path().extension() != ".yaml") {
      continue;
    }
    ++files;
    const cexpr::RuleSet rules = cexpr::yaml::load_rules(entry.path().string());
    CHECK(!rules.tests().empty());
    for (const cexpr::rules::TestResult& result : rules.run_tests()) {
      CHECK(result.passed);
    }
  }
  CHECK(files > 5);
  CHECK(cexpr::shipped_rule_names().size() == static_cast<std::size_t>(files));
}

CEXPR_TEST(shipped_rule_sets_are_compiled_in_as_their_files_say) {
  const std::size_t width = cexpr::rules::default_signals().size();
  constexpr std::size_t kRows = 97;
  std::vector<float> signals(kRows * width);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    signals[i] = static_cast<float>(i * 7919 % 1000) / 1000.0F;
  }
  std::vector<double> times(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    times[i] = 0.04 * static_cast<double>(i);
  }
  cexpr::rules::RowIndex index;
  index.times = {times.data(), kRows};
  for (const std::string& name : cexpr::shipped_rule_names()) {
    const cexpr::RuleSet file =
        cexpr::yaml::load_rules((kRoot / "rules" / (name + ".yaml")).string());
    const cexpr::RuleSet inside = cexpr::shipped_rules(name);
    CHECK(inside.compounds() == file.compounds());
    CHECK(inside.about() == file.about() && inside.source() == file.source());
    const std::size_t count = file.compounds().size();
    const auto scores = [&](const cexpr::RuleSet& rules) {
      std::vector<float> all(kRows * count);
      rules.bind(cexpr::rules::default_signals())
          .evaluate({signals.data(), kRows, width, width}, index, cexpr::rules::Windows::centred,
                    {all.data(), kRows, count, count});
      return all;
    };
    CHECK(scores(inside) == scores(file));
  }
}

CEXPR_TEST(shipped_manifests_are_read) {
  int files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(kRoot / "models")) {
    if (entry.path().extension() == ".yaml") {
      ++files;
      const cexpr::Manifest manifest = cexpr::yaml::load_manifest(entry.path().string());
      CHECK(manifest.id == entry.path().stem().string());
      CHECK(cexpr::Heads(manifest.outputs).names().size() >= 7);
    }
  }
  CHECK(files > 5);
  const cexpr::Manifest small =
      cexpr::yaml::load_manifest((kRoot / "models" / "cexpr-s.yaml").string());
  CHECK(small.input.color == cexpr::ColorOrder::gray && small.input.face.is_aligned);
  CHECK(fs::exists(small.model_path()));
}

CEXPR_TEST(scalars_are_those_of_yaml_1_2) {
  using Kind = Node::Kind;
  const auto kind = [](const std::string& text) { return only(parse("a: " + text)).kind; };
  CHECK(kind("yes") == Kind::string && kind("on") == Kind::string && kind("1:30") == Kind::string);
  CHECK(kind("true") == Kind::boolean && kind("'true'") == Kind::string);
  CHECK(kind("~") == Kind::null && kind("") == Kind::null && kind("null") == Kind::null);
  CHECK(kind("12") == Kind::integer && kind("-0") == Kind::integer &&
        kind("\"12\"") == Kind::string);
  CHECK(kind("1e-3") == Kind::real && kind(".5") == Kind::real && kind("5.") == Kind::real);
  CHECK(kind("0x10") == Kind::string && kind("1e") == Kind::string && kind("0.5s") == Kind::string);
  CHECK(only(parse("a: -1.5e2")).number == -150.0);
  CHECK(std::isinf(only(parse("a: -.inf")).number) && std::isnan(only(parse("a: .nan")).number));
  CHECK(std::isinf(only(parse("a: 1e999")).number));
  CHECK(starts_with(message_of("a: 12345678901234567890"), "f:1:4: "));
}

CEXPR_TEST(places_count_characters_from_one) {
  const Node root = parse("\n\xc3\xa4\xc3\xb6: {b: 'x'}\nc: |\n  fear\n");
  CHECK(root.kind == Node::Kind::map && root.line == 2 && root.column == 1);
  const Node& inner = only(root);
  CHECK(inner.line == 2 && inner.column == 5);
  CHECK(only(inner).column == 9 && only(inner).text_offset == 1);
  CHECK(root.items[3].text == "fear\n" && root.items[3].text_offset == -1);
  // A mistake inside an expression is shown at its own column.
  const std::string head = "cexpr: 1\nname: n\ncompounds:\n  A: ";
  CHECK(rules_message_of(head + "fear + joy").find(":4:13:") != std::string::npos);
  CHECK(rules_message_of(head + "'fear + joy'").find(":4:14:") != std::string::npos);
}

CEXPR_TEST(what_is_not_yaml_is_told_in_plain_words) {
  const auto says = [](const std::string& text, const std::string& words) {
    const std::string message = message_of(text);
    if (message.find(words) == std::string::npos) {
      std::cerr << "  got: " << message << '\n';
    }
    return message.find(words) != std::string::npos;
  };
  CHECK(says("a: b: c", "a second ':' is not allowed here"));
  CHECK(says("a: {b: \"x\" y}", "expected ',' or '}' here"));
  CHECK(says("a: @x", "a value cannot begin with this character"));
  CHECK(says("a: > 0.5", "a value that begins with '>'"));
  CHECK(says("a: 'b", "a quote is never closed"));
  CHECK(says("a: - b", "begin it in the line after its key"));
  CHECK(says("a:\n   b: 1\n  c: 2\n", "the indentation fits no line above"));
  CHECK(rules_message_of("cexpr: 1\nname: n\ncompounds:\n  A: {score: mean(fear, anger)}\n")
            .find("4:23: A: a comma inside { } ends the value") != std::string::npos);
}

CEXPR_TEST(aliases_stand_for_what_they_name) {
  const Node root = parse("a: &x {k: 1}\nb: *x\n");
  CHECK(root.items[3].kind == Node::Kind::map && only(root.items[3]).number == 1.0);
}

CEXPR_TEST(what_no_rule_file_may_be_is_refused) {
  CHECK(starts_with(message_of(""), "f:1:1: "));
  CHECK(starts_with(message_of("a: 1\n---\nb: 2\n"), "f:2:"));
  CHECK(message_of("a: !!python/object:os.system x").find("tag") != std::string::npos);
  CHECK(message_of("a: !mine {b: 1}").find("tag") != std::string::npos);
  CHECK(starts_with(message_of("a: [1, 2"), "f:"));
  CHECK(starts_with(message_of("a: *nothing"), "f:1:"));
  CHECK(starts_with(message_of("a: &x [*x]"), "f:1:"));
  CHECK(starts_with(message_of("a: \xff"), "f:1:4: "));
  CHECK(starts_with(message_of("a: b\x01"), "f:1:5: "));
  CHECK(starts_with(message_of("\xef\xbb\xbf"
                               "a: 1"),
                    "f:1:1: "));
  CHECK(message_of(std::string(40, '[')).find("nested deeper") != std::string::npos);
  CHECK(message_of(std::string(cexpr::yaml::kMaxBytes + 1, ' ')).find("too long") !=
        std::string::npos);
  std::string bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) {
      bomb += "," + before;
    }
    bomb += "]\n";
  }
  CHECK(message_of(bomb).find("aliases counted in full") != std::string::npos);
  CHECK_THROWS(cexpr::yaml::load_rules("no-such-file.yaml"), YamlError);
  CHECK_THROWS(cexpr::yaml::load_manifest((kRoot / "rules" / "default.yaml").string()),
               cexpr::ModelError);
}
