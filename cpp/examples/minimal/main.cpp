// Signals in, labels out: reads a faces.csv of cexpr with one face in each frame.
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "cexpr/cexpr.hpp"

int main() try {
  using cexpr::make_map;
  const cexpr::Node box = make_map({{"kernel", "box"}, {"radius", 50}});
  const cexpr::Node compounds = make_map({{"Fearfully_Surprised", "mean(fear, surprise)"},
                                          {"Happily_Surprised", "mean(happiness, surprise)"}});
  const cexpr::RuleSet rules =
      cexpr::RuleSet::compile(make_map({{"cexpr", 1},
                                        {"name", "a"},
                                        {"smooth", make_map({{"compounds", box}})},
                                        {"compounds", compounds}}));
  cexpr::AnalyzerOptions options;
  options.signals = {"anger",     "contempt", "disgust", "fear",
                     "happiness", "neutral",  "sadness", "surprise"};
  cexpr::Analyzer analyzer(rules, options);
  const auto print = [&](cexpr::Span<const cexpr::DecidedFrame> frames) {
    for (const cexpr::DecidedFrame& one : frames) {
      const auto id = static_cast<std::size_t>(one.label);
      std::cout << one.frame << ',' << (one.label < 0 ? "" : rules.compounds()[id]) << ','
                << one.confidence << '\n';
    }
  };
  std::cout << "frame,compound,confidence\n";
  std::string line, cell;
  if (!std::getline(std::cin, line) || line.rfind("frame,time,face,", 0) != 0) {
    throw std::invalid_argument("other columns");
  }
  while (std::getline(std::cin, line)) {
    std::vector<double> cells;  // frame,time,face,x,y,w,h,detection and eight signals
    for (std::istringstream row(line); cells.size() < 16 && std::getline(row, cell, ',');) {
      cells.push_back(std::stod(cell));
    }
    const std::vector<float> values(&cells.at(8), &cells.at(15) + 1);
    const cexpr::FaceSignals face{0, {values.data(), values.size()}};
    print(analyzer.push(static_cast<std::int64_t>(cells[0]), cells[1], {&face, 1}));
  }
  print(analyzer.flush());
} catch (const std::exception& error) {
  std::cerr << "minimal: expected a faces.csv with one face a frame; " << error.what() << '\n';
  return 1;
}
