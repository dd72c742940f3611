#pragma once

namespace cexpr::kernels {

/// The table of one kernel for the instruction set in use, `cpu::active()`.
template <class Table>
const Table& pick();

}  // namespace cexpr::kernels
