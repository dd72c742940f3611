#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cexpr/rules.hpp"

// Any tree as a rule file: words of the language and raw bytes in maps and lists of any shape.
namespace {

using cexpr::Node;

const char* const kWords[] = {"cexpr",
                              "name",
                              "about",
                              "source",
                              "smooth",
                              "let",
                              "compounds",
                              "faces",
                              "gaps",
                              "how",
                              "at_most",
                              "unlimited",
                              "decide",
                              "events",
                              "tests",
                              "kernel",
                              "radius",
                              "sigma",
                              "window",
                              "filled",
                              "expression",
                              "all",
                              "action_units",
                              "valence_arousal",
                              "box",
                              "gaussian",
                              "none",
                              "score",
                              "when",
                              "otherwise",
                              "weights",
                              "abstain_below",
                              "exit_below",
                              "hysteresis",
                              "min_frames",
                              "min_duration",
                              "bias",
                              "priors",
                              "merge_gap",
                              "given",
                              "expect",
                              "absent",
                              "frames",
                              "fps",
                              "repeat",
                              "no_face",
                              "any",
                              "A",
                              "B",
                              "x",
                              "y",
                              "fear",
                              "anger",
                              "AU12",
                              "0.5s",
                              "rows",
                              "x + y",
                              "fear > 0.5",
                              "mean(fear, anger)",
                              "if(has(AU12), AU12, 0)",
                              "y * 2",
                              "mean_over(fear, 3)",
                              "valence > 3",
                              "mean(fear",
                              "anger)"};
constexpr std::size_t kWordCount = sizeof(kWords) / sizeof(kWords[0]);

/// Takes the bytes of an input for a tree.
class TreeMaker {
 public:
  TreeMaker(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  Node make(int depth) {
    const std::uint8_t head = byte();
    Node node = Node::make(Node::Kind::null, head % 50, head % 7);
    const bool is_leaf = depth > 80 || at_ >= size_;
    switch (is_leaf ? 2 + head % 5 : head % 8) {
      case 0:
      case 7:
        node.kind = Node::Kind::map;
        for (int i = byte() % 12; i > 0 && at_ < size_; --i) {
          node.items.push_back(make_key(depth));
          node.items.push_back(make(depth + 1));
        }
        break;
      case 1:
        node.kind = Node::Kind::list;
        for (int i = byte() % 12; i > 0 && at_ < size_; --i) {
          node.items.push_back(make(depth + 1));
        }
        break;
      case 2:
        node = make_word();
        break;
      case 3:
        node.kind = Node::Kind::string;
        node.text_offset = byte() % 3 - 1;
        for (int i = byte() % 32; i > 0 && at_ < size_; --i) {
          node.text += static_cast<char>(byte());
        }
        break;
      case 4:
        node.kind = Node::Kind::integer;
        node.number = static_cast<double>(static_cast<std::int8_t>(byte()));
        break;
      case 5:
        node.kind = Node::Kind::real;
        node.number = static_cast<double>(static_cast<std::int8_t>(byte())) / 8.0;
        if (node.number == 1.0) {
          node.number = std::numeric_limits<double>::infinity();
        }
        break;
      case 6:
        node.kind = Node::Kind::boolean;
        node.number = byte() % 2;
        break;
      default:
        break;
    }
    return node;
  }

 private:
  std::uint8_t byte() { return at_ < size_ ? data_[at_++] : std::uint8_t{0}; }
  Node make_word() {
    const std::uint8_t word = byte();
    return Node::make_string(kWords[word % kWordCount], 1 + word % 9, 1 + word % 5);
  }
  Node make_key(int depth) { return byte() % 16 == 0 ? make(depth + 1) : make_word(); }

  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

Node entry_key(const char* word) { return Node::make_string(word, 1, 1); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Node root = TreeMaker(data, size).make(0);
  if (root.kind == Node::Kind::map) {
    // Give the file a chance of being whole.
    root.items.push_back(entry_key("cexpr"));
    root.items.push_back(Node::make_number(Node::Kind::integer, 1.0, 1, 1));
    root.items.push_back(entry_key("name"));
    root.items.push_back(entry_key("fuzz"));
  }
  try {
    const cexpr::RuleSet rules = cexpr::RuleSet::compile(root);
    rules.run_tests();
    if (rules.missing(rules.signals()).empty()) {
      const std::vector<float> row(rules.signals().size(), 0.5F);
      const cexpr::rules::RowIndex index;
      const cexpr::BoundRules bound = rules.bind(rules.signals());
      if (!bound.needs_times()) {
        bound.explain({row.data(), 1, row.size(), row.size()}, index,
                      cexpr::rules::Windows::centred, 0);
      }
    }
  } catch (const cexpr::RuleError&) {
  }
  return 0;
}
