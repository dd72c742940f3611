#include "cexpr/model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cexpr/align.hpp"
#include "cexpr/node_builder.hpp"
#include "cexpr/status.hpp"
#include "check.hpp"
#include "counting_new.hpp"

using cexpr::FacePlace;
using cexpr::ImageView;
using cexpr::make_list;
using cexpr::make_map;
using cexpr::Manifest;
using cexpr::Model;
using cexpr::ModelError;
using cexpr::Node;
using cexpr::NodeValue;
using cexpr::Span;
using cexpr::Span2D;

namespace {

constexpr int kSize = 16;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Node manifest_node(NodeValue face) {
  const Node input = make_map({{"size", kSize},
                               {"color", "gray"},
                               {"mean", make_list({0.5})},
                               {"std", make_list({0.25})},
                               {"face", std::move(face)}});
  const Node expression = make_map({{"tensor", "logits"},
                                    {"slice", make_list({0, 2})},
                                    {"activation", "none"},
                                    {"labels", make_list({"fear", "surprise"})}});
  return make_map({{"cexpr_model", 1},
                   {"id", "test"},
                   {"file", "test.onnx"},
                   {"licence", "Apache-2.0"},
                   {"input", input},
                   {"outputs", make_map({{"expression", expression}})}});
}

Node aligned() {
  return manifest_node(
      make_map({{"align", "arcface"}, {"margin", 0.1}, {"shift", make_list({0.0, -0.05})}}));
}
Node boxed() { return manifest_node(make_map({{"box_margin", 0.25}})); }

/// Gives the mean and the first pixel of each face.
class Mean : public cexpr::Inference {
 public:
  explicit Mean(std::string name) : names_{"other", std::move(name)} { values_.reserve(64); }
  const std::vector<std::string>& outputs() const override { return names_; }
  Span<const Span2D<const float>> run(const cexpr::InputTensor& input) override {
    values_.clear();
    const std::size_t size = input.size() / input.count;
    for (std::size_t i = 0; i < input.count; ++i) {
      double sum = 0.0;
      for (std::size_t k = 0; k < size; ++k) {
        sum += static_cast<double>(input.data[i * size + k]);
      }
      values_.push_back(static_cast<float>(sum / static_cast<double>(size)));
      values_.push_back(input.data[i * size]);
    }
    tensors_[0] = {values_.data(), input.count, 1, 2};
    tensors_[1] = {values_.data(), input.count, 2, 2};
    return {tensors_, 2};
  }

 private:
  std::vector<std::string> names_;
  std::vector<float> values_;
  Span2D<const float> tensors_[2];
};

Model model(const Node& manifest, std::size_t max_faces = 4) {
  return Model(cexpr::read_manifest(manifest, "models/test.yaml"), std::make_unique<Mean>("logits"),
               max_faces);
}

struct Picture {
  std::vector<std::uint8_t> pixels;
  ImageView view;
};

Picture picture(int width, int height) {
  Picture all;
  std::mt19937 random(3);
  all.pixels.resize(static_cast<std::size_t>(width * height * 3));
  for (std::size_t i = 0; i < all.pixels.size(); ++i) {
    // Smooth with a little noise, so that ways of averaging agree.
    const double x = static_cast<double>(i / 3 % static_cast<std::size_t>(width));
    all.pixels[i] = static_cast<std::uint8_t>(120.0 + 100.0 * std::sin(x / 40.0) +
                                              static_cast<double>(random() % 8));
  }
  all.view = {all.pixels.data(), width, height, width * 3, cexpr::PixelFormat::bgr8};
  return all;
}

FacePlace box(float x, float y, float w, float h) {
  FacePlace face;
  face.box_xywh = {x, y, w, h};
  return face;
}

std::vector<float> run(Model& model, const ImageView& image, const std::vector<FacePlace>& faces) {
  const Span2D<const float> out = model.run(image, {faces.data(), faces.size()});
  return {out.data, out.data + out.rows * out.cols};
}

std::vector<float> cut_directly(const ImageView& image, const std::array<float, 6>& matrix) {
  cexpr::PreprocessOptions options;
  options.width = options.height = kSize;
  options.color = cexpr::ColorOrder::gray;
  options.sampling = cexpr::Sampling::automatic;
  options.mean = {0.5F, 0.0F, 0.0F};
  options.std = {0.25F, 1.0F, 1.0F};
  std::vector<float> out(kSize * kSize);
  cexpr::preprocess(image, {matrix.data(), 1, 6, 6}, options, {out.data(), out.size()});
  return out;
}

std::vector<float> last_input(const Model& model) {
  const Span<const float> input = model.last_input();
  return {input.begin(), input.end()};
}

}  // namespace

CEXPR_TEST(a_manifest_is_read) {
  const Manifest manifest = cexpr::read_manifest(aligned(), "models/test.yaml");
  CHECK(manifest.id == "test" && manifest.model_path() == "models/test.onnx");
  CHECK(manifest.input.size == kSize && manifest.input.face.is_aligned);
  CHECK_NEAR(manifest.input.face.shift_y, -0.05, 1e-7);
  CHECK(cexpr::read_manifest(boxed(), "m.yaml").model_path() == "test.onnx");
}

CEXPR_TEST(mistakes_in_a_manifest_are_all_told) {
  Node wrong = aligned();
  wrong.items.push_back(Node::make_string("colour", 9, 1));
  wrong.items.push_back(Node::make_string("gray", 9, 9));
  wrong.items[3].kind = Node::Kind::list;  // id
  try {
    cexpr::read_manifest(wrong, "m.yaml");
    CHECK(false);
  } catch (const ModelError& error) {
    const std::string message = error.what();
    CHECK(message.find("m.yaml:9:1") != std::string::npos);
    CHECK(message.find("colour") != std::string::npos);
    CHECK(message.find("id") != std::string::npos);
  }
  CHECK_THROWS(cexpr::read_manifest(make_map({}), "m"), ModelError);
  CHECK_THROWS(cexpr::read_manifest(make_list({1}), "m"), ModelError);
  CHECK_THROWS(cexpr::read_manifest(manifest_node(make_map({})), "m"), ModelError);
  CHECK_THROWS(cexpr::read_manifest(manifest_node(make_map({{"box_margin", -0.5}})), "m"),
               ModelError);
  CHECK_THROWS(cexpr::read_manifest(manifest_node("arcface"), "m"), ModelError);
}

CEXPR_TEST(faces_are_cut_as_the_manifest_says) {
  const Picture all = picture(64, 48);
  Model by_box = model(boxed());
  CHECK((by_box.signals() == std::vector<std::string>{"fear", "surprise"}));
  const std::vector<float> signals = run(by_box, all.view, {box(10, 8, 20, 18)});
  std::array<float, 6> matrix{};
  const std::array<float, 4> place{10, 8, 20, 18};
  cexpr::box_transform({place.data(), 1, 4, 4}, kSize, 0.25F, {matrix.data(), 1, 6, 6});
  const std::vector<float> expected = cut_directly(all.view, matrix);
  CHECK(last_input(by_box) == expected);
  CHECK(signals.size() == 2 && signals[1] == expected[0]);

  Model by_landmarks = model(aligned());
  FacePlace face = box(10, 8, 20, 18);
  face.landmarks = {16, 16, 22, 16, 19, 19, 16.6F, 21.4F, 21.4F, 21.4F};
  face.has_landmarks = true;
  run(by_landmarks, all.view, {face});
  cexpr::align({face.landmarks.data(), 1, 10, 10}, {kSize, 0.1F, 0.0F, -0.05F},
               {matrix.data(), 1, 6, 6});
  CHECK(last_input(by_landmarks) == cut_directly(all.view, matrix));
  // Without landmarks that a transform fits, the box itself.
  cexpr::box_transform({place.data(), 1, 4, 4}, kSize, 0.0F, {matrix.data(), 1, 6, 6});
  for (const float value : {kNan, 5.0F}) {
    face.landmarks.fill(value);
    run(by_landmarks, all.view, {face});
    CHECK(last_input(by_landmarks) == cut_directly(all.view, matrix));
  }
}

CEXPR_TEST(several_faces_equal_one_at_a_time) {
  const Picture all = picture(200, 160);
  Model together = model(boxed());
  Model alone = model(boxed());
  const std::vector<FacePlace> faces{box(5, 5, 30, 30), box(-20, 60, 150, 140), box(90, 20, 8, 9)};
  const std::vector<float> signals = run(together, all.view, faces);
  for (std::size_t i = 0; i < faces.size(); ++i) {
    const std::vector<float> one = run(alone, all.view, {faces[i]});
    CHECK(one[0] == signals[2 * i] && one[1] == signals[2 * i + 1]);
  }
  CHECK(together.run(all.view, {}).rows == 0);
}

CEXPR_TEST(a_face_that_shrinks_a_lot_is_averaged) {
  // Halving rounds to whole grey levels; 1 / 255 / 0.25 is one level after normalisation.
  constexpr double kOneLevel = 1.0 / 255.0 / 0.25;
  const Picture all = picture(640, 480);
  Model halving = model(boxed());
  for (const std::array<float, 4> place :
       {std::array<float, 4>{100, 80, 200, 210}, std::array<float, 4>{-60, -40, 700, 560},
        std::array<float, 4>{300, 200, 400, 400}}) {
    run(halving, all.view, {box(place[0], place[1], place[2], place[3])});
    std::array<float, 6> matrix{};
    cexpr::box_transform({place.data(), 1, 4, 4}, kSize, 0.25F, {matrix.data(), 1, 6, 6});
    const std::vector<float> expected = cut_directly(all.view, matrix);
    const std::vector<float> got = last_input(halving);
    double worst = 0.0;
    double mean = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double difference = std::abs(static_cast<double>(got[i] - expected[i]));
      worst = std::max(worst, difference);
      mean += difference / static_cast<double>(expected.size());
    }
    CHECK(mean < 2.0 * kOneLevel);
    CHECK(worst < 80.0 * kOneLevel);  // at the image's edge the footprints differ
  }
}

CEXPR_TEST(steady_runs_allocate_nothing) {
  const Picture all = picture(640, 480);
  Model steady = model(aligned());
  const FacePlace large = box(20, 10, 500, 450);
  FacePlace small = box(200, 100, 30, 30);
  small.landmarks = {206, 112, 222, 112, 214, 118, 208, 124, 221, 124};
  small.has_landmarks = true;
  const std::vector<FacePlace> faces{large, small};
  run(steady, all.view, faces);
  const std::size_t before = cexpr::test::allocations();
  CHECK(before > 0);
  for (int round = 0; round < 50; ++round) {
    steady.run(all.view, {faces.data(), faces.size()});
  }
  CHECK(cexpr::test::allocations() == before);
}

CEXPR_TEST(what_does_not_fit_is_refused) {
  const Manifest manifest = cexpr::read_manifest(boxed(), "m");
  CHECK_THROWS(Model(manifest, std::make_unique<Mean>("scores")), ModelError);
  CHECK_THROWS(Model(manifest, nullptr), cexpr::ArgumentError);
  CHECK_THROWS(Model(manifest, std::make_unique<Mean>("logits"), 0), cexpr::ArgumentError);
  const Picture all = picture(64, 48);
  Model one = model(boxed(), 1);
  CHECK_THROWS(run(one, all.view, {box(0, 0, 9, 9), box(0, 0, 9, 9)}), cexpr::ArgumentError);
  CHECK_THROWS(run(one, all.view, {box(0, 0, 0, 9)}), cexpr::ArgumentError);
  CHECK_THROWS(run(one, ImageView{}, {box(0, 0, 9, 9)}), cexpr::ArgumentError);
  CHECK_THROWS(run(one, all.view, {box(kNan, 0, 9, 9)}), cexpr::ArgumentError);
  // Far outside: black.
  run(one, all.view, {box(1e6F, 1e6F, 3e6F, 3e6F)});
  for (const float value : last_input(one)) {
    CHECK(value == -2.0F);
  }
}

CEXPR_TEST(the_noexcept_calls_give_a_status) {
  const Picture all = picture(64, 48);
  Model one = model(boxed(), 1);
  const FacePlace good = box(0, 0, 9, 9);
  const FacePlace bad = box(0, 0, -1, 9);
  Span2D<const float> signals;
  CHECK(cexpr::try_run(one, all.view, {&good, 1}, signals).is_ok() && signals.rows == 1);
  const cexpr::Status status = cexpr::try_run(one, all.view, {&bad, 1}, signals);
  CHECK(status.code == cexpr::StatusCode::argument && !status.message.empty());
  CHECK(signals.rows == 0);
}
