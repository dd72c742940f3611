#include <string>

#include "nodes/reader.hpp"
#include "rules/file/read_length.hpp"
#include "rules/file/sections.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

void read_faces(const Node* node, Document& document, Problems& problems) {
  std::size_t word = 0;
  if (node != nullptr && read_word(*node, "faces", "faces",
                                   {"max", "mean", "first", "largest", "each"}, problems, word)) {
    document.faces = static_cast<Faces>(word);
  }
}

void read_gaps(const Node* node, Document& document, Problems& problems) {
  if (node == nullptr) {
    return;
  }
  const auto read_how = [&](const Node& how, const std::string& what) {
    std::size_t word = 0;
    if (read_word(how, "gaps", what, {"interpolate", "hold", "none"}, problems, word)) {
      document.gaps = static_cast<Gaps>(word);
    }
  };
  if (node->kind != Node::Kind::map) {
    read_how(*node, "gaps");
    return;
  }
  MapReader keys(*node, "gaps", "gaps", problems);
  if (const Node* how = keys.take("how")) {
    read_how(*how, "how");
  }
  if (const Node* limit = keys.take("at_most")) {
    if (document.gaps == Gaps::none) {
      problems.add(*limit, "gaps", "at_most goes with interpolate and hold; none fills nothing");
    } else if (limit->kind == Node::Kind::string && limit->text == "unlimited") {
      document.gaps_at_most = kUnlimited;
    } else {
      read_length(*limit, "gaps", "at_most, if not unlimited,", 0.0, true, problems,
                  document.gaps_at_most);
    }
  }
  keys.report_unknown();
}

void read_events(const Node* node, Document& document, Problems& problems) {
  if (node == nullptr || !expect_map(*node, "events", "events", problems)) {
    return;
  }
  MapReader keys(*node, "events", "events", problems);
  if (const Node* value = keys.take("min_duration")) {
    read_length(*value, "events", "min_duration", 0.0, true, problems,
                document.events.min_duration);
  }
  if (const Node* value = keys.take("merge_gap")) {
    read_length(*value, "events", "merge_gap", 0.0, true, problems, document.events.merge_gap);
  }
  keys.report_unknown();
}

}  // namespace cexpr::rules::detail
