#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// The names of the signals and their groups, in one place; the same as python/cexpr/signals.py.
namespace cexpr::vocabulary {

inline constexpr std::array<const char*, 22> kSignals = {
    "anger",   "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise",
    "valence", "arousal",  "AU01",    "AU02", "AU04",      "AU06",    "AU07",    "AU10",
    "AU12",    "AU15",     "AU23",    "AU24", "AU25",      "AU26"};

/// Signals of one kind: the places [first, end) of `kSignals`.
struct Group {
  const char* name;
  std::size_t first;
  std::size_t end;

  constexpr std::size_t size() const { return end - first; }
  constexpr bool holds(std::size_t place) const { return place >= first && place < end; }
};

constexpr bool operator==(const Group& a, const Group& b) { return a.first == b.first; }

inline constexpr Group kExpression{"expression", 0, 8};
inline constexpr Group kValenceArousal{"valence_arousal", kExpression.end, kExpression.end + 2};
inline constexpr Group kActionUnits{"action_units", kValenceArousal.end, kSignals.size()};
inline constexpr std::array<Group, 3> kGroups = {kExpression, kValenceArousal, kActionUnits};

/// Place of a signal in `kSignals`; their number for any other name.
constexpr std::size_t place_of(std::string_view signal) {
  std::size_t place = 0;
  while (place < kSignals.size() && signal != kSignals[place]) {
    ++place;
  }
  return place;
}

/// The group of that name, which must be one.
const Group& group_named(std::string_view name);

/// The signals of a group.
std::vector<std::string> names_of(const Group& group);

}  // namespace cexpr::vocabulary
