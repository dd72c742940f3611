#include "kernels/pick.hpp"

#include "cexpr/cpu.hpp"
#include "kernels/filter_table.hpp"
#include "kernels/preprocess_table.hpp"
#include "kernels/rules_table.hpp"

namespace cexpr::kernels {

template <class Table>
const Table& pick() {
  switch (cpu::active()) {
#if defined(CEXPR_X86)
    case cpu::Target::avx2:
      return Table::avx2;
    case cpu::Target::avx512:
      return Table::avx512;
#elif defined(CEXPR_NEON)
    case cpu::Target::neon:
      return Table::neon;
#endif
    default:
      return Table::scalar;
  }
}

// Here alone, where it is known which tables this build has.
template const FilterTable& pick<FilterTable>();
template const PreprocessTable& pick<PreprocessTable>();
template const RulesTable& pick<RulesTable>();

}  // namespace cexpr::kernels
