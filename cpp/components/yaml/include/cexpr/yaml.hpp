#pragma once

#include <string>

#include "cexpr/error.hpp"
#include "cexpr/export.hpp"
#include "cexpr/manifest.hpp"
#include "cexpr/node.hpp"
#include "cexpr/rules.hpp"

/// The component `yaml`: rule files and model manifests as the Python package reads them. Scalars
/// are those of YAML 1.2 (`yes`, `on` and `1:30` are text); tags are refused; aliases count in
/// full.
namespace cexpr::yaml {

constexpr std::size_t kMaxBytes = 262144;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 20000;

/// A text that is no YAML, or more than the limits allow; `what()` is `file:line:column: message`.
class CEXPR_API YamlError : public Error {
 public:
  using Error::Error;
};

/// The one document of a text as a tree. `file` names it in messages. Throws `YamlError`.
CEXPR_API Node parse(const std::string& text, const std::string& file = "<yaml>");

/// Compiles the text of a rule file; `options.file` names it. Throws `YamlError` and `RuleError`.
CEXPR_API RuleSet read_rules(const std::string& text, const rules::CompileOptions& options = {});

/// Compiles a rule file. Throws `YamlError` when it cannot be read, and as `read_rules`.
CEXPR_API RuleSet load_rules(const std::string& path);

/// Reads a model manifest. Throws `YamlError` and `ModelError`.
CEXPR_API Manifest load_manifest(const std::string& path);

}  // namespace cexpr::yaml
