#include "nodes/text.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace cexpr::nodes {
namespace {

constexpr std::size_t kQuotedBytes = 60;
constexpr std::size_t kComparedBytes = 40;  // longer names are not compared with anything

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(const std::string& text) {
  std::string result = text;
  for (char& c : result) {
    c = lower(c);
  }
  return result;
}

/// Edits (insert, delete, replace, swap neighbours) from one text to the other.
std::size_t edit_distance(const std::string& from, const std::string& to) {
  std::vector<std::size_t> before(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  std::vector<std::size_t> next(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= from.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replace = row[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, replace});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
        next[j] = std::min(next[j], before[j - 2] + 1);
      }
    }
    std::swap(before, row);
    std::swap(row, next);
  }
  return row[to.size()];
}

std::size_t common_prefix(const std::string& a, const std::string& b) {
  std::size_t length = 0;
  while (length < a.size() && length < b.size() && a[length] == b[length]) {
    ++length;
  }
  return length;
}

}  // namespace

std::string suggest(const std::string& name, const std::vector<std::string>& candidates) {
  if (name.size() > kComparedBytes) {
    return "";
  }
  const std::string wanted = lower(name);
  const std::size_t reach = std::max<std::size_t>(1, wanted.size() / 3);
  const std::string* best = nullptr;
  std::size_t best_distance = reach + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kComparedBytes) {
      continue;
    }
    const std::size_t distance = edit_distance(wanted, lower(candidate));
    if (distance < best_distance && distance < std::max(wanted.size(), candidate.size())) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best == nullptr) {
    // "happy" for happiness: far in edits, but it starts alike.
    std::size_t longest = 2;
    for (const std::string& candidate : candidates) {
      const std::size_t prefix = common_prefix(wanted, lower(candidate));
      if (prefix > longest) {
        best = &candidate;
        longest = prefix;
      }
    }
  }
  return best == nullptr ? "" : "; did you mean '" + *best + "'?";
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // Cut between characters, not inside one.
    if (i >= kQuotedBytes && (static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      result += "...";
      break;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char escaped[5];
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", static_cast<unsigned>(c));
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + "'";
}

int count_characters(const std::string& text, std::size_t bytes) {
  int count = 0;
  for (std::size_t i = 0; i < bytes && i < text.size(); ++i) {
    count += (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U ? 1 : 0;
  }
  return count;
}

}  // namespace cexpr::nodes
