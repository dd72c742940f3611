#pragma once

#include <string>

#include "cexpr/rules.hpp"
#include "rule_files.hpp"

// Rule sets for the tests of the analyzer.
namespace cexpr::test {

inline RuleSet rule_set(Entries settings, const std::string& third = "gmean(sadness, fear)") {
  Entries file{{"cexpr", integer(1)},
               {"name", text("test")},
               {"compounds", map({{"Fearfully_Surprised", text("mean(fear, surprise)")},
                                  {"Happily_Surprised", text("mean(happiness, surprise)")},
                                  {"Sadly_Fearful", text(third)}})}};
  for (auto& entry : settings) {
    file.push_back(std::move(entry));
  }
  return RuleSet::compile(map(file));
}

inline Node box(int radius) { return map({{"kernel", text("box")}, {"radius", integer(radius)}}); }
inline Node gaussian(int radius, double sigma) {
  return map({{"kernel", text("gaussian")}, {"radius", integer(radius)}, {"sigma", number(sigma)}});
}

/// At most so many frames.
inline Node gaps_of(const std::string& how, int at_most) {
  return map({{"how", text(how)}, {"at_most", integer(at_most)}});
}

inline Entries everything(const std::string& faces, const Node& gaps) {
  return {
      {"smooth",
       map({{"expression", gaussian(5, 2.0)}, {"valence_arousal", box(8)}, {"compounds", box(3)}})},
      {"faces", text(faces)},
      {"gaps", gaps},
      {"decide", map({{"abstain_below", number(0.4)},
                      {"exit_below", number(0.35)},
                      {"hysteresis", number(0.02)},
                      {"min_frames", integer(5)}})}};
}
inline Entries everything(const std::string& faces, const std::string& gaps) {
  return everything(faces, text(gaps));
}

}  // namespace cexpr::test
