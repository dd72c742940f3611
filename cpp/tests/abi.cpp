// Sizes that hosts were built with: these classes hold one pointer to what they are made of.

#include "cexpr/cexpr.hpp"

static_assert(sizeof(cexpr::Analyzer) == sizeof(void*));
static_assert(sizeof(cexpr::Model) == sizeof(void*));
static_assert(sizeof(cexpr::RuleStream) == sizeof(void*));
static_assert(sizeof(cexpr::RuleSet) == 2 * sizeof(void*));
static_assert(sizeof(cexpr::BoundRules) == 2 * sizeof(void*));
static_assert(sizeof(cexpr::RuleError) == sizeof(cexpr::Error) + 4 * sizeof(void*));
