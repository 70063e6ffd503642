// SPDX-License-Identifier: BSD-3-Clause
#include "compute/cpu/weight_table.hpp"

#include <algorithm>
#include <array>

#include "sectile/compute/kernels/interpolation_kern.hpp"

namespace sectile::compute
{
WeightTable::WeightTable(ResampleKernel kernel)
{
    int const taps = kernels::kernel_taps(kernel);
    if (taps <= 2) {
        return;
    }
    lanes_ = taps <= 4 ? 4 : 8;
    rows_ = image::Image<float>({0, 0, static_cast<std::int64_t>(lanes_) * (phases + 2), 1}, 1);
    float* row = rows_.view().data;
    for (int phase = 0; phase < phases + 2; ++phase) {
        double weights[kernels::max_taps];
        kernels::kernel_weights(kernel, static_cast<double>(std::min(phase, phases)) / phases,
                                weights);
        std::transform(weights, weights + taps, row,
                       [](double weight) { return static_cast<float>(weight); });
        correlations_.push_back(kernels::WeightCorrelation::of(weights, taps));
        row += lanes_;
    }
}

WeightTable const& weight_table(ResampleKernel kernel)
{
    static std::array<WeightTable, 6> const tables{
        WeightTable(ResampleKernel::nearest),  WeightTable(ResampleKernel::bilinear),
        WeightTable(ResampleKernel::bicubic),  WeightTable(ResampleKernel::lanczos2),
        WeightTable(ResampleKernel::lanczos3), WeightTable(ResampleKernel::lanczos4)};
    return tables[static_cast<std::size_t>(kernel)];
}
}  // namespace sectile::compute
