#include "cexpr/yaml.hpp"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "composer.hpp"
#include "scalars.hpp"

namespace cexpr::yaml {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    throw YamlError(path + ": the file cannot be read");
  }
  std::string text(kMaxBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) {
    throw YamlError(path + ": the file cannot be read");
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

/// What yaml-cpp says, in words for people who write rules.
std::string plain_words(const std::string& message) {
  using namespace YAML::ErrorMsg;
  static const std::pair<const char*, const char*> kWords[] = {
      {MAP_VALUE,
       "a second ':' is not allowed here; put the whole value in quotes, or check the "
       "indentation"},
      {MAP_KEY, "a value cannot begin with '?'; put the whole value in quotes"},
      {BLOCK_ENTRY, "a list cannot begin here; begin it in the line after its key"},
      {END_OF_MAP,
       "the indentation fits no line above; the entries of one map start in one column"},
      {END_OF_SEQ, "the indentation fits no line above; the items of one list start in one column"},
      {END_OF_MAP_FLOW, "expected ',' or '}' here; put the whole value in quotes"},
      {END_OF_SEQ_FLOW, "expected ',' or ']' here; put the whole value in quotes"},
      {FLOW_END, "no bracket is open that this one could close"},
      {UNKNOWN_TOKEN, "a value cannot begin with this character; put the whole value in quotes"},
      {EOF_IN_SCALAR, "the text ends too early; a quote is never closed"},
      {DOC_IN_SCALAR, "a quote is never closed"},
      {TAB_IN_INDENTATION, "a tab cannot indent YAML; use spaces"},
      {CHAR_IN_BLOCK, "a value that begins with '>' or '|' is not text here; put it in quotes"},
      {ALIAS_NOT_FOUND, "a value that begins with '*' is not text here; put it in quotes"},
      {ANCHOR_NOT_FOUND, "a value that begins with '&' is not text here; put it in quotes"},
      {CHAR_IN_ALIAS, "a value that begins with '*' is not text here; put it in quotes"},
      {CHAR_IN_ANCHOR, "a value that begins with '&' is not text here; put it in quotes"},
  };
  for (const auto& [theirs, plain] : kWords) {
    if (message == theirs) {
      return plain;
    }
  }
  return message;
}

void check_text(const std::string& text, const detail::Composer& composer) {
  if (text.size() > kMaxBytes) {
    composer.refuse(1, 1,
                    "the file is too long; it may have " + std::to_string(kMaxBytes) + " bytes");
  }
  if (text.compare(0, 3, "\xef\xbb\xbf") == 0) {
    composer.refuse(1, 1, "the file starts with a byte-order mark; save it as UTF-8 without one");
  }
  const std::size_t bad = detail::first_bad_byte(text);
  if (bad == std::string::npos) {
    return;
  }
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(bad);
  const auto line = static_cast<int>(std::count(text.begin(), end, '\n')) + 1;
  const std::size_t start = bad == 0 ? std::string::npos : text.rfind('\n', bad - 1);
  const std::size_t first = start == std::string::npos ? 0 : start + 1;
  const auto column =
      std::count_if(text.begin() + static_cast<std::ptrdiff_t>(first), end,
                    [](char c) { return (static_cast<unsigned char>(c) >> 6U) != 2; });
  composer.refuse(line, static_cast<int>(column) + 1,
                  "a byte here is not UTF-8, or may not stand in YAML; save the file as UTF-8");
}

}  // namespace

Node parse(const std::string& text, const std::string& file) {
  detail::Composer composer(text, file);
  check_text(text, composer);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(composer)) {
    }
  } catch (const YAML::Exception& error) {
    composer.refuse(error.mark, plain_words(error.msg));
  }
  if (!composer.has_root()) {
    composer.refuse(1, 1, "the file is empty");
  }
  return composer.take_root();
}

RuleSet read_rules(const std::string& text, const rules::CompileOptions& options) {
  return RuleSet::compile(parse(text, options.file), options);
}

RuleSet load_rules(const std::string& path) {
  rules::CompileOptions options;
  options.file = path;
  return read_rules(read_file(path), options);
}

Manifest load_manifest(const std::string& path) {
  return read_manifest(parse(read_file(path), path), path);
}

}  // namespace cexpr::yaml
