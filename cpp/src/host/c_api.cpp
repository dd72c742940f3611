#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "cexpr/align.hpp"
#include "cexpr/cexpr.h"
#include "cexpr/preprocess.hpp"
#include "cexpr/shipped_rules.hpp"
#include "host/c_api_detail.hpp"

using cexpr::Node;
using cexpr::detail::call_for_c;
using cexpr::detail::require;

namespace cexpr::detail {
namespace {

std::string& last_error() {
  thread_local std::string message;
  return message;
}

cexpr_node* make_node(Node::Kind kind, double number) noexcept {
  try {
    return new cexpr_node{Node::make_number(kind, number, 0, 0)};
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

/// Moves a node out of its handle and frees the handle.
Node take(cexpr_node* handle) {
  Node node = std::move(require(handle, "child").node);
  cexpr_node_free(handle);
  return node;
}

Node& require_kind(cexpr_node* handle, Node::Kind kind, const char* name) {
  Node& node = require(handle, name).node;
  if (node.kind != kind) {
    throw ArgumentError(std::string(name) + ": expected a node made by cexpr_node_" + name);
  }
  return node;
}

template <typename To>
To choose(int value, int last, const char* name) {
  if (value < 0 || value > last) {
    throw ArgumentError(std::string(name) + ": expected 0 to " + std::to_string(last) + "; got " +
                        std::to_string(value));
  }
  return static_cast<To>(value);
}

template <typename T>
Span<const T> optional_rows(const T* data, std::size_t rows) {
  return data == nullptr ? Span<const T>{} : Span<const T>{data, rows};
}

}  // namespace

cexpr_status report(Status status) noexcept {
  last_error() = std::move(status.message);
  return static_cast<cexpr_status>(status.code);
}

std::vector<std::string> names_from_c(const char* const* names, std::size_t count) {
  std::vector<std::string> all;
  if (count > 0) {
    require(names, "names");
  }
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    all.emplace_back(&require(names[i], "names"));
  }
  return all;
}

static_assert(static_cast<int>(StatusCode::argument) == CEXPR_ERROR_ARGUMENT);
static_assert(static_cast<int>(StatusCode::state) == CEXPR_ERROR_STATE);
static_assert(static_cast<int>(StatusCode::rules) == CEXPR_ERROR_RULES);
static_assert(static_cast<int>(StatusCode::model) == CEXPR_ERROR_MODEL);
static_assert(static_cast<int>(StatusCode::memory) == CEXPR_ERROR_MEMORY);
static_assert(static_cast<int>(StatusCode::other) == CEXPR_ERROR_OTHER);
static_assert(static_cast<int>(PixelFormat::bgra8) == CEXPR_BGRA8);
static_assert(static_cast<int>(ColorOrder::gray) == CEXPR_GRAY);
static_assert(static_cast<int>(Sampling::area) == CEXPR_AREA);

}  // namespace cexpr::detail

const char* cexpr_version(void) { return CEXPR_VERSION_STRING; }

const char* cexpr_last_error(void) { return cexpr::detail::last_error().c_str(); }

cexpr_node* cexpr_node_map(void) { return cexpr::detail::make_node(Node::Kind::map, 0.0); }
cexpr_node* cexpr_node_list(void) { return cexpr::detail::make_node(Node::Kind::list, 0.0); }
cexpr_node* cexpr_node_integer(int64_t value) {
  return cexpr::detail::make_node(Node::Kind::integer, static_cast<double>(value));
}
cexpr_node* cexpr_node_real(double value) {
  return cexpr::detail::make_node(Node::Kind::real, value);
}
cexpr_node* cexpr_node_boolean(int value) {
  return cexpr::detail::make_node(Node::Kind::boolean, value != 0 ? 1.0 : 0.0);
}
cexpr_node* cexpr_node_string(const char* text) {
  std::unique_ptr<cexpr_node> node;
  call_for_c([&] {
    // The text stands in no file.
    node.reset(new cexpr_node{Node::make_string(&require(text, "text"), 0, 0, -1)});
  });
  return node.release();
}

void cexpr_node_free(cexpr_node* node) { delete node; }

cexpr_status cexpr_node_put(cexpr_node* map, const char* key, cexpr_node* child) {
  return call_for_c([&] {
    Node value = cexpr::detail::take(child);
    Node& parent = cexpr::detail::require_kind(map, Node::Kind::map, "map");
    Node name = Node::make_string(&require(key, "key"), 0, 0, -1);
    parent.items.reserve(parent.items.size() + 2);
    parent.items.push_back(std::move(name));
    parent.items.push_back(std::move(value));
  });
}

cexpr_status cexpr_node_add(cexpr_node* list, cexpr_node* child) {
  return call_for_c([&] {
    Node value = cexpr::detail::take(child);
    cexpr::detail::require_kind(list, Node::Kind::list, "list").items.push_back(std::move(value));
  });
}

cexpr_status cexpr_rules_compile(const cexpr_node* root, const char* file, cexpr_rules** rules) {
  return call_for_c([&] {
    cexpr::rules::CompileOptions options;
    if (file != nullptr) {
      options.file = file;
    }
    require(rules, "rules") =
        new cexpr_rules{cexpr::RuleSet::compile(require(root, "root").node, options)};
  });
}

cexpr_status cexpr_rules_shipped(const char* name, cexpr_rules** rules) {
  return call_for_c([&] {
    require(rules, "rules") = new cexpr_rules{cexpr::shipped_rules(&require(name, "name"))};
  });
}

size_t cexpr_rules_shipped_count(void) { return cexpr::shipped_rule_names().size(); }

const char* cexpr_rules_shipped_name(size_t index) {
  return index < cexpr_rules_shipped_count() ? cexpr::shipped_rule_names()[index].c_str() : nullptr;
}

void cexpr_rules_free(cexpr_rules* rules) { delete rules; }

const char* cexpr_rules_name(const cexpr_rules* rules) {
  return rules == nullptr ? nullptr : rules->rules.name().c_str();
}

size_t cexpr_rules_compound_count(const cexpr_rules* rules) {
  return rules == nullptr ? 0 : rules->rules.compounds().size();
}

const char* cexpr_rules_compound(const cexpr_rules* rules, size_t id) {
  return id < cexpr_rules_compound_count(rules) ? rules->rules.compounds()[id].c_str() : nullptr;
}

size_t cexpr_rules_signal_count(const cexpr_rules* rules) {
  return rules == nullptr ? 0 : rules->rules.signals().size();
}

const char* cexpr_rules_signal(const cexpr_rules* rules, size_t index) {
  return index < cexpr_rules_signal_count(rules) ? rules->rules.signals()[index].c_str() : nullptr;
}

cexpr_status cexpr_rules_evaluate(const cexpr_rules* rules, const char* const* names,
                                  size_t name_count, const float* signals, size_t rows,
                                  const int64_t* frames, const double* times, const int64_t* tracks,
                                  float* scores, int32_t* labels) {
  return call_for_c([&] {
    const cexpr::RuleSet& set = require(rules, "rules").rules;
    if (rows > 0) {
      require(signals, "signals");
      require(scores, "scores");
    }
    const cexpr::BoundRules bound = set.bind(cexpr::detail::names_from_c(names, name_count));
    const std::size_t compounds = set.compounds().size();
    const cexpr::rules::RowIndex index{cexpr::detail::optional_rows(frames, rows),
                                       cexpr::detail::optional_rows(times, rows),
                                       cexpr::detail::optional_rows(tracks, rows)};
    const cexpr::Span2D<const float> in{signals, rows, name_count, name_count};
    const cexpr::Span2D<float> out{scores, rows, compounds, compounds};
    constexpr auto kWindows = cexpr::rules::Windows::centred;
    if (labels == nullptr) {
      bound.evaluate(in, index, kWindows, out);
    } else {
      bound.classify(in, index, kWindows, out, {labels, rows});
    }
  });
}

cexpr_status cexpr_align(const float* landmarks, size_t faces, int size, float margin,
                         float shift_x, float shift_y, float* matrices) {
  return call_for_c([&] {
    if (faces > 0) {
      require(landmarks, "landmarks");
      require(matrices, "matrices");
    }
    cexpr::align({landmarks, faces, 10, 10}, {size, margin, shift_x, shift_y},
                 {matrices, faces, 6, 6});
  });
}

cexpr_status cexpr_box_transform(const float* boxes_xywh, size_t faces, int size, float margin,
                                 float* matrices) {
  return call_for_c([&] {
    if (faces > 0) {
      require(boxes_xywh, "boxes_xywh");
      require(matrices, "matrices");
    }
    cexpr::box_transform({boxes_xywh, faces, 4, 4}, size, margin, {matrices, faces, 6, 6});
  });
}

cexpr_status cexpr_preprocess(const cexpr_image* image, const float* matrices, size_t faces,
                              const cexpr_preprocess_options* options, float* out,
                              size_t out_size) {
  return call_for_c([&] {
    const cexpr_image& view = require(image, "image");
    const cexpr_preprocess_options& given = require(options, "options");
    if (faces > 0) {
      require(matrices, "matrices");
      require(out, "out");
    }
    cexpr::PreprocessOptions all;
    all.width = given.width;
    all.height = given.height;
    all.color = cexpr::detail::choose<cexpr::ColorOrder>(given.color, CEXPR_GRAY, "color");
    all.sampling = cexpr::detail::choose<cexpr::Sampling>(given.sampling, CEXPR_AREA, "sampling");
    std::copy(given.mean, given.mean + 3, all.mean.begin());
    std::copy(given.std, given.std + 3, all.std.begin());
    const auto format =
        cexpr::detail::choose<cexpr::PixelFormat>(view.format, CEXPR_BGRA8, "format");
    cexpr::preprocess({view.data, view.width, view.height, view.stride, format},
                      {matrices, faces, 6, 6}, all, {out, out_size});
  });
}
