// Signals in, labels out: reads a faces.csv of cexpr with at most one face in each frame.
#include <iostream>
#include <sstream>

#include "cexpr/cexpr.hpp"

int main() try {
  using cexpr::make_map;
  const cexpr::Node box = make_map({{"kernel", "box"}, {"radius", 50}});
  const cexpr::Node smooth = make_map({{"compounds", box}});
  const cexpr::Node compounds = make_map({{"Fearfully_Surprised", "mean(fear, surprise)"},
                                          {"Happily_Surprised", "mean(happiness, surprise)"}});
  const cexpr::RuleSet rules = cexpr::RuleSet::compile(
      make_map({{"cexpr", 1}, {"name", "minimal"}, {"smooth", smooth}, {"compounds", compounds}}));
  std::string line, name, start = "frame,time,face,x,y,w,h,detection,";
  if (!std::getline(std::cin, line) || line.rfind(start, 0) != 0) {
    throw cexpr::ArgumentError("expected a faces.csv, which begins with " + start);
  }
  cexpr::AnalyzerOptions options;
  for (std::istringstream names(line.substr(start.size())); std::getline(names, name, ',');) {
    options.signals.push_back(name);
  }
  cexpr::Analyzer analyzer(rules, options);
  const auto print = [&](cexpr::Span<const cexpr::DecidedFrame> frames) {
    for (const cexpr::DecidedFrame& one : frames) {
      const auto id = static_cast<std::size_t>(one.label);
      std::cout << one.frame << ',' << (one.label < 0 ? "" : rules.compounds()[id]) << ','
                << one.confidence << '\n';
    }
  };
  std::cout << "frame,compound,confidence\n";
  for (std::int64_t last = 0; std::getline(std::cin, line);) {
    std::vector<double> cells;
    std::istringstream row(line);
    for (double cell = 0.0; row >> cell; row.ignore()) {
      cells.push_back(cell);
    }
    const double frame = cells.empty() ? 0.0 : cells[0];
    if (cells.size() != 8 + options.signals.size() || frame <= static_cast<double>(last)) {
      throw cexpr::ArgumentError("expected numbers and one face a frame; got " +
                                 line.substr(0, 40));
    }
    while (static_cast<double>(++last) < frame) {
      print(analyzer.push(last, cells[1], {}));  // a frame without a face
    }
    const std::vector<float> values(cells.begin() + 8, cells.end());
    const cexpr::FaceSignals face{0, {values.data(), values.size()}};
    print(analyzer.push(last, cells[1], {&face, 1}));
  }
  print(analyzer.flush());
} catch (const std::exception& error) {
  std::cerr << "minimal: " << error.what() << '\n';
  return 1;
}
