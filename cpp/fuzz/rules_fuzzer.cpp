#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cexpr/rules.hpp"

// Any text as an expression: it is refused with a RuleError, or it compiles, and then it evaluates,
// explains and streams. A line break cuts the input into a compound's score and two named values.
namespace {

using cexpr::Node;

Node text(const std::string& value) { return Node::make_string(value, 1, 1); }

Node make_map(const std::vector<std::pair<std::string, Node>>& entries) {
  Node node = Node::make(Node::Kind::map, 1, 1);
  for (const auto& [key, value] : entries) {
    node.items.push_back(text(key));
    node.items.push_back(value);
  }
  return node;
}

void use(const cexpr::RuleSet& rules, const std::vector<std::string>& names) {
  if (!rules.missing(names).empty()) {
    return;
  }
  constexpr std::size_t kRows = 5;
  const std::size_t width = names.size();
  const std::size_t compounds = rules.compounds().size();
  std::vector<float> signals(kRows * width);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    signals[i] = i % 7 == 6 ? std::numeric_limits<float>::quiet_NaN()
                            : static_cast<float>(i % 5) / 4.0F - 0.25F;
  }
  const std::vector<std::int64_t> frames{1, 2, 4, 5, 900};
  const std::vector<double> times{0.0, 0.04, 0.12, 0.16, 40.0};
  cexpr::rules::RowIndex index;
  index.frames = {frames.data(), kRows};
  index.times = {times.data(), kRows};
  std::vector<float> scores(kRows * compounds);
  std::vector<std::int32_t> labels(kRows);
  const cexpr::BoundRules bound = rules.bind(names);
  const cexpr::Span2D<const float> rows{signals.data(), kRows, width, width};
  for (const auto windows : {cexpr::rules::Windows::centred, cexpr::rules::Windows::trailing}) {
    bound.classify(rows, index, windows, {scores.data(), kRows, compounds, compounds},
                   {labels.data(), kRows});
    bound.explain(rows, index, windows, 3);
  }
  cexpr::RuleStream stream(bound);
  for (std::size_t i = 0; i < kRows; ++i) {
    stream.push(frames[i], times[i], {rows.row(i), 1, width, width}, {},
                {scores.data(), 1, compounds, compounds});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n' && parts.size() < 4) {
      parts.emplace_back();
    } else {
      parts.back() += static_cast<char>(data[i]);
    }
  }
  parts.resize(4);
  std::vector<std::pair<std::string, Node>> lets;
  for (std::size_t i = 1; i < 3; ++i) {
    if (!parts[i].empty()) {
      lets.emplace_back(i == 1 ? "a" : "b", text(parts[i]));
    }
  }
  Node compound = make_map({{"score", text(parts[0])}});
  if (!parts[3].empty()) {
    compound.items.push_back(text("when"));
    compound.items.push_back(text(parts[3]));
  }
  Node version = Node::make_number(Node::Kind::integer, 1.0, 1, 1);
  const Node root = make_map({{"cexpr", version},
                              {"name", text("fuzz")},
                              {"let", make_map(lets)},
                              {"compounds", make_map({{"C", compound}, {"D", text("fear")}})}});
  try {
    const cexpr::RuleSet rules = cexpr::RuleSet::compile(root);
    use(rules, cexpr::rules::default_signals());
    use(rules, {"surprise", "fear"});
  } catch (const cexpr::RuleError&) {
  }
  return 0;
}
