// Prints what the library computes from fixed inputs, one number a line, so that processors can be
// compared: ordinary values, and very large, very small and unknown ones.

#include <cstdint>
#include <cstdio>
#include <limits>
#include <vector>

#include "cexpr/cexpr.hpp"

using cexpr::make_map;

namespace {

/// The same sequence everywhere.
class Sequence {
 public:
  std::uint32_t next() {
    state_ = state_ * 1664525U + 1013904223U;
    return state_ >> 8U;
  }
  float unit() { return static_cast<float>(next()) / 16777216.0F; }

 private:
  std::uint32_t state_ = 7;
};

void print(const char* name, const float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::printf("%s %.9g\n", name, static_cast<double>(values[i]));
  }
}

void print_preprocessing(Sequence& sequence) {
  std::vector<std::uint8_t> pixels(97 * 61 * 3);
  for (std::uint8_t& pixel : pixels) {
    pixel = static_cast<std::uint8_t>(sequence.next());
  }
  const cexpr::ImageView image{pixels.data(), 97, 61, 97 * 3, cexpr::PixelFormat::bgr8};
  std::vector<float> matrices;
  for (const float scale : {0.11F, 0.4F, 1.0F, 3.7F}) {
    matrices.insert(matrices.end(), {scale, 0.2F * scale, -3.0F, -0.2F * scale, scale, 2.5F});
  }
  // Far outside, and almost without an inverse.
  matrices.insert(matrices.end(), {1.0F, 0.0F, 1e9F, 0.0F, 1.0F, -1e9F});
  matrices.insert(matrices.end(), {1e-6F, 0.0F, 0.0F, 0.0F, 1e-6F, 0.0F});
  const std::size_t faces = matrices.size() / 6;
  for (const cexpr::ColorOrder color : {cexpr::ColorOrder::rgb, cexpr::ColorOrder::gray}) {
    cexpr::PreprocessOptions options;
    options.width = options.height = 19;
    options.color = color;
    options.sampling = cexpr::Sampling::automatic;
    options.mean = {0.485F, 0.456F, 0.406F};
    options.std = {0.229F, 0.224F, 0.225F};
    std::vector<float> out(faces * static_cast<std::size_t>(planes(color)) * 19 * 19);
    cexpr::preprocess(image, {matrices.data(), faces, 6, 6}, options, {out.data(), out.size()});
    print("preprocess", out.data(), out.size());
  }
}

/// Probabilities with what no probability should be among them.
std::vector<float> make_values(Sequence& sequence, std::size_t count) {
  constexpr float kStrange[] = {std::numeric_limits<float>::quiet_NaN(),
                                std::numeric_limits<float>::max(),
                                std::numeric_limits<float>::denorm_min(),
                                std::numeric_limits<float>::min() / 3.0F,
                                -std::numeric_limits<float>::max(),
                                std::numeric_limits<float>::infinity(),
                                0.0F,
                                1.0F};
  std::vector<float> values(count);
  for (float& value : values) {
    const std::uint32_t kind = sequence.next() % 40;
    value = kind < 8 ? kStrange[kind] : sequence.unit();
  }
  return values;
}

void print_smoothing(Sequence& sequence) {
  constexpr std::size_t kRows = 150;
  constexpr std::size_t kColumns = 5;
  const std::vector<float> values = make_values(sequence, kRows * kColumns);
  std::vector<std::int64_t> frames;
  for (std::size_t i = 0; i < kRows; ++i) {
    frames.push_back(static_cast<std::int64_t>(i + i / 9));
  }
  for (const cexpr::FilterKernel kernel :
       {cexpr::FilterKernel::box, cexpr::FilterKernel::gaussian}) {
    std::vector<float> out(values.size());
    cexpr::smooth({values.data(), kRows, kColumns, kColumns}, {frames.data(), kRows},
                  {kernel, 6, 2.5, cexpr::FilterWindow::frames},
                  {out.data(), kRows, kColumns, kColumns});
    print("smooth", out.data(), out.size());
  }
}

void print_labels(Sequence& sequence) {
  const cexpr::Node box = make_map({{"kernel", "box"}, {"radius", 3}});
  const cexpr::Node gaussian = make_map({{"kernel", "gaussian"}, {"radius", 4}, {"sigma", 1.5}});
  const cexpr::RuleSet rules = cexpr::RuleSet::compile(
      make_map({{"cexpr", 1},
                {"name", "numbers"},
                {"smooth", make_map({{"expression", gaussian}, {"compounds", box}})},
                {"compounds", make_map({{"A", "gmean(fear, surprise)"},
                                        {"B", "sigmoid(log(fear + 0.1)) * exp(-anger)"},
                                        {"C", "if(valence < 0, sqrt(abs(surprise)), anger ^ 2)"},
                                        {"D", "max_over(fear, 7) - hmean(anger, fear)"}})}}));
  cexpr::AnalyzerOptions options;
  options.signals = {"anger", "fear", "surprise", "valence"};
  cexpr::Analyzer analyzer(rules, options);
  const auto print_all = [](cexpr::Span<const cexpr::DecidedFrame> frames) {
    for (const cexpr::DecidedFrame& frame : frames) {
      const auto label = static_cast<float>(frame.label);
      print("label", &label, 1);
      print("scores", frame.scores.data, frame.scores.size);
      print("signals", frame.signals.data, frame.signals.size);
    }
  };
  for (std::int64_t frame = 0; frame < 200; ++frame) {
    const std::vector<float> values = make_values(sequence, 8);
    const cexpr::FaceSignals faces[] = {{1, {values.data(), 4}}, {2, {values.data() + 4, 4}}};
    print_all(
        analyzer.push(frame, 0.04 * static_cast<double>(frame), {faces, sequence.next() % 3}));
  }
  print_all(analyzer.flush());
}

}  // namespace

int main() {
  Sequence sequence;
  print_preprocessing(sequence);
  print_smoothing(sequence);
  print_labels(sequence);
  return 0;
}
