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
  std::size_t word = 0;
  if (node != nullptr &&
      read_word(*node, "gaps", "gaps", {"interpolate", "hold", "none"}, problems, word)) {
    document.gaps = static_cast<Gaps>(word);
  }
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
