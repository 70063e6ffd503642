// SPDX-License-Identifier: BSD-3-Clause
// From the levels of cells to offsets and gradients: what was planted is found.
#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/task_runner.hpp"

#include "photometry/pair_planes.hpp"
#include "unit/core/pseudo_random.hpp"

namespace sectile::photometry
{
namespace
{
constexpr CellLattice lattice{10, 200};

/// A source as a rectangle of cells.
struct Patch
{
    std::uint32_t x0 = 0;
    std::uint32_t y0 = 0;
    std::uint32_t columns = 20;
    std::uint32_t rows = 20;

    [[nodiscard]] core::Box footprint() const
    {
        return {x0 * lattice.side, y0 * lattice.side, (x0 + columns) * lattice.side,
                (y0 + rows) * lattice.side};
    }
};

using Sky = std::function<double(double x, double y)>;

std::vector<CellLevel> levels_of(Patch const& patch, Sky const& sky)
{
    std::vector<CellLevel> cells;
    for (std::uint32_t y = patch.y0; y < patch.y0 + patch.rows; ++y) {
        for (std::uint32_t x = patch.x0; x < patch.x0 + patch.columns; ++x) {
            double const value = sky((x + 0.5) * static_cast<double>(lattice.side),
                                     (y + 0.5) * static_cast<double>(lattice.side));
            cells.push_back({y * lattice.columns + x, static_cast<float>(value)});
        }
    }
    return cells;
}

double flat(double /*x*/, double /*y*/)
{
    return 100.0;
}

/// Value of a correction at a place, gain aside.
double at(compute::Photometry const& correction, double x, double y)
{
    return correction.offset + correction.slope_x * (x - correction.x_ref) +
           correction.slope_y * (y - correction.y_ref);
}

class Match : public ::testing::Test
{
  protected:
    /// A source of one plane of colour that shows the sky less what corrects it.
    void add(Patch const& patch, double offset, double slope_x = 0.0, double slope_y = 0.0)
    {
        core::Box const box = patch.footprint();
        compute::Photometry planted;
        planted.offset = offset;
        planted.slope_x = slope_x;
        planted.slope_y = slope_y;
        planted.x_ref = 0.5 * static_cast<double>(box.x0 + box.x1);
        planted.y_ref = 0.5 * static_cast<double>(box.y0 + box.y1);
        all.push_back({levels_of(patch, [&](double x, double y) {
            return 500.0 + 30.0 * std::sin(0.01 * x) * std::cos(0.013 * y) - at(planted, x, y) +
                   noise * random.normal();
        })});
        footprints.push_back(box);
        truth.push_back(planted);
    }
    [[nodiscard]] PlaneMatch match(PhotometricMatch method = PhotometricMatch::plane)
    {
        MatchOptions options;
        options.method = method;
        return solve_planes(all, footprints, lattice, options, runner).at(0);
    }
    /// A grid of 4 by 3 patches that overlap their neighbours by a quarter.
    void add_grid(std::function<compute::Photometry(int)> const& planted)
    {
        for (int i = 0; i < 12; ++i) {
            compute::Photometry const p = planted(i);
            add({static_cast<std::uint32_t>(15 * (i % 4)),
                 static_cast<std::uint32_t>(15 * (i / 4))},
                p.offset, p.slope_x, p.slope_y);
        }
    }

    core::SerialRunner runner;
    PseudoRandom random{11};
    double noise = 0.0;
    std::vector<SourceCells> all;
    std::vector<core::Box> footprints;
    std::vector<compute::Photometry> truth;
};

TEST(CommonDifferences, StandAtTheMiddleOfTheCellsThatBothHave)
{
    auto const a = levels_of({0, 0, 3, 3}, flat);
    auto const b = levels_of({2, 1, 4, 4}, [](double x, double y) { return 100.0 + x - 2.0 * y; });

    CommonDifferences const common = common_differences(a, b, lattice);

    EXPECT_EQ(common.cells, 2U);
    ASSERT_EQ(common.chosen.size(), 2U);
    EXPECT_EQ(common.chosen[0].x, 25.0);
    EXPECT_EQ(common.chosen[0].y, 15.0);
    EXPECT_EQ(common.chosen[0].value, 25.0 - 30.0) << "what b shows less what a shows";
    EXPECT_EQ(common.chosen[1].y, 25.0);
}

TEST(CommonDifferences, OfLargeOverlapsAreThinnedAndCountedInFull)
{
    auto const cells = levels_of({0, 0, 100, 100}, flat);

    CommonDifferences const common = common_differences(cells, cells, lattice);

    EXPECT_EQ(common.cells, 10'000U);
    EXPECT_GE(common.chosen.size(), 500U);
    EXPECT_LE(common.chosen.size(), 600U);
    EXPECT_LT(common.chosen.front().y, 50.0) << "spread over the overlap";
    EXPECT_GT(common.chosen.back().y, 950.0);
}

TEST(CommonDifferences, OfSourcesApartAreNone)
{
    CommonDifferences const common =
        common_differences(levels_of({0, 0, 3, 3}, flat), levels_of({3, 0, 3, 3}, flat), lattice);

    EXPECT_EQ(common.cells, 0U);
    EXPECT_TRUE(common.chosen.empty());
}

TEST(ComparePlane, ThreeCommonCellsAreNoPairAndFourAre)
{
    core::SerialRunner runner;
    for (std::uint32_t const rows : {3U, 4U}) {
        std::vector<SourceCells> const all{{levels_of({0, 0, 5, rows}, flat)},
                                           {levels_of({4, 0, 5, rows}, flat)}};

        auto const pairs = compare_plane(all, {{1}, {}}, 0, 0.0, lattice, runner);

        EXPECT_EQ(pairs.size(), rows == 4U ? 1U : 0U) << rows;
    }
}

TEST(ComparePlane, AsksForAShareOfTheSmallerSource)
{
    // 5 x 5 of 10 x 10 cells: a quarter of the smaller source, a 64th of the larger.
    core::SerialRunner runner;
    std::vector<SourceCells> const all{{levels_of({0, 0, 40, 40}, flat)},
                                       {levels_of({35, 35, 10, 10}, flat)}};

    EXPECT_EQ(compare_plane(all, {{1}, {}}, 0, 0.25, lattice, runner).size(), 1U);
    EXPECT_EQ(compare_plane(all, {{1}, {}}, 0, 0.26, lattice, runner).size(), 0U);
}

TEST(ComparePlane, SeesThePlaneOfItsColour)
{
    core::SerialRunner runner;
    Patch const patch{0, 0, 10, 10};
    std::vector<SourceCells> const all{
        {levels_of(patch, flat), levels_of(patch, flat)},
        {levels_of(patch, flat),
         levels_of(patch, [](double x, double) { return 90.0 + 0.2 * x; })}};

    auto const first = compare_plane(all, {{1}, {}}, 0, 0.05, lattice, runner);
    auto const second = compare_plane(all, {{1}, {}}, 1, 0.05, lattice, runner);

    EXPECT_EQ(first.at(0).difference.level, 0.0);
    EXPECT_NEAR(second.at(0).difference.at(50.0, 50.0), 90.0 + 0.2 * 50.0 - 100.0, 1e-4);
    EXPECT_NEAR(second.at(0).difference.slope_x, 0.2, 1e-6);
    EXPECT_EQ(second.at(0).a, 0U);
    EXPECT_EQ(second.at(0).b, 1U);
}

TEST_F(Match, FindsPlantedOffsets)
{
    // Sum 0, as the gauge will have it.
    add_grid([](int i) { return compute::Photometry{.offset = 7.0 * (i - 5.5)}; });

    PlaneMatch const found = match(PhotometricMatch::offset);

    EXPECT_EQ(found.pairs, 4U * 2U + 3U * 3U + 2U * 6U) << "sides and corners";
    EXPECT_TRUE(found.isolated.empty());
    EXPECT_GT(found.rms_before, 5.0);
    EXPECT_LT(found.rms_after, 1e-4);
    for (std::size_t i = 0; i < truth.size(); ++i) {
        EXPECT_NEAR(found.corrections[i].offset, truth[i].offset, 1e-4) << i;  // levels are floats
        EXPECT_EQ(found.corrections[i].slope_x, 0.0);
        EXPECT_EQ(found.corrections[i].slope_y, 0.0);
    }
}

TEST_F(Match, FindsPlantedPlanes)
{
    add_grid([](int i) {
        return compute::Photometry{.offset = 7.0 * (i - 5.5),
                                   .slope_x = 0.01 * (i % 4 - 1.5),
                                   .slope_y = -0.02 * (i / 4 - 1.0)};
    });

    PlaneMatch const found = match();

    for (std::size_t i = 0; i < truth.size(); ++i) {
        SCOPED_TRACE(i);
        EXPECT_NEAR(found.corrections[i].slope_x, truth[i].slope_x, 1e-6);
        EXPECT_NEAR(found.corrections[i].slope_y, truth[i].slope_y, 1e-6);
        EXPECT_NEAR(found.corrections[i].offset, truth[i].offset, 1e-3);
        EXPECT_EQ(found.corrections[i].x_ref, truth[i].x_ref) << "about the middle";
        EXPECT_EQ(found.corrections[i].y_ref, truth[i].y_ref);
    }
}

TEST_F(Match, StarsAndNoiseDoNotMoveIt)
{
    noise = 0.5;
    add_grid([](int i) {
        return compute::Photometry{.offset = 7.0 * (i - 5.5), .slope_x = 0.01 * (i % 4 - 1.5)};
    });
    for (SourceCells& source : all) {
        for (CellLevel& cell : source[0]) {
            cell.level += random.uniform(0.0, 1.0) < 0.05 ? 200.0F : 0.0F;
        }
    }

    PlaneMatch const found = match();

    for (std::size_t i = 0; i < truth.size(); ++i) {
        // A pair of 100 cells of 0.7 noise is good to 0.07 at its middle; the error of a source of
        // the grid is some of these, at the rim of the footprint twice that for the slopes.
        core::Box const& box = footprints[i];
        for (double const x : {static_cast<double>(box.x0), static_cast<double>(box.x1)}) {
            double const y = 0.5 * static_cast<double>(box.y0 + box.y1);
            EXPECT_NEAR(at(found.corrections[i], x, y), at(truth[i], x, y), 0.7) << i;
        }
    }
}

TEST_F(Match, EveryConnectedPartHasItsOwnGauge)
{
    // Two pairs far apart, one source alone. Areas of the first pair are 1 : 2.
    add({0, 0, 20, 20}, 10.0);
    add({15, 0, 40, 20}, 40.0);
    add({100, 0}, -5.0);
    add({110, 0}, 15.0);
    add({100, 100}, 33.0);

    PlaneMatch const found = match(PhotometricMatch::offset);

    EXPECT_NEAR(found.corrections[0].offset, -20.0, 1e-4);
    EXPECT_NEAR(found.corrections[1].offset, 10.0, 1e-4);
    EXPECT_NEAR(found.corrections[2].offset, -10.0, 1e-4);
    EXPECT_NEAR(found.corrections[3].offset, 10.0, 1e-4);
    EXPECT_EQ(found.isolated, (std::vector<std::size_t>{4}));
    EXPECT_EQ(found.corrections[4].offset, 0.0);
    EXPECT_EQ(found.corrections[4].x_ref, 1100.0);
}

TEST_F(Match, ASourceWithoutCellsIsIsolated)
{
    add({0, 0}, 1.0);
    add({10, 0}, 3.0);
    all.push_back({{}});
    footprints.push_back({0, 0, 5, 5});

    PlaneMatch const found = match();

    EXPECT_EQ(found.isolated, (std::vector<std::size_t>{2}));
    EXPECT_EQ(found.corrections[2].offset, 0.0);
    EXPECT_NEAR(found.corrections[1].offset - found.corrections[0].offset, 2.0, 1e-4);
}

TEST_F(Match, ANarrowOverlapGivesAnOffsetAndNoSlopeAcross)
{
    // One column of cells: the slope along x cannot be told from it.
    add({0, 0}, -4.0, 0.03);
    add({19, 0}, 4.0, -0.03);

    PlaneMatch const found = match();

    EXPECT_EQ(found.corrections[0].slope_x, 0.0);
    double const x = 195.0;
    EXPECT_NEAR(at(found.corrections[1], x, 100.0) - at(found.corrections[0], x, 100.0),
                at(truth[1], x, 100.0) - at(truth[0], x, 100.0), 1e-3);
}

TEST_F(Match, ColoursAreSolvedApart)
{
    add({0, 0}, -4.0);
    add({10, 0}, 4.0);
    std::vector<SourceCells> const red = all;
    all.clear();
    add({0, 0}, 1.0);
    add({10, 0}, -1.0);
    footprints.resize(2);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].insert(all[i].begin(), red[i][0]);
    }

    auto const found = solve_planes(all, footprints, lattice, {}, runner);

    ASSERT_EQ(found.size(), 2U);
    EXPECT_NEAR(found[0].corrections[1].offset, 4.0, 1e-4);
    EXPECT_NEAR(found[1].corrections[1].offset, -1.0, 1e-4);
}
}  // namespace
}  // namespace sectile::photometry
