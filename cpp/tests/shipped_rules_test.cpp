#include "cexpr/shipped_rules.hpp"

#include <string>
#include <vector>

#include "cexpr/error.hpp"
#include "check.hpp"
#include "rules/shipped/plain_yaml.hpp"

using cexpr::Node;
using cexpr::rules::detail::read_plain_yaml;

namespace {

/// A tree in one line: maps as {key=value}, lists as [value], texts as they are.
std::string shown(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::map:
      for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
        text += (i == 0 ? "" : ",") + shown(node.items[i]) + "=" + shown(node.items[i + 1]);
      }
      return "{" + text + "}";
    case Node::Kind::list:
      for (const Node& item : node.items) {
        text += (text.empty() ? "" : ",") + shown(item);
      }
      return "[" + text + "]";
    case Node::Kind::string:
      return "'" + node.text + "'";
    case Node::Kind::null:
      return "null";
    case Node::Kind::boolean:
      return node.number != 0.0 ? "true" : "false";
    default:
      return std::to_string(node.number).substr(0, 4);
  }
}

bool reads(const std::string& text, const std::string& tree) {
  const std::string got = shown(read_plain_yaml(text));
  if (got != tree) {
    std::cerr << "  got: " << got << '\n';
  }
  return got == tree;
}

}  // namespace

CEXPR_TEST(the_shipped_sets_are_compiled_in_and_pass_their_tests) {
  CHECK(cexpr::shipped_rule_names().size() > 5);
  for (const std::string& name : cexpr::shipped_rule_names()) {
    const cexpr::RuleSet rules = cexpr::shipped_rules(name);
    CHECK(rules.name() == name);
    CHECK(rules.warnings().empty());
    CHECK(rules.compounds().size() == 7);
    CHECK(!rules.tests().empty());
    for (const cexpr::rules::TestResult& result : rules.run_tests()) {
      CHECK(result.passed);
    }
  }
}

CEXPR_TEST(a_name_that_is_not_shipped_is_refused_with_those_that_are) {
  try {
    cexpr::shipped_rules("defalt");
    CHECK(false);
  } catch (const cexpr::ArgumentError& error) {
    CHECK(std::string(error.what()).find("'defalt'; there are avcer") != std::string::npos);
  }
}

CEXPR_TEST(the_reader_takes_what_rule_files_use) {
  CHECK(reads("a: 1\nb: text here # why\n\n# c: 2\nd: 'x # y'\n",
              "{'a'=1.00,'b'='text here','d'='x # y'}"));
  CHECK(reads("a:\n  b: true\n  c:\nd: ~\n", "{'a'={'b'=true,'c'=null},'d'=null}"));
  CHECK(reads("a:\n- 1\n- b: 2\n  c: 3\n-\n  - 4\n", "{'a'=[1.00,{'b'=2.00,'c'=3.00},[4.00]]}"));
  CHECK(reads("a:\n  - {b: 0.5, c: none}\n  - [x, \"y, z\"]\n",
              "{'a'=[{'b'=0.50,'c'='none'},['x','y, z']]}"));
  CHECK(reads("a: {b: {c: 1},\n    d: 2}\n", "{'a'={'b'={'c'=1.00},'d'=2.00}}"));
  CHECK(reads("a: >-\n  max(b,\n      c)\nd: e +\n  f\n", "{'a'='max(b, c)','d'='e + f'}"));
  CHECK(reads("a: \"b: c\"\n'd e': max(1, 2)\n", "{'a'='b: c','d e'='max(1, 2)'}"));
}

CEXPR_TEST(places_are_those_of_the_file) {
  const Node root = read_plain_yaml("a: 1\n\nb:\n  - c: 'x'\n    d: {e: f}\n");
  const Node& item = root.items[3].items[0];
  CHECK(item.line == 4 && item.column == 5);
  CHECK(item.items[1].line == 4 && item.items[1].column == 8 && item.items[1].text_offset == 1);
  CHECK(item.items[3].items[1].line == 5 && item.items[3].items[1].column == 12);
}

CEXPR_TEST(the_reader_refuses_the_rest_of_yaml) {
  for (const char* text :
       {"", "a: &b 1", "a: *b", "a: !!str b", "a: |\n  b", "a: 'b\n  c'", "a: {b: 1", "a: [1] 2",
        "a\n", "a: 1\n  b: 2\n c: 3", "a: {b}", "a: \"\\n\"", "a: 99999999999999999999"}) {
    CHECK_THROWS(read_plain_yaml(text), cexpr::Error);
  }
  std::string deep = "a: ";
  deep.append(1000, '[');
  CHECK_THROWS(read_plain_yaml(deep), cexpr::Error);
}
