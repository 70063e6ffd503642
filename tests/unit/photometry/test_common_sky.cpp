// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/compute/sky_lattice.hpp"

#include "photometry/common_sky.hpp"

namespace sectile::photometry
{
namespace
{
constexpr std::uint32_t columns = 12;
constexpr std::int64_t rows = 9;

/// A tilted sky that each source sees with an offset of its own, which its correction takes back.
struct Sources
{
    std::vector<SourceCells> cells;
    std::vector<compute::Photometry> corrections;

    Sources()
    {
        for (int source = 0; source < 3; ++source) {
            SourceCells own(1);
            for (std::uint32_t cell = 0; cell < columns * rows; ++cell) {
                bool const is_seen = source != 1 || cell % columns > 4;
                if (is_seen) {
                    own[0].push_back({cell, level(cell) - 7.0F * static_cast<float>(source)});
                }
            }
            cells.push_back(own);
            corrections.emplace_back();
            corrections.back().offset = 7.0 * source;
        }
    }
    static float level(std::uint32_t cell)
    {
        return 1000.0F + 3.0F * static_cast<float>(cell % columns) +
               2.0F * static_cast<float>(cell / columns);
    }
};

TEST(CommonSky, IsWhatCorrectedSourcesShow)
{
    Sources const sources;
    auto const sky = common_sky(sources.cells, 0, sources.corrections, {10, columns}, rows);

    ASSERT_EQ(sky.size(), columns * static_cast<std::size_t>(rows));
    for (std::uint32_t row = 2; row + 2 < rows; ++row) {
        for (std::uint32_t column = 2; column + 2 < columns; ++column) {
            std::uint32_t const cell = row * columns + column;
            EXPECT_NEAR(sky[cell], Sources::level(cell), 0.01) << cell;
        }
    }
}

TEST(CommonSky, DoesNotSeeAStarInItsCell)
{
    Sources sources;
    for (SourceCells& own : sources.cells) {
        for (CellLevel& cell : own[0]) {
            cell.level += cell.cell == 4 * columns + 7 ? 5000.0F : 0.0F;
        }
    }
    auto const sky = common_sky(sources.cells, 0, sources.corrections, {10, columns}, rows);

    EXPECT_NEAR(sky[4 * columns + 7], Sources::level(4 * columns + 7), 6.0);
}

TEST(CommonSky, IsUnknownWhereNobodyLooks)
{
    std::vector<SourceCells> const nothing(2, SourceCells(1));
    auto const sky = common_sky(nothing, 0, std::vector<compute::Photometry>(2), {10, columns}, 2);

    EXPECT_TRUE(std::isnan(sky.front()));
}

TEST(SkyLattice, IsBilinearBetweenTheMiddlesOfItsCells)
{
    compute::SkyLattice sky;
    sky.side = 10;
    sky.columns = 3;
    sky.rows = 2;
    sky.level = {{0.0F, 10.0F, NAN, 20.0F, 30.0F, NAN}};

    EXPECT_NEAR(sky.at(0, 4, 4), 0.0 + 0.05 * 0.0, 1.1);
    EXPECT_NEAR(sky.at(0, 10, 10), 0.55 * 10.0 + 0.55 * 20.0, 1e-9);
    EXPECT_EQ(sky.at(0, 22, 0), 10.0) << "the neighbour that is known";
    EXPECT_TRUE(std::isnan(sky.at(0, 40, 4)));
}
}  // namespace
}  // namespace sectile::photometry
