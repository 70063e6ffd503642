// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/compute/backend.hpp"

#include "sectile/compute/kernels/interpolation_kern.hpp"

namespace sectile::compute
{
int kernel_margin(ResampleKernel kernel)
{
    // Rows are loaded in whole registers of 4 or 8 pixels from the first tap on; the bilinear
    // kernel, to which pixels near masked ones fall back, needs one pixel beyond.
    int const taps = kernels::kernel_taps(kernel);
    int const loaded = taps <= 2 ? 2 : (taps <= 4 ? 4 : 8);
    return loaded - kernels::taps_before(kernel);
}
}  // namespace sectile::compute
