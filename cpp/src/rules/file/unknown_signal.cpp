#include "rules/file/unknown_signal.hpp"

#include <algorithm>

#include "nodes/text.hpp"

namespace cexpr::rules::detail {

using namespace nodes;

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The number of an action unit however it is written ("AU5", "au_05", "AU05_r"), "" for others.
std::string unit_number(const std::string& name) {
  if (name.size() < 3 || (name[0] != 'A' && name[0] != 'a') || (name[1] != 'U' && name[1] != 'u')) {
    return "";
  }
  const std::size_t first = name[2] == '_' ? 3 : 2;
  const auto begin = name.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = std::find_if_not(begin, name.end(), is_digit);
  // OpenFace puts _r (intensity) and _c (presence) behind the number.
  const std::string rest(end, name.end());
  if (begin == end || !(rest.empty() || rest == "_r" || rest == "_c")) {
    return "";
  }
  const auto significant = std::find_if(begin, end, [](char c) { return c != '0'; });
  return significant == end ? "0" : std::string(significant, end);
}

}  // namespace

std::string unknown_signal(const std::string& name, const std::vector<std::string>& signals,
                           const std::vector<std::string>& others) {
  const std::string number = unit_number(name);
  std::string units;
  for (const std::string& signal : signals) {
    const std::string known = number.empty() ? "" : unit_number(signal);
    if (!known.empty() && known == number) {
      return "unknown signal " + quoted(name) + "; did you mean '" + signal + "'?";
    }
    if (!known.empty()) {
      units += (units.empty() ? "" : " ") + signal;
    }
  }
  if (!units.empty()) {
    return "unknown action unit " + quoted(name) + "; there are " + units;
  }
  std::vector<std::string> candidates = signals;
  candidates.insert(candidates.end(), others.begin(), others.end());
  return "unknown signal " + quoted(name) + suggest(name, candidates);
}

}  // namespace cexpr::rules::detail
