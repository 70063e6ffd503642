// SPDX-License-Identifier: BSD-3-Clause
#include "compute/cpu/row_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "sectile/compute/kernels/combine_kern.hpp"

#include "compute/cpu/lanes.hpp"
#include "compute/cpu/weight_table.hpp"

// Everything the loops call from headers is included above, compiled for the portable instruction
// set, and inlined into the variants: no function of a header is ever emitted for a newer
// processor.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SECTILE_HAS_X86_VARIANTS 1
#else
#define SECTILE_HAS_X86_VARIANTS 0
#endif

namespace sectile::compute
{
namespace portable
{
namespace
{
#define SECTILE_SET_NAME "portable"
#include "compute/cpu/row_kernels.inc"
#undef SECTILE_SET_NAME
}  // namespace
}  // namespace portable

#if SECTILE_HAS_X86_VARIANTS
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
namespace x86_64_v3
{
namespace
{
#define SECTILE_SET_NAME "x86-64-v3"
#include "compute/cpu/row_kernels.inc"
#undef SECTILE_SET_NAME
}  // namespace
}  // namespace x86_64_v3
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
namespace x86_64_v4
{
namespace
{
#define SECTILE_SET_NAME "x86-64-v4"
#include "compute/cpu/row_kernels.inc"
#undef SECTILE_SET_NAME
}  // namespace
}  // namespace x86_64_v4
#pragma GCC pop_options
#endif

std::vector<RowKernels const*> usable_row_kernels()
{
    std::vector<RowKernels const*> usable{&portable::kernels_of_this_set};
#if SECTILE_HAS_X86_VARIANTS
    if (__builtin_cpu_supports("x86-64-v3") != 0) {
        usable.push_back(&x86_64_v3::kernels_of_this_set);
    }
    if (__builtin_cpu_supports("x86-64-v4") != 0) {
        usable.push_back(&x86_64_v4::kernels_of_this_set);
    }
#endif
    return usable;
}

RowKernels const& best_row_kernels()
{
    static RowKernels const& best = *usable_row_kernels().back();
    return best;
}
}  // namespace sectile::compute
