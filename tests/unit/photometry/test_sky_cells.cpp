// SPDX-License-Identifier: BSD-3-Clause
// Levels of sources on the cells of a canvas, against the same done one sample after the other.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/sky/make_grid_map.hpp"

#include "photometry/sky_cells.hpp"
#include "unit/core/pseudo_random.hpp"
#include "unit/photometry/canvas_sources.hpp"

namespace sectile::photometry
{
namespace
{
using test::MemorySource;

constexpr std::int64_t source_width = 180;
constexpr std::int64_t source_height = 150;

/// A canvas of 400 x 350 pixels with one source on it.
class OnCanvas
{
  public:
    /// Source pixel (0, 0) lies at (x, y) of the canvas, its columns turned by `degrees`.
    OnCanvas(std::shared_ptr<MemorySource const> pixels, double x, double y, double degrees = 0.0)
        : pixels_(std::move(pixels)),
          grid_(test::canvas_wcs(400, 350, x, y)),
          source_wcs_(test::canvas_wcs(source_width, source_height, 0.0, 0.0, degrees))
    {
        job.grid = &grid_;
        job.canvas = grid_.bounds();
        job.planes = pixels_->planes();
        input.pixels = pixels_;
        input.wcs = &source_wcs_;
        input.footprint = sky::footprint_box(grid_, job.canvas, sky::SkyWcs(source_wcs_), 0);
        input.map_spacing = 8;
    }

    /// Upper median of the nearest source pixels at up to 12 x 12 places of each cell that lies in
    /// the footprint; nothing below 80 % of them.
    [[nodiscard]] std::optional<float> level(int plane, std::int64_t column, std::int64_t row,
                                             std::int64_t side) const
    {
        sky::SkyWcs const source(source_wcs_);
        auto const places = std::min<std::int64_t>(12, side);
        std::vector<float> values;
        for (std::int64_t j = 0; j < places; ++j) {
            for (std::int64_t i = 0; i < places; ++i) {
                auto const along = [&](std::int64_t k) {
                    return std::floor((static_cast<double>(k) + 0.5) * static_cast<double>(side) /
                                      static_cast<double>(places));
                };
                sky::PixelPos const at = source.sky_to_pixel(
                    grid_.pixel_to_sky({static_cast<double>(column * side) + along(i),
                                        static_cast<double>(row * side) + along(j)}));
                auto const x = static_cast<std::int64_t>(std::floor(at.x + 0.5));
                auto const y = static_cast<std::int64_t>(std::floor(at.y + 0.5));
                if (pixels_->bounds().contains(x, y) && !std::isnan(pixels_->value(plane, x, y))) {
                    values.push_back(pixels_->value(plane, x, y));
                }
            }
        }
        if (static_cast<double>(values.size()) < 0.8 * static_cast<double>(places * places)) {
            return std::nullopt;
        }
        std::ranges::sort(values);
        return values[values.size() / 2];
    }

    /// All cells that lie in the footprint, by the slow way.
    [[nodiscard]] std::vector<CellLevel> slow_levels(int plane, CellLattice const& lattice) const
    {
        std::vector<CellLevel> cells;
        core::Box const& box = input.footprint;
        for (std::int64_t row = 0; row * lattice.side < job.canvas.y1; ++row) {
            for (std::int64_t column = 0; column * lattice.side < job.canvas.x1; ++column) {
                bool const is_inside =
                    column * lattice.side >= box.x0 && row * lattice.side >= box.y0 &&
                    (column + 1) * lattice.side <= box.x1 && (row + 1) * lattice.side <= box.y1;
                auto const value =
                    is_inside ? level(plane, column, row, lattice.side) : std::optional<float>{};
                if (value) {
                    cells.push_back(
                        {static_cast<std::uint32_t>(row * lattice.columns + column), *value});
                }
            }
        }
        return cells;
    }

    engine::CoaddJob job;
    engine::PlacedSource input;

  private:
    std::shared_ptr<MemorySource const> pixels_;
    sky::SkyWcs grid_;
    sky::WcsDescription source_wcs_;
};

std::shared_ptr<MemorySource const> noise_source(int planes = 1)
{
    PseudoRandom random(5);
    return std::make_shared<MemorySource const>(
        source_width, source_height, planes, [&](int, std::int64_t, std::int64_t) {
            return random.uniform(0.0, 1.0) < 0.01
                       ? std::numeric_limits<float>::quiet_NaN()
                       : static_cast<float>(random.uniform(90.0, 110.0));
        });
}

bool are_equal(std::vector<CellLevel> const& a, std::vector<CellLevel> const& b)
{
    return std::ranges::equal(a, b, [](CellLevel const& one, CellLevel const& other) {
        return one.cell == other.cell && one.level == other.level;
    });
}

std::vector<engine::PlacedSource> inputs_of(std::vector<core::Box> const& footprints)
{
    std::vector<engine::PlacedSource> inputs(footprints.size());
    for (std::size_t i = 0; i < footprints.size(); ++i) {
        inputs[i].footprint = footprints[i];
    }
    return inputs;
}

TEST(CellLattice, HasCellsOfAFortiethOfTheMedianShortSide)
{
    auto const lattice =
        make_lattice(inputs_of({{0, 0, 4000, 4000}, {0, 0, 400, 9000}, {0, 0, 900, 800}, {}}),
                     {0, 0, 10'005, 500});

    EXPECT_EQ(lattice.side, 20);
    EXPECT_EQ(lattice.columns, 501U) << "the last one is cut";
}

TEST(CellLattice, HasSidesFrom4To256)
{
    core::Box const canvas{0, 0, 100'000, 100'000};

    EXPECT_EQ(make_lattice(inputs_of({{0, 0, 50, 50}}), canvas).side, 4);
    EXPECT_EQ(make_lattice(inputs_of({{0, 0, 90'000, 90'000}}), canvas).side, 256);
    EXPECT_EQ(make_lattice(inputs_of({{}}), canvas).side, 4) << "nobody has a footprint";
}

TEST(CellLattice, NumbersTheCellsOfAHugeCanvasIn32Bits)
{
    core::Box const canvas{0, 0, 1'000'000, 1'000'000};

    auto const lattice = make_lattice(inputs_of({{0, 0, 50, 50}}), canvas);

    EXPECT_EQ(lattice.side, 16) << "the smallest power of two times 4 that is enough";
    std::int64_t const rows = canvas.height() / lattice.side + 1;
    EXPECT_LT(rows * lattice.columns, std::int64_t{1} << 32);
}

TEST(SkyCells, AreThoseOfTheSlowWay)
{
    auto const pixels = noise_source(2);
    // Parts of a pixel that are no half, so that the nearest one is never in doubt.
    for (double const x : {70.2, -40.3, 300.2}) {
        OnCanvas const scene(pixels, x, 33.8);
        for (CellLattice const lattice :
             {CellLattice{5, 81}, CellLattice{12, 34}, CellLattice{29, 14}}) {
            SCOPED_TRACE(fmt::format("x {}, side {}", x, lattice.side));

            SourceCells const cells = measure_cells(scene.job, scene.input, lattice, 40);

            ASSERT_EQ(cells.size(), 2U);
            for (int plane = 0; plane < 2; ++plane) {
                auto const expected = scene.slow_levels(plane, lattice);
                EXPECT_GE(expected.size(), 5U);
                EXPECT_TRUE(are_equal(cells[static_cast<std::size_t>(plane)], expected)) << plane;
            }
        }
    }
}

TEST(SkyCells, DoNotDependOnTheRowsReadAtOnce)
{
    OnCanvas const scene(noise_source(), 70.2, 33.8, 25.0);
    CellLattice const lattice{10, 41};
    SourceCells const all = measure_cells(scene.job, scene.input, lattice, 100'000);
    ASSERT_GE(all[0].size(), 100U);

    for (std::int64_t const rows : {1, 10, 37, 64}) {
        SourceCells const parts = measure_cells(scene.job, scene.input, lattice, rows);

        EXPECT_TRUE(are_equal(parts[0], all[0])) << rows;
    }
}

TEST(SkyCells, OfATurnedSourceStandWhereTheirSkyIs)
{
    // A gradient along x of the source has at the middle of a cell the value of that place.
    auto const pixels = std::make_shared<MemorySource const>(
        source_width, source_height, 1,
        [](int, std::int64_t x, std::int64_t) { return static_cast<float>(x); });
    double const angle = 30.0;
    OnCanvas const scene(pixels, 200.0, 100.0, angle);
    CellLattice const lattice{12, 34};
    sky::SkyWcs const grid(*scene.job.grid);
    sky::SkyWcs const source(*scene.input.wcs);

    SourceCells const cells = measure_cells(scene.job, scene.input, lattice, 64);

    ASSERT_GE(cells[0].size(), 50U);
    int tested = 0;
    for (CellLevel const& cell : cells[0]) {
        std::uint32_t const row = cell.cell / lattice.columns;
        double const x = 12.0 * (cell.cell % lattice.columns) + 5.5;
        double const y = 12.0 * row + 5.5;
        sky::PixelPos const at = source.sky_to_pixel(grid.pixel_to_sky({x, y}));
        // Cells at the rim show a part of their samples only.
        if (at.x > 9.0 && at.x < source_width - 10 && at.y > 9.0 && at.y < source_height - 10) {
            EXPECT_NEAR(cell.level, at.x, 1.0) << "nearest pixels, upper median";
            ++tested;
        }
    }
    EXPECT_GE(tested, 50);
}

TEST(SkyCells, NeedFourFifthsOfTheirSamples)
{
    // Columns from x = 100 on are valid in some of ten rows of the cell.
    for (int const valid_rows : {7, 8}) {
        auto const pixels = std::make_shared<MemorySource const>(
            source_width, source_height, 1, [&](int, std::int64_t, std::int64_t y) {
                return y % 10 < valid_rows ? 7.0F : std::numeric_limits<float>::quiet_NaN();
            });
        OnCanvas const scene(pixels, 100.0, 100.0);

        SourceCells const cells = measure_cells(scene.job, scene.input, {10, 41}, 64);

        EXPECT_EQ(cells[0].empty(), valid_rows == 7);
    }
}

TEST(SkyCells, OfASourceWithoutPixelsThereAreNone)
{
    OnCanvas scene(noise_source(), 70.2, 33.8);
    scene.input.footprint = {};

    EXPECT_TRUE(measure_cells(scene.job, scene.input, {10, 41}, 64)[0].empty());
}

TEST(SkyCells, ArePutAtTheIndexOfTheirSource)
{
    std::vector<IndexedCells> own{{3, {{{5, 1.0F}}}}, {0, {{{6, 2.0F}}}}};

    auto const all = gather_cells({}, std::move(own), 4, 1);

    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[3].at(0).at(0).cell, 5U);
    EXPECT_EQ(all[0].at(0).at(0).level, 2.0F);
    EXPECT_TRUE(all[1].at(0).empty()) << "nobody measured it";
}
}  // namespace
}  // namespace sectile::photometry
