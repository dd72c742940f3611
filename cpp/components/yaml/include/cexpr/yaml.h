#ifndef CEXPR_YAML_H
#define CEXPR_YAML_H

#include <stddef.h>

#include "cexpr/cexpr.h"

/* Rule files for C; needs the component yaml. A text that is no YAML is CEXPR_ERROR_OTHER, mistakes
 * in the rules are CEXPR_ERROR_RULES; cexpr_last_error() lists them, one a line. */

#ifdef __cplusplus
extern "C" {
#endif

/* Compiles `size` bytes of YAML text. `file` names it in messages and may be NULL. */
CEXPR_C_API cexpr_status cexpr_rules_from_yaml(const char* text, size_t size, const char* file,
                                               cexpr_rules** rules);

/* Compiles a rule file. */
CEXPR_C_API cexpr_status cexpr_rules_load(const char* path, cexpr_rules** rules);

#ifdef __cplusplus
}
#endif

#endif
