#pragma once

// Everything that the library offers.
#include "cexpr/align.hpp"
#include "cexpr/analyzer.hpp"
#include "cexpr/boxes.hpp"
#include "cexpr/cpu.hpp"
#include "cexpr/error.hpp"
#include "cexpr/filter.hpp"
#include "cexpr/image.hpp"
#include "cexpr/node.hpp"
#include "cexpr/preprocess.hpp"
#include "cexpr/rules.hpp"
#include "cexpr/span.hpp"
#include "cexpr/timeline.hpp"
#include "cexpr/version.hpp"
