// A file, a camera or a folder of images in, labels out: as text, or drawn over the picture.
//
//   webcam SOURCE --model cexpr-s.yaml --rules default.yaml [--box full | --box X,Y,W,H]
//          [--yunet FACE.onnx] [--fps N] [--show]
//
// SOURCE is a video file, a pattern such as frames/%05d.png, or the number of a camera. Faces are
// found by YuNet (docs/embedding.md says which file), or are the given box in every frame. Text is
// CSV: frame, compound, confidence and the smoothed signals. With --show the picture is drawn when
// its label is decided: `delay` frames late.

#include <algorithm>
#include <deque>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/highgui.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect/face.hpp>
#include <opencv2/videoio.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cexpr/cexpr.hpp"
#include "cexpr/opencv.hpp"
#include "cexpr/yaml.hpp"

namespace {

using Options = std::map<std::string, std::string>;

/// The number that all of a text is; else an error of these words.
double number(const std::string& text, const std::string& refusal) {
  std::istringstream stream(text);
  double value = 0.0;
  if (!(stream >> value) || !stream.eof()) {
    throw cexpr::ArgumentError(refusal);
  }
  return value;
}

/// The box of --box: x, y, w, h; nothing for `full`.
std::vector<float> read_box(const std::string& text) {
  const std::string refusal = "--box: expected full or X,Y,W,H in pixels; got " + text;
  std::vector<float> box;
  std::istringstream cells(text);
  for (std::string cell; text != "full" && std::getline(cells, cell, ',');) {
    box.push_back(static_cast<float>(number(cell, refusal)));
  }
  if (text != "full" && (box.size() != 4 || box[2] <= 0.0F || box[3] <= 0.0F)) {
    throw cexpr::ArgumentError(refusal);
  }
  return box;
}

/// Loads YuNet and tries it: what its file needs shows on some versions in the first call only.
cv::Ptr<cv::FaceDetectorYN> load_yunet(const std::string& file) {
  if (!std::ifstream(file)) {
    throw cexpr::ArgumentError("--yunet: " + file + " cannot be read");
  }
  const auto level = cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  try {
    const cv::Size size(320, 240);
    auto yunet = cv::FaceDetectorYN::create(file, "", size);
    cv::Mat found;
    yunet->detect(cv::Mat::zeros(size, CV_8UC3), found);
    cv::utils::logging::setLogLevel(level);
    return yunet;
  } catch (const cv::Exception&) {
    throw cexpr::ArgumentError(
        "--yunet: OpenCV " CV_VERSION " cannot use " + file +
        "; of OpenCV's model zoo, OpenCV up to 4.7 takes face_detection_yunet_2022mar.onnx and "
        "later ones take face_detection_yunet_2023mar.onnx, while yunet_n_dynamic.onnx needs "
        "OpenCV 5");
  }
}

Options read_arguments(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--show") {
      options[word] = "yes";
    } else if (word.rfind("--", 0) == 0) {
      options[word] = i + 1 < argc ? argv[++i] : "";
    } else {
      options["source"] = word;
    }
  }
  const std::set<std::string> known = {"source",  "--model", "--rules", "--box",
                                       "--yunet", "--fps",   "--show"};
  const bool is_known = std::all_of(options.begin(), options.end(), [&](const auto& option) {
    return known.count(option.first) != 0 && !option.second.empty();
  });
  if (!is_known || options.count("source") == 0 || options.count("--model") == 0 ||
      options.count("--rules") == 0 || options.count("--box") == options.count("--yunet")) {
    throw cexpr::ArgumentError(
        "usage: webcam SOURCE --model FILE --rules FILE (--box full|X,Y,W,H | --yunet FILE) "
        "[--fps N] [--show]");
  }
  return options;
}

/// Finds the faces of a frame: the given box, or what YuNet sees.
class Finder {
 public:
  explicit Finder(const Options& options) {
    if (options.count("--yunet") != 0) {
      yunet_ = load_yunet(options.at("--yunet"));
    } else {
      box_ = read_box(options.at("--box"));
    }
  }

  /// The largest face, or none: this host follows one person.
  std::vector<cexpr::FacePlace> find(const cv::Mat& image) {
    cexpr::FacePlace place;
    if (!yunet_) {
      place.box_xywh = {0.0F, 0.0F, static_cast<float>(image.cols), static_cast<float>(image.rows)};
      std::copy(box_.begin(), box_.end(), place.box_xywh.begin());
      return {place};
    }
    cv::Mat found;
    yunet_->setInputSize(image.size());
    yunet_->detect(image, found);
    float largest = 0.0F;
    for (int i = 0; i < found.rows; ++i) {
      // x, y, w, h, five points (the right eye of the person first, as it appears), score.
      const float* row = found.ptr<float>(i);
      if (row[2] * row[3] > largest) {
        largest = row[2] * row[3];
        std::copy(row, row + 4, place.box_xywh.begin());
        std::copy(row + 4, row + 14, place.landmarks.begin());
        place.has_landmarks = true;
      }
    }
    return largest > 0.0F ? std::vector<cexpr::FacePlace>{place} : std::vector<cexpr::FacePlace>{};
  }

 private:
  cv::Ptr<cv::FaceDetectorYN> yunet_;
  std::vector<float> box_;
};

cv::VideoCapture open(const std::string& source) {
  const bool is_camera =
      source.size() < 5 && source.find_first_not_of("0123456789") == std::string::npos;
  cv::VideoCapture capture;
  if (!(is_camera ? capture.open(std::stoi(source)) : capture.open(source))) {
    throw cexpr::ArgumentError(source + ": OpenCV cannot open it");
  }
  return capture;
}

/// Writes decided frames, and draws them over their pictures.
class Output {
 public:
  Output(const cexpr::RuleSet& rules, const std::vector<std::string>& signals, bool is_shown)
      : rules_(rules), is_shown_(is_shown) {
    std::cout << "frame,compound,confidence";
    for (const std::string& name : signals) {
      std::cout << ',' << name;
    }
    std::cout << '\n';
  }

  void keep(const cv::Mat& image) {
    if (is_shown_) {
      pictures_.push_back(image.clone());
    }
  }

  void write(cexpr::Span<const cexpr::DecidedFrame> frames) {
    for (const cexpr::DecidedFrame& frame : frames) {
      const std::string name =
          frame.label < 0 ? "" : rules_.compounds()[static_cast<std::size_t>(frame.label)];
      std::cout << frame.frame << ',' << name << ',' << frame.confidence;
      for (const float value : frame.signals) {
        std::cout << ',' << value;
      }
      std::cout << '\n';
      if (is_shown_) {
        cv::putText(pictures_.front(), name, cv::Point(10, 30), cv::FONT_HERSHEY_SIMPLEX, 0.8,
                    cv::Scalar(0, 255, 255), 2);
        cv::imshow("cexpr", pictures_.front());
        cv::waitKey(1);
        pictures_.pop_front();
      }
    }
  }

 private:
  const cexpr::RuleSet& rules_;
  bool is_shown_;
  std::deque<cv::Mat> pictures_;
};

void run(const Options& options) {
  const cexpr::Manifest manifest = cexpr::yaml::load_manifest(options.at("--model"));
  const cexpr::RuleSet rules = cexpr::yaml::load_rules(options.at("--rules"));
  cexpr::Model model(manifest, cexpr::opencv::make_inference(manifest));
  Finder finder(options);
  cv::VideoCapture capture = open(options.at("source"));
  cexpr::AnalyzerOptions settings;
  settings.signals = model.signals();
  const double announced = capture.get(cv::CAP_PROP_FPS);
  settings.frames_per_second = announced > 0.0 ? announced : 25.0;
  if (options.count("--fps") != 0) {
    const std::string& text = options.at("--fps");
    settings.frames_per_second = number(text, "--fps: expected a number; got " + text);
  }
  cexpr::Analyzer analyzer(rules, settings);
  Output output(rules, model.signals(), options.count("--show") != 0);
  cv::Mat image;
  for (std::int64_t frame = 1; capture.read(image); ++frame) {
    const std::vector<cexpr::FacePlace> places = finder.find(image);
    const cexpr::Span2D<const float> signals =
        model.run(cexpr::opencv::view(image), {places.data(), places.size()});
    cexpr::FaceSignals face;
    if (!places.empty()) {
      face.signals = {signals.row(0), signals.cols};
    }
    const double time = static_cast<double>(frame - 1) / settings.frames_per_second;
    output.keep(image);
    output.write(analyzer.push(frame, time, {&face, places.size()}));
  }
  output.write(analyzer.flush());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::cout.precision(7);
    run(read_arguments(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "webcam: " << error.what() << '\n';
    return 1;
  }
}
