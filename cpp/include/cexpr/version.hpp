#pragma once

// The one place where the version is written; CMake and the Python package read it from here.
#define CEXPR_VERSION "0.1.0"
