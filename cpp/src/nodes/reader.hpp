#pragma once

#include <string>
#include <vector>

#include "nodes/problems.hpp"

namespace cexpr::nodes {

/// "a map", "'x'", "5": what came, for a message.
std::string describe(const Node& node);

/// Reads the keys of one map, each once.
class MapReader {
 public:
  /// `where` names the section in messages about keys, as in "unknown key 'x' in decide".
  MapReader(const Node& map, std::string rule, std::string where, Problems& problems);

  /// The value of `key`, null where the map lacks it.
  const Node* take(const char* key);
  /// As `take`, but its absence is a problem.
  const Node* require(const char* key);
  /// Adds a problem for each key that nobody asked for.
  void report_unknown();

 private:
  const Node& map_;
  std::string rule_;
  std::string where_;
  Problems& problems_;
  std::vector<std::string> known_;
  std::vector<bool> taken_;
};

/// Reports keys that are no text and keys that come twice; such entries are marked unusable.
std::vector<bool> usable_keys(const Node& map, const std::string& rule, const std::string& where,
                              Problems& problems);

bool expect_map(const Node& node, const std::string& rule, const std::string& what,
                Problems& problems);

/// A finite number, written as one or as text that is one ("1e-3" is text to some YAML readers).
bool read_number(const Node& node, const std::string& rule, const std::string& what,
                 Problems& problems, double& value);

/// One of a few words; false, with a problem, for anything else. null counts as "none".
bool read_word(const Node& node, const std::string& rule, const std::string& what,
               const std::vector<std::string>& words, Problems& problems, std::size_t& index);

}  // namespace cexpr::nodes
