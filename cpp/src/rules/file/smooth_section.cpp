#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "nodes/reader.hpp"
#include "rules/file/read_length.hpp"
#include "rules/file/sections.hpp"
#include "vocabulary.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

bool has_key(const Node& map, const char* key) {
  for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
    if (map.items[i].kind == Node::Kind::string && map.items[i].text == key) {
      return true;
    }
  }
  return false;
}

bool is_none(const Node& node) {
  return node.kind == Node::Kind::null || (node.kind == Node::Kind::string && node.text == "none");
}

/// Reads the numbers of a kernel; the kernel itself is known.
void read_extent(MapReader& keys, const Node& node, const std::string& rule, Problems& problems,
                 Smoothing& smoothing) {
  const Node* radius = keys.take("radius");
  const Node* sigma = keys.take("sigma");
  const bool is_gaussian = smoothing.kernel == Smoothing::Kernel::gaussian;
  if (radius != nullptr) {
    read_length(*radius, rule, "radius", 0.0, true, problems, smoothing.radius);
  }
  if (is_gaussian && sigma == nullptr) {
    problems.add(node, rule, "the gaussian kernel needs sigma, in frames or seconds");
    return;
  }
  if (!is_gaussian) {
    if (sigma != nullptr) {
      problems.add(*sigma, rule, "the box kernel has no sigma; it has a radius");
    }
    if (radius == nullptr) {
      problems.add(node, rule, "the box kernel needs a radius, in frames or seconds");
    }
    return;
  }
  if (!read_length(*sigma, rule, "sigma", 0.0, false, problems, smoothing.sigma)) {
    return;
  }
  if (smoothing.sigma.value <= 0.0) {
    problems.add(*sigma, rule, "sigma is above 0");
  } else if (radius == nullptr) {
    const double reach = 3.0 * smoothing.sigma.value;
    smoothing.radius = smoothing.sigma;
    smoothing.radius.value = smoothing.sigma.in_seconds
                                 ? std::min(reach, kMaxWindowSeconds)
                                 : std::min(std::ceil(reach), kMaxWindowFrames);
  } else if (smoothing.radius.in_seconds != smoothing.sigma.in_seconds) {
    problems.add(*sigma, rule, "radius and sigma are both in frames or both in seconds");
  }
}

Smoothing read_smoothing(const Node& node, const std::string& where, bool of_compounds,
                         Problems& problems) {
  Smoothing smoothing;
  const std::string rule = "smooth";
  if (is_none(node)) {
    return smoothing;
  }
  if (node.kind != Node::Kind::map) {
    problems.add(
        node, rule,
        where + " is none or a map such as {kernel: box, radius: 10}, got " + describe(node));
    return smoothing;
  }
  MapReader keys(node, rule, where, problems);
  const Node* kernel = keys.require("kernel");
  std::size_t word = 0;
  const bool is_known = kernel != nullptr && read_word(*kernel, rule, "kernel",
                                                       {"none", "box", "gaussian"}, problems, word);
  if (is_known && word != 0) {
    smoothing.kernel = word == 1 ? Smoothing::Kernel::box : Smoothing::Kernel::gaussian;
    read_extent(keys, node, rule, problems, smoothing);
  } else {
    keys.take("radius");
    keys.take("sigma");
  }
  if (const Node* window = keys.take("window")) {
    if (read_word(*window, rule, "window", {"frames", "rows"}, problems, word)) {
      smoothing.count_rows = word == 1;
    }
    if (smoothing.count_rows && (smoothing.radius.in_seconds || smoothing.sigma.in_seconds)) {
      problems.add(*window, rule, "window: rows needs radius and sigma as numbers, not seconds");
    }
  }
  if (of_compounds) {
    if (const Node* filled = keys.take("filled")) {
      if (read_word(*filled, rule, "filled", {"count", "skip"}, problems, word)) {
        smoothing.skip_filled = word == 1;
      }
    }
  }
  keys.report_unknown();
  return smoothing;
}

}  // namespace

void read_smooth(const Node* node, Document& document, Problems& problems) {
  if (node == nullptr || is_none(*node)) {
    return;
  }
  if (!expect_map(*node, "smooth", "smooth", problems)) {
    return;
  }
  const std::pair<const char*, Smoothing*> groups[] = {
      {vocabulary::kExpression.name, &document.smooth_expression},
      {vocabulary::kValenceArousal.name, &document.smooth_valence_arousal},
      {vocabulary::kActionUnits.name, &document.smooth_action_units}};
  const auto smooth_all = [&](const Node& from, const std::string& where) {
    const Smoothing smoothing = read_smoothing(from, where, false, problems);
    for (const auto& group : groups) {
      *group.second = smoothing;
    }
  };
  if (has_key(*node, "kernel")) {
    smooth_all(*node, "smooth");
    return;
  }
  MapReader keys(*node, "smooth", "smooth", problems);
  if (const Node* all = keys.take("all")) {
    smooth_all(*all, "smooth.all");
  }
  for (const auto& [name, smoothing] : groups) {
    if (const Node* group = keys.take(name)) {
      *smoothing = read_smoothing(*group, std::string("smooth.") + name, false, problems);
    }
  }
  if (const Node* group = keys.take("compounds")) {
    document.smooth_compounds = read_smoothing(*group, "smooth.compounds", true, problems);
  }
  keys.report_unknown();
}

}  // namespace cexpr::rules::detail
