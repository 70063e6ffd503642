// SPDX-License-Identifier: BSD-3-Clause
#include "compute/cpu/mosaic_kernels.hpp"

#include "compute/cpu/lanes.hpp"

// As in row_kernels.cpp: everything the loops need is included above this line.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SECTILE_HAS_X86_VARIANTS 1
#else
#define SECTILE_HAS_X86_VARIANTS 0
#endif
#if defined(__GNUC__)
#define SECTILE_ALWAYS_INLINE __attribute__((always_inline))
#else
#define SECTILE_ALWAYS_INLINE
#endif

namespace sectile::compute
{
namespace portable_mosaic
{
namespace
{
#define SECTILE_SET_NAME "portable"
#include "compute/cpu/mosaic_kernels.inc"
#undef SECTILE_SET_NAME
}  // namespace
}  // namespace portable_mosaic

#if SECTILE_HAS_X86_VARIANTS
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
namespace x86_64_v3_mosaic
{
namespace
{
#define SECTILE_SET_NAME "x86-64-v3"
#include "compute/cpu/mosaic_kernels.inc"
#undef SECTILE_SET_NAME
}  // namespace
}  // namespace x86_64_v3_mosaic
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
namespace x86_64_v4_mosaic
{
namespace
{
#define SECTILE_SET_NAME "x86-64-v4"
#include "compute/cpu/mosaic_kernels.inc"
#undef SECTILE_SET_NAME
}  // namespace
}  // namespace x86_64_v4_mosaic
#pragma GCC pop_options
#endif

std::vector<MosaicKernels const*> usable_mosaic_kernels()
{
    std::vector<MosaicKernels const*> usable{&portable_mosaic::kernels_of_this_set};
#if SECTILE_HAS_X86_VARIANTS
    if (__builtin_cpu_supports("x86-64-v3") != 0) {
        usable.push_back(&x86_64_v3_mosaic::kernels_of_this_set);
    }
    if (__builtin_cpu_supports("x86-64-v4") != 0) {
        usable.push_back(&x86_64_v4_mosaic::kernels_of_this_set);
    }
#endif
    return usable;
}

MosaicKernels const& best_mosaic_kernels()
{
    static MosaicKernels const& best = *usable_mosaic_kernels().back();
    return best;
}
}  // namespace sectile::compute
