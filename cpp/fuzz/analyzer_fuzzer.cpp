// Any sequence of calls on an analyzer: it refuses a call and is as it was, or its frames come out
// in order, each once, with the delay that it announced.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "cexpr/cexpr.hpp"

namespace {

using cexpr::make_map;

// The input's next bytes, zeros when it has run out.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  template <typename T>
  T take() {
    T value{};
    const std::size_t count = std::min(sizeof(T), size_);
    std::memcpy(&value, data_, count);
    data_ += count;
    size_ -= count;
    return value;
  }
  int take_up_to(int most) { return take<std::uint8_t>() % (most + 1); }
  bool empty() const { return size_ == 0; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

const char* const kFaces[] = {"max", "mean", "first", "largest", "each"};
const char* const kGaps[] = {"interpolate", "hold", "none"};
const char* const kRules[] = {"mean(fear, surprise)", "max_over(fear, 3) - surprise",
                              "mean_over(fear, 0.2s)", "if(valence < 0, fear, anger)"};
const char* const kNames[] = {"fear", "surprise", "valence", "anger"};
constexpr std::size_t kSignals = 4;

cexpr::Node rule_file(Bytes& input) {
  const cexpr::Node box = make_map({{"kernel", "box"}, {"radius", input.take_up_to(5)}});
  const cexpr::Node gaussian =
      make_map({{"kernel", "gaussian"}, {"radius", input.take_up_to(6)}, {"sigma", 1.5}});
  const char* how = kGaps[input.take_up_to(2)];
  const int at_most = input.take_up_to(9);  // 9: the default
  const cexpr::NodeValue gaps =
      at_most == 9 || std::strcmp(how, "none") == 0
          ? cexpr::NodeValue(how)
          : cexpr::NodeValue(make_map({{"how", how}, {"at_most", at_most}}));
  return make_map({{"cexpr", 1},
                   {"name", "fuzz"},
                   {"smooth", make_map({{"expression", box}, {"compounds", gaussian}})},
                   {"faces", kFaces[input.take_up_to(4)]},
                   {"gaps", gaps},
                   {"decide", make_map({{"min_frames", 1 + input.take_up_to(5)},
                                        {"hysteresis", 0.125 * input.take_up_to(2)}})},
                   {"compounds", make_map({{"A", kRules[input.take_up_to(3)]},
                                           {"B", "anger"},
                                           {"C", "if(surprise > 0.5, 1 / valence, 0)"}})}});
}

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

// Frames that came in and went out since the last start.
struct Count {
  std::int64_t first = 0;
  std::int64_t pushed = 0;
  std::int64_t decided = 0;
};

void check(cexpr::Span<const cexpr::DecidedFrame> frames, bool is_each, Count& count) {
  for (const cexpr::DecidedFrame& frame : frames) {
    require(frame.frame == count.first + count.decided);
    require(frame.label >= -1 && frame.label < 3);
    require(frame.scores.size == 3 && frame.signals.size == kSignals);
    require((frame.face_count > 0) == (frame.track != -1));
    require(frame.faces.size == (is_each ? frame.face_count : 0));
    bool is_shown = frame.faces.empty();
    for (const cexpr::DecidedFace& face : frame.faces) {
      require(face.label >= -1 && face.label < 3);
      require(face.scores.size == 3 && face.signals.size == kSignals);
      is_shown = is_shown || (face.track == frame.track && face.label == frame.label);
    }
    require(is_shown);
    ++count.decided;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input(data, size);
  const cexpr::RuleSet rules = cexpr::RuleSet::compile(rule_file(input));
  const bool is_each = rules.faces() == cexpr::rules::Faces::each;
  cexpr::AnalyzerOptions options;
  options.signals.assign(kNames, kNames + kSignals);
  options.max_faces = static_cast<std::size_t>(1 + input.take_up_to(3));
  options.gap_frames = input.take_up_to(7);
  cexpr::Analyzer analyzer(rules, options);
  Count count;
  std::int64_t frame = input.take<std::int16_t>();
  double time = 0.0;
  while (!input.empty()) {
    const int call = input.take_up_to(31);
    if (call == 0) {
      check(analyzer.flush(), is_each, count);
      require(count.decided == count.pushed);
      count = {};
    } else if (call == 1) {
      analyzer.reset();
      count = {};
    } else {
      std::vector<float> values(5 * kSignals);
      std::vector<cexpr::FaceSignals> faces(static_cast<std::size_t>(input.take_up_to(4)));
      for (std::size_t i = 0; i < faces.size(); ++i) {
        float* row = values.data() + i * kSignals;
        faces[i].track = input.take_up_to(5);
        faces[i].detection = static_cast<float>(input.take<std::uint8_t>()) / 255.0F;
        for (std::size_t s = 0; s < kSignals; ++s) {
          row[s] = call < 6 ? input.take<float>()
                            : static_cast<float>(input.take<std::uint8_t>()) / 255.0F;
        }
        faces[i].signals = {row, call == 2 ? std::size_t{3} : kSignals};
      }
      const std::int64_t next = call == 3 ? input.take<std::int64_t>() : frame;
      const double when = call == 4 ? input.take<double>() : time;
      try {
        const auto ready = analyzer.push(next, when, {faces.data(), faces.size()});
        count.first = count.pushed == 0 ? next : count.first;
        ++count.pushed;
        check(ready, is_each, count);
        require(count.decided == std::max<std::int64_t>(count.pushed - analyzer.delay(), 0));
        frame = next + 1;
        time = when + 0.04;
      } catch (const cexpr::ArgumentError&) {
      } catch (const cexpr::StateError&) {
      }
    }
  }
  check(analyzer.flush(), is_each, count);
  require(count.decided == count.pushed);
  return 0;
}
