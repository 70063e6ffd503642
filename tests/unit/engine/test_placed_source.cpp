// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/engine/placed_source.hpp"

namespace sectile::engine
{
namespace
{
std::vector<MosaicSource> sources_with(std::vector<double> const& widths)
{
    std::vector<MosaicSource> sources;
    for (double const fwhm : widths) {
        plan::FrameRecord record;
        record.header.geometry.planes = 1;
        record.quality.fwhm = fwhm;
        sources.push_back(source_of(record, MosaicSource::Kind::frame));
    }
    return sources;
}

TEST(SharpnessFactors, FallWithTheSquareOfTheWidth)
{
    auto const sources = sources_with({3.0, 2.0, 4.0, plan::unmeasured});

    auto const factors = sharpness_factors(sources, Weighting::noise_fwhm);

    ASSERT_EQ(factors.size(), 4U);
    EXPECT_DOUBLE_EQ(factors[0], 4.0 / 9.0);
    EXPECT_DOUBLE_EQ(factors[1], 1.0);
    EXPECT_DOUBLE_EQ(factors[2], 0.25);
    EXPECT_DOUBLE_EQ(factors[3], 4.0 / 9.0) << "an unknown width counts as the median";
}

TEST(SharpnessFactors, AreOneWithoutWidthsAndWithOtherWeightings)
{
    std::vector<double> const ones(2, 1.0);

    EXPECT_EQ(sharpness_factors(sources_with({2.0, 5.0}), Weighting::noise_variance), ones);
    EXPECT_EQ(sharpness_factors(sources_with({plan::unmeasured, plan::unmeasured}),
                                Weighting::noise_fwhm),
              ones);
}
}  // namespace
}  // namespace sectile::engine
