#include "check.hpp"

int main() { return cexpr::test::run_all(); }
