#include "node_args.hpp"

#include <limits>
#include <string>
#include <utility>

#include "cexpr/rules.hpp"

namespace cexpr::bindings {
namespace {

namespace py = pybind11;

class Converter {
 public:
  explicit Converter(const std::string& file) : file_(file) {}

  Node convert(const py::handle& object, std::size_t depth) {
    if (!py::isinstance<py::tuple>(object)) {
      throw py::type_error("node: expected a tuple (kind, line, column, value[, offset]), got " +
                           py::str(py::type::of(object).attr("__name__")).cast<std::string>());
    }
    const auto tuple = py::reinterpret_borrow<py::tuple>(object);
    if (tuple.size() != 4 && tuple.size() != 5) {
      throw py::type_error("node: expected a tuple (kind, line, column, value[, offset]), got " +
                           std::to_string(tuple.size()) + " items");
    }
    Node node;
    node.line = integer(tuple[1], "line");
    node.column = integer(tuple[2], "column");
    if (depth > rules::kMaxNodeDepth) {
      refuse(node, "maps and lists lie more than " + std::to_string(rules::kMaxNodeDepth) +
                       " levels inside each other");
    }
    if (++count_ > rules::kMaxNodes) {
      refuse(node, "the file holds more than " + std::to_string(rules::kMaxNodes) +
                       " values; aliases count each time");
    }
    fill(node, text(tuple[0], "kind"), tuple[3], depth);
    if (tuple.size() == 5) {
      node.text_offset = integer(tuple[4], "offset");
    }
    return node;
  }

 private:
  void fill(Node& node, const std::string& kind, const py::handle& value, std::size_t depth) {
    if (kind == "map") {
      node.kind = Node::Kind::map;
      for (const py::handle entry : items(value, "map")) {
        const auto pair = py::reinterpret_borrow<py::object>(entry);
        if (!py::isinstance<py::tuple>(pair) || py::len(pair) != 2) {
          throw py::type_error("node: a map holds pairs (key node, value node)");
        }
        node.items.push_back(convert(pair[py::int_(0)], depth + 1));
        node.items.push_back(convert(pair[py::int_(1)], depth + 1));
      }
    } else if (kind == "list") {
      node.kind = Node::Kind::list;
      for (const py::handle item : items(value, "list")) {
        node.items.push_back(convert(item, depth + 1));
      }
    } else if (kind == "str") {
      node.kind = Node::Kind::string;
      node.text = text(value, "value of a str");
    } else if (kind == "int" || kind == "float") {
      node.kind = kind == "int" ? Node::Kind::integer : Node::Kind::real;
      node.number = number(value);
    } else if (kind == "bool") {
      node.kind = Node::Kind::boolean;
      node.number = value.cast<bool>() ? 1.0 : 0.0;
    } else if (kind != "null") {
      throw py::type_error("node: kind is map, list, str, int, float, bool or null, got '" + kind +
                           "'");
    }
  }

  [[noreturn]] void refuse(const Node& at, const std::string& message) const {
    throw RuleError(file_, {{at.line, at.column, "", message}});
  }

  static py::list items(const py::handle& value, const char* kind) {
    if (!py::isinstance<py::list>(value)) {
      throw py::type_error(std::string("node: the value of a ") + kind + " is a list");
    }
    return py::reinterpret_borrow<py::list>(value);
  }

  /// UTF-8; what cannot be written in it (lone surrogates) becomes '?'.
  static std::string text(const py::handle& value, const char* what) {
    if (!py::isinstance<py::str>(value)) {
      throw py::type_error(std::string("node: the ") + what + " is a str");
    }
    const auto bytes = py::reinterpret_steal<py::bytes>(
        PyUnicode_AsEncodedString(value.ptr(), "utf-8", "replace"));
    if (!bytes) {
      throw py::error_already_set();
    }
    return std::string(bytes);
  }

  static double number(const py::handle& value) {
    const double result = PyFloat_AsDouble(value.ptr());
    if (PyErr_Occurred() != nullptr) {
      if (PyErr_ExceptionMatches(PyExc_OverflowError) == 0) {
        throw py::error_already_set();
      }
      // An integer of hundreds of digits: refused later, as too large, at its place.
      PyErr_Clear();
      return std::numeric_limits<double>::infinity();
    }
    return result;
  }

  static int integer(const py::handle& value, const char* what) {
    if (!py::isinstance<py::int_>(value)) {
      throw py::type_error(std::string("node: the ") + what + " is an int");
    }
    return value.cast<int>();
  }

  const std::string& file_;
  std::size_t count_ = 0;
};

}  // namespace

Node node_from_python(const py::object& object, const std::string& file) {
  return Converter(file).convert(object, 1);
}

}  // namespace cexpr::bindings
