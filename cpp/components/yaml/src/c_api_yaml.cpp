#include "cexpr/yaml.h"
#include "cexpr/yaml.hpp"
#include "host/c_api_detail.hpp"

using cexpr::detail::call_for_c;
using cexpr::detail::require;

cexpr_status cexpr_rules_from_yaml(const char* text, size_t size, const char* file,
                                   cexpr_rules** rules) {
  return call_for_c([&] {
    cexpr::rules::CompileOptions options;
    if (file != nullptr) {
      options.file = file;
    }
    const std::string copy(&require(text, "text"), size);
    require(rules, "rules") = new cexpr_rules{cexpr::yaml::read_rules(copy, options)};
  });
}

cexpr_status cexpr_rules_load(const char* path, cexpr_rules** rules) {
  return call_for_c([&] {
    require(rules, "rules") = new cexpr_rules{cexpr::yaml::load_rules(&require(path, "path"))};
  });
}
