// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/compute/backend.hpp"

#include "compute/cpu/row_kernels.hpp"

namespace sectile::compute
{
/// The CPU backend with a given variant of its loops; all variants give the same bits.
[[nodiscard]] std::unique_ptr<Backend> make_cpu_backend(core::TaskRunner& runner,
                                                        RowKernels const& kernels);
}  // namespace sectile::compute
