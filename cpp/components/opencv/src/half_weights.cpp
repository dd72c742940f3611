#include "half_weights.hpp"

#include <cstdint>
#include <map>
#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The wire format of protocol buffers and the few fields of ONNX that matter here: ModelProto
// {7 graph}, GraphProto {1 node, 5 initializer}, NodeProto {1 input, 2 output, 4 op_type,
// 5 attribute}, AttributeProto {1 name, 3 i}, TensorProto {2 data_type, 8 name, 9 raw_data}.
namespace cexpr::opencv::detail {
namespace {

constexpr std::uint64_t kGraph = 7;
constexpr std::uint64_t kNode = 1;
constexpr std::uint64_t kInitializer = 5;
constexpr std::uint64_t kFloat = 1;
constexpr std::uint64_t kHalf = 10;

struct Field {
  std::uint64_t number = 0;
  std::uint64_t value = 0;   // of a varint
  std::string_view content;  // of what has a length
  std::string_view whole;    // with tag and length
};

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80U) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<Field> take_field(std::string_view& bytes) {
  const std::string_view before = bytes;
  const std::optional<std::uint64_t> tag = take_varint(bytes);
  if (!tag) {
    return std::nullopt;
  }
  Field field;
  field.number = *tag >> 3U;
  std::uint64_t length = 0;
  switch (*tag & 7U) {
    case 0: {
      const std::optional<std::uint64_t> value = take_varint(bytes);
      if (!value) {
        return std::nullopt;
      }
      field.value = *value;
      break;
    }
    case 1:
      length = 8;
      break;
    case 2: {
      const std::optional<std::uint64_t> value = take_varint(bytes);
      if (!value) {
        return std::nullopt;
      }
      length = *value;
      break;
    }
    case 5:
      length = 4;
      break;
    default:
      return std::nullopt;
  }
  if (length > bytes.size()) {
    return std::nullopt;
  }
  field.content = bytes.substr(0, static_cast<std::size_t>(length));
  bytes.remove_prefix(static_cast<std::size_t>(length));
  field.whole = before.substr(0, before.size() - bytes.size());
  return field;
}

/// The fields of a message; none where it is no message.
std::optional<std::vector<Field>> fields_of(std::string_view bytes) {
  std::vector<Field> fields;
  while (!bytes.empty()) {
    const std::optional<Field> field = take_field(bytes);
    if (!field) {
      return std::nullopt;
    }
    fields.push_back(*field);
  }
  return fields;
}

void put_varint(std::uint64_t value, std::string& out) {
  for (; value >= 0x80U; value >>= 7U) {
    out += static_cast<char>((value & 0x7fU) | 0x80U);
  }
  out += static_cast<char>(value);
}

void put_bytes(std::uint64_t number, std::string_view content, std::string& out) {
  put_varint(number << 3U | 2U, out);
  put_varint(content.size(), out);
  out.append(content);
}

struct Tensor {
  std::string_view name;
  std::string_view raw;
  std::uint64_t type = 0;
};

Tensor read_tensor(const std::vector<Field>& fields) {
  Tensor tensor;
  for (const Field& field : fields) {
    if (field.number == 2) {
      tensor.type = field.value;
    } else if (field.number == 8) {
      tensor.name = field.content;
    } else if (field.number == 9) {
      tensor.raw = field.content;
    }
  }
  return tensor;
}

/// Input and output of a node that casts to float32; empty for another.
struct Cast {
  std::string_view input;
  std::string_view output;
};

std::optional<Cast> read_cast(std::string_view node) {
  const std::optional<std::vector<Field>> fields = fields_of(node);
  Cast cast;
  bool is_cast = false;
  bool is_to_float = false;
  for (const Field& field : fields.value_or(std::vector<Field>{})) {
    if (field.number == 1) {
      cast.input = field.content;
    } else if (field.number == 2) {
      cast.output = field.content;
    } else if (field.number == 4) {
      is_cast = field.content == "Cast";
    } else if (field.number == 5) {
      std::string_view name;
      std::uint64_t value = 0;
      for (const Field& part : fields_of(field.content).value_or(std::vector<Field>{})) {
        name = part.number == 1 ? part.content : name;
        value = part.number == 3 ? part.value : value;
      }
      is_to_float = is_to_float || (name == "to" && value == kFloat);
    }
  }
  return is_cast && is_to_float ? std::optional<Cast>(cast) : std::nullopt;
}

std::string widen(std::string_view raw) {
  const auto count = static_cast<int>(raw.size() / 2);
  // Copied, because the bytes of a file are not aligned.
  cv::Mat half(1, count, CV_16F);
  std::copy(raw.begin(), raw.begin() + std::ptrdiff_t{count} * 2, half.ptr<char>());
  cv::Mat wide;
  half.convertTo(wide, CV_32F);
  return {wide.ptr<char>(), static_cast<std::size_t>(count) * sizeof(float)};
}

std::string widen_graph(const std::vector<Field>& graph) {
  std::map<std::string_view, std::string_view> widened;  // half tensor to what its Cast gives
  std::map<std::string_view, bool> is_half;
  for (const Field& field : graph) {
    if (field.number == kInitializer) {
      const Tensor tensor = read_tensor(fields_of(field.content).value_or(std::vector<Field>{}));
      is_half[tensor.name] = tensor.type == kHalf && !tensor.raw.empty();
    }
  }
  std::string out;
  for (const Field& field : graph) {
    const std::optional<Cast> cast =
        field.number == kNode ? read_cast(field.content) : std::nullopt;
    if (cast && is_half[cast->input] && widened.emplace(cast->input, cast->output).second) {
      continue;
    }
    if (field.number != kInitializer) {
      out.append(field.whole);
    }
  }
  for (const Field& field : graph) {
    if (field.number != kInitializer) {
      continue;
    }
    const std::vector<Field> parts = fields_of(field.content).value_or(std::vector<Field>{});
    const Tensor tensor = read_tensor(parts);
    const auto cast = widened.find(tensor.name);
    if (cast == widened.end()) {
      out.append(field.whole);
      continue;
    }
    std::string wide;
    for (const Field& part : parts) {
      if (part.number != 2 && part.number != 8 && part.number != 9) {
        wide.append(part.whole);
      }
    }
    put_varint(2U << 3U, wide);
    put_varint(kFloat, wide);
    put_bytes(8, cast->second, wide);
    put_bytes(9, widen(tensor.raw), wide);
    put_bytes(kInitializer, wide, out);
  }
  return out;
}

}  // namespace

std::string widen_half_weights(const std::string& model) {
  const std::optional<std::vector<Field>> fields = fields_of(model);
  if (!fields) {
    return model;
  }
  std::string out;
  for (const Field& field : *fields) {
    const std::optional<std::vector<Field>> graph =
        field.number == kGraph ? fields_of(field.content) : std::nullopt;
    if (graph) {
      put_bytes(kGraph, widen_graph(*graph), out);
    } else {
      out.append(field.whole);
    }
  }
  return out;
}

}  // namespace cexpr::opencv::detail
