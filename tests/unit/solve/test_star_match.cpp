// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/solve/star_match.hpp"

#include "star_fields.hpp"

namespace sectile::test
{
namespace
{
using solve::PlaneAffine;
using solve::StarMatch;

/// Accepted, nearly all common stars found, hardly a wrong one, and the map as right as the noise
/// of the positions lets it be: the rms error of an affine fit in a corner is sigma sqrt(7 / n) per
/// axis, sigma being sqrt(2) times the noise of a list; the bound is three times that.
void expect_found(FieldPair const& pair, StarMatch const& match, double noise)
{
    ASSERT_TRUE(match.accepted) << match.reason;
    EXPECT_TRUE(match.reason.empty());
    auto const common = static_cast<double>(pair.common.size());
    auto const found = static_cast<double>(match.pairs.size());
    EXPECT_GE(static_cast<double>(right_pairs(pair, match)), 0.97 * common - 1.0);
    EXPECT_GE(static_cast<double>(right_pairs(pair, match)), 0.97 * found - 1.0);
    EXPECT_LT(worst_error(pair, match.transform), 1e-9 + 16.0 * noise / std::sqrt(common));
    EXPECT_LE(match.rms, 0.5);
    EXPECT_TRUE(std::is_sorted(match.pairs.begin(), match.pairs.end()));
    std::set<std::uint32_t> references;
    std::set<std::uint32_t> movings;
    for (auto const& [m, r] : match.pairs) {
        EXPECT_TRUE(movings.insert(m).second && references.insert(r).second);
    }
}

TEST(PlaneAffine, InvertsAndComposes)
{
    PlaneAffine const a{0.9, 0.2, 5.0, -0.1, 1.1, -7.0};
    PlaneAffine const b{0.0, -1.2, 100.0, 1.0, 0.3, 20.0};
    sky::PixelPos const p{123.0, -45.0};

    sky::PixelPos const back = a.inverse().apply(a.apply(p));
    sky::PixelPos const once = a.compose(b).apply(p);
    sky::PixelPos const twice = a.apply(b.apply(p));

    EXPECT_NEAR(back.x, p.x, 1e-12);
    EXPECT_NEAR(back.y, p.y, 1e-12);
    EXPECT_NEAR(once.x, twice.x, 1e-12);
    EXPECT_NEAR(once.y, twice.y, 1e-12);
    EXPECT_NEAR(similarity(33.0, 0.7, 1.0, 2.0, true).scale(), 0.7, 1e-14);
    EXPECT_NEAR(similarity(33.0, 0.7, 1.0, 2.0).anisotropy(), 1.0, 1e-14);
    EXPECT_NEAR((PlaneAffine{2.0, 0.0, 0.0, 0.0, 0.5, 0.0}).anisotropy(), 4.0, 1e-14);
    EXPECT_THROW((void)(PlaneAffine{1.0, 2.0, 0.0, 2.0, 4.0, 0.0}).inverse(), core::InputError);
}

TEST(MatchNear, FindsShiftAndRotation)
{
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        for (std::size_t const stars : {20U, 100U, 500U}) {
            SCOPED_TRACE(std::to_string(stars) + " stars, seed " + std::to_string(seed));
            FieldSketch const sketch{.stars = stars, .seed = seed};
            double const turn = 0.1 * static_cast<double>(seed) - 0.5;
            FieldPair const pair =
                simulated_pair(sketch, about_centre(sketch, turn, 1.0, 11.0, -9.0));

            expect_found(pair, solve::match_near(pair.reference, pair.moving, {}), sketch.noise);
        }
    }
}

TEST(MatchNear, WorksOnTopOfAnyGuess)
{
    FieldSketch const sketch{.stars = 150};
    PlaneAffine const guess = about_centre(sketch, 70.0, 1.1, 400.0, -200.0);
    PlaneAffine const truth = about_centre(sketch, 70.3, 1.1, 409.0, -208.0);
    FieldPair const pair = simulated_pair(sketch, truth);

    expect_found(pair, solve::match_near(pair.reference, pair.moving, guess), sketch.noise);
}

TEST(MatchNear, BearsArtefactsAndSmallOverlap)
{
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        SCOPED_TRACE(seed);
        FieldSketch const sketch{.stars = 200, .spurious = 0.3, .seed = seed};
        PlaneAffine const guess{1.0, 0.0, 0.7 * sketch.width, 0.0, 1.0, 0.0};
        PlaneAffine truth = about_centre(sketch, 0.2, 1.0, 0.7 * sketch.width + 6.0, 8.0);
        FieldPair const pair = simulated_pair(sketch, truth);

        expect_found(pair, solve::match_near(pair.reference, pair.moving, guess), sketch.noise);
    }
}

TEST(MatchNear, FiveAndFiveThousandStars)
{
    for (std::size_t const stars : {5U, 6U, 8U, 5000U}) {
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            SCOPED_TRACE(std::to_string(stars) + " stars, seed " + std::to_string(seed));
            FieldSketch const sketch{.stars = stars, .noise = stars < 10 ? 0.1 : 0.2, .seed = seed};
            FieldPair const pair =
                simulated_pair(sketch, about_centre(sketch, 0.2, 1.0, 3.0, -4.0));

            expect_found(pair, solve::match_near(pair.reference, pair.moving, {}), sketch.noise);
        }
    }
}

TEST(MatchNear, RefusesUnrelatedFields)
{
    int accepted = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        std::size_t const stars = 50 + (seed * 37) % 451;
        FieldPair const one = simulated_pair({.stars = stars, .seed = seed}, {});
        FieldPair const other = simulated_pair({.stars = stars, .seed = 1000 + seed}, {});
        StarMatch const match = solve::match_near(one.reference, other.moving, {});
        accepted += match.accepted ? 1 : 0;
        EXPECT_EQ(match.reason.empty(), match.accepted);
    }
    EXPECT_EQ(accepted, 0);
}

TEST(MatchNear, RefusesAnErrorBeyondItsSearch)
{
    FieldSketch const sketch{.stars = 200};
    FieldPair const pair = simulated_pair(sketch, about_centre(sketch, 0.0, 1.0, 60.0, 0.0));

    StarMatch const match = solve::match_near(pair.reference, pair.moving, {});

    EXPECT_FALSE(match.accepted);
    EXPECT_FALSE(match.reason.empty());
}

TEST(MatchNear, RefusesStarsThatScatterTooMuch)
{
    FieldSketch const sketch{.stars = 200, .noise = 0.6};
    FieldPair const pair = simulated_pair(sketch, about_centre(sketch, 0.1, 1.0, 3.0, 2.0));

    StarMatch const match = solve::match_near(pair.reference, pair.moving, {});

    EXPECT_FALSE(match.accepted);
    EXPECT_NE(match.reason.find("rms"), std::string::npos) << match.reason;
}

TEST(MatchNear, FitsAnAffineMapToManyStars)
{
    FieldSketch const sketch{.stars = 400, .noise = 0.0};
    PlaneAffine truth = about_centre(sketch, 0.1, 1.0, 3.0, 2.0);
    truth.xx *= 1.0008;
    truth.xy += 3e-4;
    FieldPair const pair = simulated_pair(sketch, truth);

    StarMatch const match = solve::match_near(pair.reference, pair.moving, {});

    ASSERT_TRUE(match.accepted) << match.reason;
    EXPECT_LT(worst_error(pair, match.transform), 1e-9);
}

TEST(MatchNear, PassesOverWhatIsNotFinite)
{
    double const nan = std::numeric_limits<double>::quiet_NaN();
    FieldSketch const sketch{.stars = 60};
    FieldPair pair = simulated_pair(sketch, about_centre(sketch, 0.1, 1.0, 3.0, 2.0));
    pair.moving.push_back({nan, 3.0, 1e9});
    pair.moving.push_back({3.0, 3.0, nan});
    pair.reference.push_back({3.0, std::numeric_limits<double>::infinity(), 1.0});

    expect_found(pair, solve::match_near(pair.reference, pair.moving, {}), sketch.noise);
    EXPECT_FALSE(solve::match_near({}, pair.moving, {}).accepted);
    EXPECT_FALSE(solve::match_near(pair.reference, {}, {}).accepted);
}

/// Stars of equal flux may come in any order: the map is the same to the last bit.
TEST(MatchNear, DoesNotDependOnTheOrderOfEqualFluxes)
{
    FieldSketch const sketch{.stars = 120, .spurious = 0.2};
    FieldPair pair = simulated_pair(sketch, about_centre(sketch, 0.2, 1.0, 7.0, 2.0));
    for (auto* list : {&pair.reference, &pair.moving}) {
        for (solve::StarPosition& star : *list) {
            star.flux = 65535.0;
        }
    }
    StarMatch const match = solve::match_near(pair.reference, pair.moving, {});
    StarMatch const pattern = solve::match_pattern(pair.reference, pair.moving, {});
    std::reverse(pair.reference.begin(), pair.reference.end());
    std::rotate(pair.moving.begin(), pair.moving.begin() + 31, pair.moving.end());

    StarMatch const again = solve::match_near(pair.reference, pair.moving, {});
    StarMatch const pattern_again = solve::match_pattern(pair.reference, pair.moving, {});

    ASSERT_TRUE(match.accepted) << match.reason;
    ASSERT_TRUE(pattern.accepted) << pattern.reason;
    for (auto const& [a, b] : {std::pair{match, again}, std::pair{pattern, pattern_again}}) {
        EXPECT_EQ(a.transform.xx, b.transform.xx);
        EXPECT_EQ(a.transform.xy, b.transform.xy);
        EXPECT_EQ(a.transform.x0, b.transform.x0);
        EXPECT_EQ(a.transform.y0, b.transform.y0);
        EXPECT_EQ(a.rms, b.rms);
        EXPECT_EQ(a.pairs.size(), b.pairs.size());
    }
}

TEST(MatchNear, IsFastForFiveHundredStars)
{
    FieldSketch const sketch{.stars = 500};
    FieldPair const pair = simulated_pair(sketch, about_centre(sketch, 0.2, 1.0, 7.0, 2.0));
    auto const milliseconds = [](auto const& work) {
        double best = std::numeric_limits<double>::infinity();
        for (int i = 0; i < 5; ++i) {
            auto const start = std::chrono::steady_clock::now();
            work();
            std::chrono::duration<double, std::milli> const took =
                std::chrono::steady_clock::now() - start;
            best = std::min(best, took.count());
        }
        return best;
    };

    double const near =
        milliseconds([&] { (void)solve::match_near(pair.reference, pair.moving, {}); });
    double const pattern =
        milliseconds([&] { (void)solve::match_pattern(pair.reference, pair.moving, {}); });

    RecordProperty("near_ms", std::to_string(near));
    RecordProperty("pattern_ms", std::to_string(pattern));
    std::printf("500 x 500 stars: near %.1f ms, pattern %.1f ms\n", near, pattern);
    // The goal is 30 ms; the rest is for loaded machines and builds with sanitizers.
    EXPECT_LT(near, 600.0);
    EXPECT_LT(pattern, 600.0);
}

TEST(MatchPattern, FindsAnyRotation)
{
    for (double const turn : {0.0, 70.0, 180.0, -91.0, 359.0}) {
        for (std::size_t const stars : {12U, 60U, 500U}) {
            for (std::uint64_t seed = 1; seed <= 5; ++seed) {
                SCOPED_TRACE(std::to_string(stars) + " stars turned by " + std::to_string(turn));
                FieldSketch const sketch{.stars = stars, .height = 2900.0, .seed = seed};
                FieldPair const pair =
                    simulated_pair(sketch, about_centre(sketch, turn, 1.0, 300.0, -150.0));

                expect_found(pair, solve::match_pattern(pair.reference, pair.moving), sketch.noise);
            }
        }
    }
}

TEST(MatchPattern, FindsAnotherScaleWithinItsLimitsOnly)
{
    FieldSketch const sketch{.stars = 200};
    for (double const scale : {0.976, 0.82, 1.22}) {
        SCOPED_TRACE(scale);
        FieldPair const pair =
            simulated_pair(sketch, about_centre(sketch, 70.0, scale, 100.0, -50.0));
        expect_found(pair, solve::match_pattern(pair.reference, pair.moving), sketch.noise);
    }
    FieldPair const far = simulated_pair(sketch, about_centre(sketch, 70.0, 1.4, 100.0, -50.0));

    EXPECT_FALSE(solve::match_pattern(far.reference, far.moving).accepted);
    EXPECT_TRUE(solve::match_pattern(far.reference, far.moving, {.max_scale = 1.5}).accepted);
}

TEST(MatchPattern, TakesAMirroredFieldOnlyWhenAllowed)
{
    FieldSketch const sketch{.stars = 200};
    FieldPair const pair =
        simulated_pair(sketch, about_centre(sketch, 40.0, 1.0, 100.0, -50.0, true));

    EXPECT_FALSE(solve::match_pattern(pair.reference, pair.moving).accepted);
    expect_found(pair, solve::match_pattern(pair.reference, pair.moving, {.allow_mirror = true}),
                 sketch.noise);
}

TEST(MatchPattern, BearsArtefactsAndSmallOverlap)
{
    for (std::size_t const stars : {100U, 500U}) {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            SCOPED_TRACE(std::to_string(stars) + " stars, seed " + std::to_string(seed));
            FieldSketch const sketch{.stars = stars, .spurious = 0.3, .seed = seed};
            PlaneAffine const truth = about_centre(sketch, 180.0 + 3.0 * static_cast<double>(seed),
                                                   1.0, 0.68 * sketch.width, 40.0);
            FieldPair const pair = simulated_pair(sketch, truth);

            expect_found(pair, solve::match_pattern(pair.reference, pair.moving), sketch.noise);
        }
    }
}

TEST(MatchPattern, FiveAndFiveThousandStars)
{
    for (std::size_t const stars : {5U, 6U, 8U, 5000U}) {
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            SCOPED_TRACE(std::to_string(stars) + " stars, seed " + std::to_string(seed));
            FieldSketch const sketch{.stars = stars, .noise = stars < 10 ? 0.1 : 0.2, .seed = seed};
            FieldPair const pair =
                simulated_pair(sketch, about_centre(sketch, 180.0, 0.99, 1.0, 1.0));

            expect_found(pair, solve::match_pattern(pair.reference, pair.moving), sketch.noise);
        }
    }
}

/// A frame against a catalogue of the whole group, and against one that goes far deeper.
TEST(MatchPattern, ListsOfUnequalDepthAndArea)
{
    FieldSketch const wide{.stars = 2000, .width = 6000.0, .height = 4000.0};
    FieldPair pair = simulated_pair(wide, similarity(30.0, 1.0, 2500.0, 500.0));
    std::vector<solve::StarPosition> corner;
    std::map<std::uint32_t, std::uint32_t> common;
    for (std::uint32_t m = 0; m < pair.moving.size() && corner.size() < 150; ++m) {
        if (pair.moving[m].x < 2200.0 && pair.moving[m].y < 2000.0) {
            if (pair.common.contains(m)) {
                common[static_cast<std::uint32_t>(corner.size())] = pair.common.at(m);
            }
            corner.push_back(pair.moving[m]);
        }
    }
    pair.moving = corner;
    pair.common = common;

    expect_found(pair, solve::match_pattern(pair.reference, pair.moving), wide.noise);
}

TEST(MatchPattern, RefusesUnrelatedFields)
{
    int accepted = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        std::size_t const stars = 50 + (seed * 37) % 451;
        FieldPair const one = simulated_pair({.stars = stars, .seed = seed}, {});
        FieldPair const other = simulated_pair({.stars = stars, .seed = 1000 + seed}, {});
        StarMatch const match =
            solve::match_pattern(one.reference, other.moving, {.allow_mirror = true});
        accepted += match.accepted ? 1 : 0;
        EXPECT_EQ(match.reason.empty(), match.accepted);
    }
    EXPECT_EQ(accepted, 0);
}

/// A handful of stars fit together by chance far more easily.
TEST(MatchPattern, RefusesUnrelatedFieldsOfAFewStars)
{
    int accepted = 0;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        std::size_t const stars = 4 + seed % 20;
        FieldSketch const small{.stars = stars, .width = 300.0, .height = 200.0, .seed = seed};
        FieldSketch unlike = small;
        unlike.seed = 5000 + seed;
        FieldPair const one = simulated_pair(small, {});
        FieldPair const other = simulated_pair(unlike, {});
        accepted += solve::match_pattern(one.reference, other.moving).accepted ? 1 : 0;
        accepted += solve::match_near(one.reference, other.moving, {}).accepted ? 1 : 0;
    }
    EXPECT_EQ(accepted, 0);
}
}  // namespace
}  // namespace sectile::test
