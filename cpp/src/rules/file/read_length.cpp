#include "rules/file/read_length.hpp"

#include <cmath>

#include "cexpr/rules.hpp"
#include "nodes/numbers.hpp"
#include "nodes/reader.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

bool read_length(const Node& node, const std::string& rule, const std::string& what, double least,
                 bool whole_frames, Problems& problems, Length& value) {
  std::string text = node.text;
  const bool in_seconds = node.kind == Node::Kind::string && text.size() > 1 && text.back() == 's';
  if (in_seconds) {
    text.pop_back();
  }
  double number = 0.0;
  const bool is_number = node.kind == Node::Kind::integer || node.kind == Node::Kind::real
                             ? (number = node.number, true)
                             : node.kind == Node::Kind::string && parse_number(text, number);
  if (!is_number) {
    problems.add(node, rule,
                 what + " is a number of frames (10) or seconds (0.5s), got " + describe(node));
    return false;
  }
  const double most = in_seconds ? kMaxWindowSeconds : kMaxWindowFrames;
  if (!(number >= least && number <= most)) {
    problems.add(node, rule,
                 what + " lies between " + number_text(least) + " and " + number_text(most) +
                     (in_seconds ? "s" : " frames") + ", got " + describe(node));
    return false;
  }
  if (whole_frames && !in_seconds && number != std::floor(number)) {
    problems.add(node, rule,
                 what + " is a whole number of frames, or seconds (0.5s); got " + describe(node));
    return false;
  }
  value = {number, in_seconds};
  return true;
}

}  // namespace cexpr::rules::detail
