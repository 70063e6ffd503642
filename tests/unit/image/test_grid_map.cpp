// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "sectile/image/grid_map.hpp"

namespace sectile::test
{
namespace
{
using core::Box;
using image::GridMap;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Position
{
    double x = 0.0;
    double y = 0.0;
};

using Mapping = std::function<Position(double, double)>;

std::int64_t floor_div(std::int64_t value, std::int64_t divisor)
{
    return static_cast<std::int64_t>(
        std::floor(static_cast<double>(value) / static_cast<double>(divisor)));
}

/// A map without exact cells whose nodes follow `mapping`.
GridMap make_map(Box const& domain, int spacing, Mapping const& mapping)
{
    GridMap map;
    map.domain = domain;
    map.spacing = spacing;
    map.node_x0 = floor_div(domain.x0, spacing);
    map.node_y0 = floor_div(domain.y0, spacing);
    map.nodes_x = static_cast<int>(floor_div(domain.x1 - 1, spacing) - map.node_x0 + 2);
    map.nodes_y = static_cast<int>(floor_div(domain.y1 - 1, spacing) - map.node_y0 + 2);
    for (int j = 0; j < map.nodes_y; ++j) {
        for (int i = 0; i < map.nodes_x; ++i) {
            Position const p = mapping(static_cast<double>((map.node_x0 + i) * spacing),
                                       static_cast<double>((map.node_y0 + j) * spacing));
            map.x.push_back(p.x);
            map.y.push_back(p.y);
        }
    }
    return map;
}

/// Makes the cell with these lattice indices exact, with positions of `mapping`.
void make_exact(GridMap& map, std::int64_t cell_x, std::int64_t cell_y, Mapping const& mapping)
{
    auto const cells_x = static_cast<std::size_t>(map.nodes_x - 1);
    if (map.exact_cell.empty()) {
        map.exact_cell.assign(cells_x * static_cast<std::size_t>(map.nodes_y - 1), -1);
    }
    auto const area = static_cast<std::size_t>(map.spacing * map.spacing);
    map.exact_cell[static_cast<std::size_t>(cell_y - map.node_y0) * cells_x +
                   static_cast<std::size_t>(cell_x - map.node_x0)] =
        static_cast<std::int32_t>(map.exact_x.size() / area);
    for (int y = 0; y < map.spacing; ++y) {
        for (int x = 0; x < map.spacing; ++x) {
            Position const p = mapping(static_cast<double>(cell_x * map.spacing + x),
                                       static_cast<double>(cell_y * map.spacing + y));
            map.exact_x.push_back(p.x);
            map.exact_y.push_back(p.y);
        }
    }
}

Position at(GridMap const& map, std::int64_t x, std::int64_t y)
{
    Position p;
    map.evaluate_row(y, x, x + 1, &p.x, &p.y);
    return p;
}

Position affine(double x, double y)
{
    return {2.0 * x - 0.25 * y + 3.0, 0.5 * x + 1.5 * y - 7.0};
}

Position bent(double x, double y)
{
    return {x + 1e-3 * x * x + 1e-4 * x * y, y - 2e-3 * y * y + std::sin(0.1 * x)};
}

TEST(GridMap, ReproducesAnAffineMapEverywhere)
{
    Box const domain{-37, -21, 50, 45};
    GridMap const map = make_map(domain, 8, affine);

    for (std::int64_t y = domain.y0; y < domain.y1; ++y) {
        for (std::int64_t x = domain.x0; x < domain.x1; ++x) {
            Position const found = at(map, x, y);
            Position const expected = affine(static_cast<double>(x), static_cast<double>(y));
            // Rounding of a few additions of numbers up to 150.
            ASSERT_NEAR(found.x, expected.x, 1e-12) << x << ',' << y;
            ASSERT_NEAR(found.y, expected.y, 1e-12) << x << ',' << y;
        }
    }
}

TEST(GridMap, InterpolatesBilinearlyBetweenNodes)
{
    GridMap const map = make_map({0, 0, 16, 16}, 16, [](double x, double y) {
        return Position{x * y, x + 2.0 * y};
    });

    Position const found = at(map, 4, 12);

    EXPECT_DOUBLE_EQ(found.x, 48.0) << "x y is bilinear";
    EXPECT_DOUBLE_EQ(found.y, 28.0);
}

TEST(GridMap, TakesNodesExactlyAtSpacingOne)
{
    GridMap const map = make_map({-3, -3, 5, 5}, 1, bent);

    for (std::int64_t x = -3; x < 5; ++x) {
        EXPECT_EQ(at(map, x, -2).x, bent(static_cast<double>(x), -2.0).x);
        EXPECT_EQ(at(map, x, -2).y, bent(static_cast<double>(x), -2.0).y);
    }
}

TEST(GridMap, GivesTheSameBytesForAnyPieceOfARow)
{
    Box const domain{-70, -40, 90, 60};
    GridMap map = make_map(domain, 16, bent);
    make_exact(map, -1, 0, bent);
    make_exact(map, 2, -2, bent);
    std::vector<double> whole_x(160);
    std::vector<double> whole_y(160);
    std::vector<double> x(160);
    std::vector<double> y(160);

    for (std::int64_t const row : {-40, -32, -17, -1, 0, 5, 59}) {
        map.evaluate_row(row, domain.x0, domain.x1, whole_x.data(), whole_y.data());
        for (std::int64_t const cut : {-69, -17, -16, -3, 0, 1, 47, 89}) {
            map.evaluate_row(row, domain.x0, cut, x.data(), y.data());
            auto const done = static_cast<std::size_t>(cut - domain.x0);
            map.evaluate_row(row, cut, domain.x1, x.data() + done, y.data() + done);
            EXPECT_EQ(x, whole_x) << row << ' ' << cut;
            EXPECT_EQ(y, whole_y) << row << ' ' << cut;
        }
    }
}

TEST(GridMap, DoesNotDependOnTheBandItWasMadeFor)
{
    Box const canvas{-64, -50, 100, 90};
    GridMap const whole = make_map(canvas, 32, bent);

    for (Box const& band : {Box{-64, -50, 100, -49}, Box{-40, -33, 99, -31}, Box{0, 31, 33, 90}}) {
        GridMap const part = make_map(band, 32, bent);
        for (std::int64_t y = band.y0; y < band.y1; ++y) {
            for (std::int64_t x = band.x0; x < band.x1; ++x) {
                ASSERT_EQ(at(part, x, y).x, at(whole, x, y).x) << x << ',' << y;
                ASSERT_EQ(at(part, x, y).y, at(whole, x, y).y) << x << ',' << y;
            }
        }
    }
}

TEST(GridMap, UsesTheExactPositionsOfExactCellsAlone)
{
    Box const domain{-16, -16, 16, 16};
    GridMap map = make_map(domain, 8, affine);
    auto const wave = [](double x, double y) {
        return Position{1000.0 + std::sin(x), -std::cos(y)};
    };
    make_exact(map, -1, -2, wave);
    make_exact(map, 1, 1, wave);

    for (std::int64_t y = domain.y0; y < domain.y1; ++y) {
        for (std::int64_t x = domain.x0; x < domain.x1; ++x) {
            bool const exact =
                Box{-8, -16, 0, -8}.contains(x, y) || Box{8, 8, 16, 16}.contains(x, y);
            Position const expected = (exact ? Mapping(wave) : Mapping(affine))(
                static_cast<double>(x), static_cast<double>(y));
            ASSERT_NEAR(at(map, x, y).x, expected.x, 1e-12) << x << ',' << y;
            ASSERT_NEAR(at(map, x, y).y, expected.y, 1e-12) << x << ',' << y;
        }
    }
}

TEST(GridMap, KeepsMissingPositionsMissing)
{
    GridMap const map = make_map({0, 0, 16, 8}, 8, [](double x, double y) {
        return x > 8.0 ? Position{nan, nan} : affine(x, y);
    });

    EXPECT_TRUE(std::isfinite(at(map, 7, 3).x));
    EXPECT_TRUE(std::isnan(at(map, 9, 3).x));
    EXPECT_TRUE(std::isnan(at(map, 9, 3).y));
}

TEST(GridMap, BoundsHoldEveryPositionOfThePart)
{
    Box const domain{-64, -64, 64, 64};
    GridMap map = make_map(domain, 16, bent);
    make_exact(map, 0, 0, [](double x, double y) { return Position{bent(x, y).x - 40.0, y}; });

    for (Box const& part : {Box{-64, -64, 64, 64}, Box{-5, -5, 5, 5}, Box{-64, 63, 64, 64},
                            Box{3, 4, 4, 5}, Box{-200, -200, -60, 200}}) {
        Box const bounds = map.source_bounds(part);
        Box const inside = part.clipped_to(domain);
        for (std::int64_t y = inside.y0; y < inside.y1; ++y) {
            for (std::int64_t x = inside.x0; x < inside.x1; ++x) {
                Position const p = at(map, x, y);
                auto const px = static_cast<std::int64_t>(std::floor(p.x));
                auto const py = static_cast<std::int64_t>(std::floor(p.y));
                ASSERT_TRUE(bounds.contains({px, py, px + 2, py + 2})) << x << ',' << y;
            }
        }
    }
}

TEST(GridMap, BoundsAreThoseOfThePartNotOfItsCells)
{
    GridMap const map = make_map({0, 0, 64, 64}, 8, [](double x, double y) {
        return Position{x, y};
    });

    // Pixels 10...19 lie in the cells of pixels 8...23, which a thin strip must not pay for.
    EXPECT_EQ(map.source_bounds({10, 10, 20, 20}), (Box{10, 10, 21, 21}));
}

TEST(GridMap, BoundsAreEmptyWhereNothingMaps)
{
    GridMap const nowhere = make_map({0, 0, 16, 16}, 8, [](double, double) {
        return Position{nan, nan};
    });
    GridMap const somewhere = make_map({0, 0, 16, 16}, 8, affine);

    EXPECT_TRUE(nowhere.source_bounds({0, 0, 16, 16}).empty());
    EXPECT_TRUE(somewhere.source_bounds({16, 0, 30, 16}).empty()) << "outside the domain";
}

TEST(GridMap, CountsItsBytes)
{
    GridMap map = make_map({0, 0, 8, 8}, 8, affine);
    EXPECT_EQ(map.bytes(), 8 * sizeof(double));

    make_exact(map, 0, 0, affine);

    EXPECT_EQ(map.bytes(), (8 + 128) * sizeof(double) + sizeof(std::int32_t));
}
}  // namespace
}  // namespace sectile::test
