/* A host in C that knows the library by its package alone: labels one frame. */

#include <stdio.h>

#include "cexpr/cexpr.h"
#ifdef WITH_YAML
#include <string.h>

#include "cexpr/yaml.h"
#endif

static cexpr_status make_rules(cexpr_rules** rules) {
#ifdef WITH_YAML
  const char* text =
      "{cexpr: 1, name: host, gaps: none, compounds: {Both: \"mean(fear, surprise)\"}}";
  return cexpr_rules_from_yaml(text, strlen(text), NULL, rules);
#else
  cexpr_node* compounds = cexpr_node_map();
  cexpr_node_put(compounds, "Both", cexpr_node_string("mean(fear, surprise)"));
  cexpr_node* file = cexpr_node_map();
  cexpr_node_put(file, "cexpr", cexpr_node_integer(1));
  cexpr_node_put(file, "name", cexpr_node_string("host"));
  cexpr_node_put(file, "gaps", cexpr_node_string("none"));
  cexpr_node_put(file, "compounds", compounds);
  const cexpr_status status = cexpr_rules_compile(file, NULL, rules);
  cexpr_node_free(file);
  return status;
#endif
}

int main(void) {
  static const char* const names[] = {"fear", "surprise"};
  static const float signals[] = {0.25F, 0.75F};
  cexpr_rules* rules = NULL;
  cexpr_analyzer* analyzer = NULL;
  const cexpr_decided_frame* decided = NULL;
  size_t count = 0;
  const cexpr_face face = {0, signals, 1.0F, 1.0F};
  if (make_rules(&rules) != CEXPR_OK ||
      cexpr_analyzer_new(rules, names, 2, NULL, &analyzer) != CEXPR_OK ||
      cexpr_analyzer_push(analyzer, 1, 0.0, &face, 1, &decided, &count) != CEXPR_OK) {
    fprintf(stderr, "%s\n", cexpr_last_error());
    return 1;
  }
  const int is_right = count == 1 && decided[0].label == 0 && decided[0].confidence == 0.5F;
  printf("cexpr %s\n", cexpr_version());
  cexpr_analyzer_free(analyzer);
  cexpr_rules_free(rules);
  return is_right ? 0 : 1;
}
