#include "cexpr/manifest.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "cexpr/rules.hpp"
#include "nodes/numbers.hpp"
#include "nodes/problems.hpp"
#include "nodes/reader.hpp"
#include "vocabulary.hpp"

namespace cexpr {
namespace {

using nodes::MapReader;
using nodes::Problems;

constexpr double kVersion = 1;  // the one there is
constexpr int kMaxSize = 1024;
constexpr int kMinSize = 8;
constexpr std::size_t kSha256Digits = 64;

/// Reads the parts of a manifest, and notes what is wrong.
class ManifestReader {
 public:
  explicit ManifestReader(Problems& problems) : problems_(problems) {}

  Manifest read(const Node& root) {
    Manifest manifest;
    if (!nodes::expect_map(root, "", "a manifest", problems_)) {
      return manifest;
    }
    MapReader map(root, "", "the manifest", problems_);
    if (const Node* node = map.require("cexpr_model"); node != nullptr) {
      double version = 0.0;
      number(*node, "cexpr_model", kVersion, kVersion, version);
    }
    text(map.require("id"), "id", manifest.id);
    text(map.take("file"), "file", manifest.file);
    text(map.take("url"), "url", manifest.url);
    text(map.take("about"), "about", manifest.about);
    text(map.require("licence"), "licence", manifest.licence);
    text(map.take("citation"), "citation", manifest.citation);
    text(map.take("intended_use"), "intended_use", manifest.intended_use);
    map.take("training");
    if (const Node* node = map.take("sha256"); node != nullptr) {
      text(node, "sha256", manifest.sha256);
      const bool is_hex =
          manifest.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
      if (manifest.sha256.size() != kSha256Digits || !is_hex) {
        problems_.add(*node, "sha256", "expected 64 hexadecimal digits");
      }
    }
    if (const Node* node = map.take("bytes"); node != nullptr) {
      double bytes = 0.0;
      if (number(*node, "bytes", 1, 1e15, bytes)) {
        manifest.bytes = static_cast<std::uint64_t>(bytes);
      }
    }
    if (manifest.file.empty() && manifest.url.empty()) {
      problems_.add(root, "", "expected file or url");
    }
    if (const Node* node = map.require("input"); node != nullptr) {
      manifest.input = read_input(*node);
    }
    if (const Node* node = map.require("outputs"); node != nullptr) {
      read_outputs(*node, manifest);
    }
    map.report_unknown();
    return manifest;
  }

 private:
  void text(const Node* node, const char* key, std::string& value) {
    if (node == nullptr || node->kind == Node::Kind::null) {
      return;
    }
    if (node->kind != Node::Kind::string) {
      problems_.add(*node, key, "expected text; got " + nodes::describe(*node));
      return;
    }
    value = node->text;
  }

  bool number(const Node& node, const char* key, double least, double most, double& value) {
    if (!nodes::read_number(node, key, key, problems_, value)) {
      return false;
    }
    if (value >= least && value <= most) {
      return true;
    }
    problems_.add(node, key,
                  "expected " + nodes::number_text(least) + " to " + nodes::number_text(most) +
                      "; got " + nodes::number_text(value));
    return false;
  }

  void number(const Node* node, const char* key, double least, double most, float& value) {
    double wide = 0.0;
    if (node != nullptr && number(*node, key, least, most, wide)) {
      value = static_cast<float>(wide);
    }
  }

  std::size_t word(const Node& node, const char* key, const std::vector<std::string>& words) {
    std::size_t index = 0;
    nodes::read_word(node, key, key, words, problems_, index);
    return index;
  }

  ModelInput read_input(const Node& node) {
    ModelInput input;
    if (!nodes::expect_map(node, "input", "input", problems_)) {
      return input;
    }
    MapReader map(node, "input", "input", problems_);
    double size = 0.0;
    if (const Node* at = map.require("size");
        at != nullptr && number(*at, "size", kMinSize, kMaxSize, size)) {
      input.size = static_cast<int>(size);
      if (std::floor(size) != size) {
        problems_.add(*at, "size", "expected a whole number");
      }
    }
    if (const Node* at = map.require("color"); at != nullptr) {
      constexpr ColorOrder kOrders[] = {ColorOrder::rgb, ColorOrder::bgr, ColorOrder::gray};
      input.color = kOrders[word(*at, "color", {"rgb", "bgr", "gray"})];
    }
    if (const Node* at = map.take("layout"); at != nullptr) {
      word(*at, "layout", {"nchw"});
    }
    constexpr double kLargest = std::numeric_limits<float>::max();
    numbers(map.require("mean"), "mean", planes(input.color), -kLargest, input.mean);
    numbers(map.require("std"), "std", planes(input.color), 1e-30, input.std);
    if (const Node* at = map.require("face"); at != nullptr) {
      input.face = read_face(*at);
    }
    text(map.take("tensor"), "tensor", input.tensor);
    map.report_unknown();
    return input;
  }

  void numbers(const Node* node, const char* key, int count, double least,
               std::array<float, 3>& values) {
    if (node == nullptr) {
      return;
    }
    if (node->kind != Node::Kind::list || node->items.size() != static_cast<std::size_t>(count)) {
      problems_.add(
          *node, key,
          "expected a list of numbers, one for each of " + std::to_string(count) + " channels");
      return;
    }
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      number(&node->items[i], key, least, std::numeric_limits<float>::max(), values[i]);
    }
  }

  FaceCut read_face(const Node& node) {
    FaceCut face;
    if (!nodes::expect_map(node, "face", "face", problems_)) {
      return face;
    }
    constexpr double kMinMargin = -0.4999999;
    constexpr double kMaxMargin = 2.0;
    MapReader map(node, "face", "face", problems_);
    const Node* align = map.take("align");
    const Node* box = map.take("box_margin");
    if ((align == nullptr) == (box == nullptr)) {
      problems_.add(node, "face", "give either align or box_margin");
    }
    if (align != nullptr) {
      word(*align, "align", {"arcface"});
    }
    face.is_aligned = align != nullptr;
    number(box, "box_margin", kMinMargin, kMaxMargin, face.box_margin);
    number(map.take("margin"), "margin", kMinMargin, kMaxMargin, face.margin);
    if (const Node* shift = map.take("shift"); shift != nullptr) {
      if (shift->kind != Node::Kind::list || shift->items.size() != 2) {
        problems_.add(*shift, "shift", "expected a list of two numbers, x and y");
      } else {
        constexpr double kLargest = std::numeric_limits<float>::max();
        number(&shift->items[0], "shift", -kLargest, kLargest, face.shift_x);
        number(&shift->items[1], "shift", -kLargest, kLargest, face.shift_y);
      }
    }
    map.report_unknown();
    return face;
  }

  void read_outputs(const Node& node, Manifest& manifest) {
    if (!nodes::expect_map(node, "outputs", "outputs", problems_)) {
      return;
    }
    MapReader map(node, "outputs", "outputs", problems_);
    if (const Node* at = map.take(vocabulary::kExpression.name); at != nullptr) {
      manifest.outputs.expression =
          read_head(*at, vocabulary::kExpression, {Activation::softmax, Activation::none});
      if (manifest.outputs.expression->labels.size() < 2) {
        problems_.add(*at, vocabulary::kExpression.name, "expected labels, at least two");
      }
    }
    if (const Node* at = map.take(vocabulary::kValenceArousal.name); at != nullptr) {
      manifest.outputs.valence_arousal =
          read_head(*at, vocabulary::kValenceArousal, {Activation::none, Activation::tanh});
    }
    if (const Node* at = map.take(vocabulary::kActionUnits.name); at != nullptr) {
      Head head = read_head(*at, vocabulary::kActionUnits, {Activation::sigmoid, Activation::none});
      if (head.labels.empty()) {
        head.labels = vocabulary::names_of(vocabulary::kActionUnits);
      }
      manifest.outputs.action_units = std::move(head);
    }
    if (const Node* at = map.take("features");
        at != nullptr && nodes::expect_map(*at, "features", "features", problems_)) {
      MapReader features(*at, "features", "features", problems_);
      text(features.take("tensor"), "tensor", manifest.features);
      features.take("input_of");
      features.report_unknown();
    }
    map.report_unknown();
    if (!problems_.empty()) {
      return;
    }
    try {
      const Heads checked(manifest.outputs);
    } catch (const ArgumentError& error) {
      problems_.add(node, "outputs", error.what());
    }
  }

  Head read_head(const Node& node, const vocabulary::Group& group,
                 const std::vector<Activation>& activations) {
    const char* name = group.name;
    Head head;
    head.activation = activations.front();
    if (!nodes::expect_map(node, name, name, problems_)) {
      return head;
    }
    MapReader map(node, name, name, problems_);
    text(map.take("tensor"), "tensor", head.tensor);
    text(map.take("derived"), "derived", head.derived);
    if (head.tensor.empty() == head.derived.empty()) {
      problems_.add(node, name, "give either tensor or derived");
    }
    if (const Node* at = map.take("slice"); at != nullptr) {
      read_slice(*at, name, head);
    }
    if (const Node* at = map.take("activation"); at != nullptr) {
      static const char* const kWords[] = {"none", "softmax", "sigmoid", "tanh"};
      std::vector<std::string> words;
      words.reserve(activations.size());
      for (const Activation activation : activations) {
        words.emplace_back(kWords[static_cast<std::size_t>(activation)]);
      }
      head.activation = activations[word(*at, "activation", words)];
    }
    if (const Node* at = map.take("labels"); at != nullptr) {
      if (at->kind != Node::Kind::list) {
        problems_.add(*at, name, "labels: expected a list of names");
      } else {
        for (const Node& label : at->items) {
          text(&label, "labels", head.labels.emplace_back());
        }
      }
    }
    if (group == vocabulary::kActionUnits) {
      map.take("thresholds");  // for submissions; no signal depends on them
    }
    map.report_unknown();
    return head;
  }

  void read_slice(const Node& node, const char* name, Head& head) {
    constexpr double kMost = 1e6;
    double first = 0.0;
    double end = 0.0;
    if (node.kind != Node::Kind::list || node.items.size() != 2) {
      problems_.add(node, name, "slice: expected [first, end]");
    } else if (number(node.items[0], "slice", 0, kMost, first) &&
               number(node.items[1], "slice", 1, kMost, end)) {
      if (first >= end || std::floor(first) != first || std::floor(end) != end) {
        problems_.add(node, name, "slice: expected whole numbers with 0 <= first < end");
      }
      head.first = static_cast<std::size_t>(first);
      head.end = static_cast<std::size_t>(end);
    }
  }

  Problems& problems_;
};

}  // namespace

std::string Manifest::model_path() const {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string::npos ? file : path.substr(0, slash + 1) + file;
}

std::string Manifest::read_model() const {
  const std::string name = model_path();
  std::ifstream stream(name, std::ios::binary);
  if (!stream) {
    throw ModelError(name + ": the model file is not there");
  }
  std::string content((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (bytes != 0 && content.size() != bytes) {
    throw ModelError(name + ": has " + std::to_string(content.size()) + " bytes, but " + path +
                     " says " + std::to_string(bytes) + "; the file is damaged or another version");
  }
  return content;
}

Manifest read_manifest(const Node& root, const std::string& path) {
  Problems problems;
  Manifest manifest = ManifestReader(problems).read(root);
  manifest.path = path;
  if (!problems.empty()) {
    // RuleError writes problems as lines of a file.
    throw ModelError(RuleError(path, problems.take()).what());
  }
  return manifest;
}

}  // namespace cexpr
