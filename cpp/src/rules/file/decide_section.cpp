#include <algorithm>
#include <cmath>
#include <string>

#include "nodes/numbers.hpp"
#include "nodes/reader.hpp"
#include "nodes/text.hpp"
#include "rules/file/read_length.hpp"
#include "rules/file/sections.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

/// Reads a map from compounds to numbers; those not named keep what `values` holds. Returns which
/// were named.
std::vector<bool> read_by_compound(const Node& node, const std::string& what,
                                   const Document& document, Problems& problems,
                                   std::vector<double>& values) {
  std::vector<bool> named(document.compound_names.size(), false);
  if (!expect_map(node, "decide", what, problems)) {
    return named;
  }
  const std::vector<bool> usable = usable_keys(node, "decide", what, problems);
  for (std::size_t i = 0; i < usable.size(); ++i) {
    if (!usable[i]) {
      continue;
    }
    const Node& key = node.items[2 * i];
    const auto& names = document.compound_names;
    const auto found = std::find(names.begin(), names.end(), key.text);
    if (found == names.end()) {
      problems.add(
          key, "decide",
          "unknown compound " + quoted(key.text) + " in " + what + suggest(key.text, names));
      continue;
    }
    const auto id = static_cast<std::size_t>(found - names.begin());
    named[id] = true;
    read_number(node.items[2 * i + 1], "decide", what + " of " + key.text, problems, values[id]);
  }
  return named;
}

void read_priors(const Node& node, Document& document, Problems& problems) {
  std::vector<double> priors(document.compound_names.size(), 1.0);
  const std::vector<bool> named = read_by_compound(node, "priors", document, problems, priors);
  if (node.kind != Node::Kind::map) {
    return;
  }
  double sum = 0.0;
  std::size_t missing = 0;
  std::string first_missing;
  for (std::size_t k = 0; k < priors.size(); ++k) {
    if (!named[k]) {
      first_missing = missing == 0 ? document.compound_names[k] : first_missing;
      ++missing;
    } else if (priors[k] <= 0.0) {
      problems.add(node, "decide",
                   "the prior of " + document.compound_names[k] + " is above 0, got " +
                       number_text(priors[k]));
    }
    sum += priors[k];
  }
  if (missing != 0) {
    problems.add(node, "decide",
                 "priors name every compound; " + quoted(first_missing) +
                     (missing == 1 ? " is missing"
                                   : " and " + std::to_string(missing - 1) + " more are missing"));
  }
  for (std::size_t k = 0; k < priors.size(); ++k) {
    const double share = priors[k] / sum * static_cast<double>(priors.size());
    document.decision.weight[k] = static_cast<float>(share);
  }
}

void read_duration(MapReader& keys, Decision& decision, Problems& problems) {
  const Node* frames = keys.take("min_frames");
  const Node* duration = keys.take("min_duration");
  if (frames != nullptr && duration != nullptr) {
    problems.add(*duration, "decide", "give min_frames or min_duration, not both");
  }
  if (duration != nullptr) {
    read_length(*duration, "decide", "min_duration", 0.0, true, problems, decision.min_duration);
  }
  if (frames != nullptr) {
    if (frames->kind != Node::Kind::integer) {
      problems.add(*frames, "decide",
                   "min_frames is a whole number of frames, got " + describe(*frames) +
                       "; seconds go to min_duration");
    } else {
      read_length(*frames, "decide", "min_frames", 1.0, true, problems, decision.min_duration);
    }
  }
}

}  // namespace

void read_decide(const Node* node, Document& document, Problems& problems) {
  Decision& decision = document.decision;
  decision.bias.assign(document.compound_names.size(), 0.0F);
  decision.weight.assign(document.compound_names.size(), 1.0F);
  if (node == nullptr || !expect_map(*node, "decide", "decide", problems)) {
    return;
  }
  MapReader keys(*node, "decide", "decide", problems);
  if (const Node* value = keys.take("abstain_below")) {
    read_number(*value, "decide", "abstain_below", problems, decision.abstain_below);
  }
  decision.exit_below = decision.abstain_below;
  if (const Node* value = keys.take("exit_below")) {
    if (read_number(*value, "decide", "exit_below", problems, decision.exit_below) &&
        decision.exit_below > decision.abstain_below) {
      problems.add(*value, "decide",
                   std::isinf(decision.abstain_below)
                       ? "exit_below goes with abstain_below, which is missing"
                       : "exit_below is at most abstain_below (" +
                             number_text(decision.abstain_below) + "), got " + describe(*value));
    }
  }
  if (const Node* value = keys.take("hysteresis")) {
    if (read_number(*value, "decide", "hysteresis", problems, decision.hysteresis) &&
        decision.hysteresis < 0.0) {
      problems.add(*value, "decide", "hysteresis is 0 or more, got " + describe(*value));
    }
  }
  read_duration(keys, decision, problems);
  if (const Node* value = keys.take("bias")) {
    std::vector<double> bias(document.compound_names.size(), 0.0);
    read_by_compound(*value, "bias", document, problems, bias);
    for (std::size_t k = 0; k < bias.size(); ++k) {
      decision.bias[k] = static_cast<float>(bias[k]);
    }
  }
  if (const Node* value = keys.take("priors")) {
    read_priors(*value, document, problems);
  }
  keys.report_unknown();
}

}  // namespace cexpr::rules::detail
