// SPDX-License-Identifier: BSD-3-Clause
// Who is compared with whom in the photometric match.
#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "photometry/partner_graph.hpp"
#include "unit/core/pseudo_random.hpp"

namespace sectile::photometry
{
namespace
{
using Partners = std::vector<std::size_t>;

Partners taken_from(std::size_t owner, Partners const& offers)
{
    PartnerSet set(owner);
    for (std::size_t const partner : offers) {
        set.offer(partner);
    }
    return set.take();
}

/// One plane of colour whose cells are these; levels do not matter.
SourceCells cells_at(std::vector<std::uint32_t> const& cells)
{
    SourceCells source(1);
    for (std::uint32_t const cell : cells) {
        source[0].push_back({cell, 0.0F});
    }
    return source;
}

TEST(PartnerSet, KeepsAFewPartnersAsTheyAre)
{
    EXPECT_EQ(taken_from(7, {12, 9, 12, 30, 9}), (Partners{9, 12, 30}));
    EXPECT_TRUE(taken_from(7, {}).empty());
}

TEST(PartnerSet, OfManyTakesTheSameOnesInAnyOrder)
{
    Partners offers(500);
    std::iota(offers.begin(), offers.end(), std::size_t{100});
    Partners const once = taken_from(7, offers);
    Partners shuffled = offers;
    PseudoRandom random(1);
    for (std::size_t i = shuffled.size() - 1; i > 0; --i) {
        std::swap(shuffled[i],
                  shuffled[static_cast<std::size_t>(random.integer(0, static_cast<int>(i)))]);
    }
    Partners twice = shuffled;
    twice.insert(twice.end(), offers.begin(), offers.end());

    EXPECT_EQ(once.size(), PartnerSet::most);
    EXPECT_TRUE(std::ranges::is_sorted(once));
    EXPECT_EQ(taken_from(7, shuffled), once);
    EXPECT_EQ(taken_from(7, twice), once);
    EXPECT_NE(taken_from(8, offers), once) << "every source has a choice of its own";
}

TEST(PartnerSet, TakesFromEveryPartOfTheOffers)
{
    // 32 of 6400, a quarter of which is expected in each quarter: 8 +- 2.4.
    Partners offers(6400);
    std::iota(offers.begin(), offers.end(), std::size_t{0});

    Partners const taken = taken_from(9999, offers);

    for (std::size_t quarter = 0; quarter < 4; ++quarter) {
        auto const count = std::ranges::count_if(
            taken, [&](std::size_t partner) { return partner / 1600 == quarter; });
        EXPECT_GE(count, 1) << quarter;
        EXPECT_LE(count, 16) << quarter;
    }
}

TEST(CandidatePartners, AreThoseThatShareACell)
{
    CellLattice const lattice{10, 100};
    std::vector<SourceCells> const all{cells_at({5, 105, 205}), cells_at({6, 7}),
                                       cells_at({205, 206, 305}), cells_at({7, 305}), cells_at({})};

    auto const partners = candidate_partners(all, lattice);

    EXPECT_EQ(partners, (std::vector<Partners>{{2}, {3}, {3}, {}, {}}));
}

TEST(CandidatePartners, OfManyInOneCellAreNearOnesAndEverFartherOnes)
{
    CellLattice const lattice{10, 100};
    std::vector<SourceCells> const all(200, cells_at({42}));

    auto const partners = candidate_partners(all, lattice);

    EXPECT_EQ(partners[0], (Partners{1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 128}));
    EXPECT_EQ(partners[190], (Partners{191, 192, 193, 194, 195, 196, 197, 198}));
    EXPECT_TRUE(partners[199].empty());
}

TEST(CandidatePartners, AreAsAPlainSearchFindsThem)
{
    // Rectangles of cells, nine or fewer over a cell, so that all that share one are partners.
    CellLattice const lattice{10, 60};
    PseudoRandom random(3);
    std::vector<SourceCells> all;
    for (int i = 0; i < 25; ++i) {
        auto const x0 = static_cast<std::uint32_t>(random.integer(0, 48));
        auto const y0 = static_cast<std::uint32_t>(random.integer(0, 48));
        std::vector<std::uint32_t> cells;
        for (std::uint32_t y = y0; y < y0 + 10; ++y) {
            for (std::uint32_t x = x0; x < x0 + 10; ++x) {
                cells.push_back(y * lattice.columns + x);
            }
        }
        all.push_back(cells_at(cells));
    }

    auto const partners = candidate_partners(all, lattice);

    std::size_t pairs = 0;
    for (std::size_t a = 0; a < all.size(); ++a) {
        Partners expected;
        for (std::size_t b = a + 1; b < all.size(); ++b) {
            bool const share = std::ranges::any_of(all[a][0], [&](CellLevel const& own) {
                return std::ranges::any_of(
                    all[b][0], [&](CellLevel const& other) { return other.cell == own.cell; });
            });
            if (share) {
                expected.push_back(b);
            }
        }
        pairs += expected.size();
        EXPECT_EQ(partners[a], expected) << a;
    }
    EXPECT_GT(pairs, 20U) << "the layout tests nothing";
}
}  // namespace
}  // namespace sectile::photometry
