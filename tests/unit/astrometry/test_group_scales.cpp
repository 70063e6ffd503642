// SPDX-License-Identifier: BSD-3-Clause
// Scales of frames whose stars, profiles and headers are made.
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "astrometry/group_scales.hpp"

namespace sectile::astrometry
{
namespace
{
using plan::FrameRecord;
using plan::FrameStar;

/// Moffat (1969): share of the light within a radius.
double light_within(double radius, double fwhm, double beta)
{
    double const scale = 0.5 * fwhm / std::sqrt(std::exp2(1.0 / beta) - 1.0);
    return 1.0 - std::pow(1.0 + radius * radius / (scale * scale), 1.0 - beta);
}

struct Frame
{
    double gain = 1.0;
    double fwhm = 2.5;
    double exposure = 10.0;
    std::vector<double> colours{1.0};  ///< gains of planes beside that
};

/// Frames of one sky, with pairs for all of their stars.
class Group
{
  public:
    Group(std::vector<Frame> const& given, std::size_t stars, std::uint64_t seed, double beta = 3.0,
          double noise = 10.0)
    {
        std::mt19937_64 random(seed);
        std::normal_distribution<double> normal(0.0, 1.0);
        std::uniform_real_distribution<double> uniform(1e-3, 1.0);
        std::vector<double> fluxes;
        for (std::size_t k = 0; k < stars; ++k) {
            fluxes.push_back(3000.0 * std::pow(uniform(random), -0.8));
        }
        for (Frame const& made : given) {
            FrameRecord frame;
            frame.header.facts.exposure = made.exposure;
            frame.header.facts.unit = "adu";
            frame.header.geometry.planes = static_cast<int>(made.colours.size());
            frame.quality.fwhm = made.fwhm;
            for (std::size_t c = 0; c < made.colours.size(); ++c) {
                frame.planes.push_back({100.0, noise});
            }
            int first = 0;
            while (first < 2 && plan::aperture_radius(first) < 1.3 * made.fwhm) {
                ++first;
            }
            StarPairs own;
            for (std::size_t k = 0; k < stars; ++k) {
                FrameStar star;
                star.first = first;
                for (int circle = 0; circle < FrameStar::circles; ++circle) {
                    double const radius = plan::aperture_radius(first + circle);
                    double const sigma = noise * std::sqrt(3.14159 * radius * radius);
                    for (std::size_t c = 0; c < made.colours.size(); ++c) {
                        star.flux[static_cast<std::size_t>(circle)][c] =
                            static_cast<float>(made.gain * made.colours[c] * fluxes[k] *
                                                   light_within(radius, made.fwhm, beta) +
                                               sigma * normal(random));
                    }
                }
                frame.stars.push_back(star);
                own.emplace_back(static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(k));
            }
            frames.push_back(frame);
            pairs.push_back(own);
            truth.push_back(given.front().gain / made.gain);
        }
    }
    void solve() { set_scales(frames, 0, pairs); }
    [[nodiscard]] double error(std::size_t frame, std::size_t plane = 0) const
    {
        return frames[frame].planes[plane].scale / truth[frame] - 1.0;
    }

    std::vector<FrameRecord> frames;
    std::vector<StarPairs> pairs;
    std::vector<double> truth;
};

TEST(GroupScales, AreTrueHoweverSharpTheFrames)
{
    for (double const beta : {2.5, 3.0, 4.5, 20.0}) {
        double sum = 0.0;
        int count = 0;
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            Group group({{1.0, 2.0}, {0.8, 5.0}, {1.1, 3.5}, {0.95, 2.2}, {1.2, 4.0}}, 80, seed,
                        beta);

            group.solve();

            EXPECT_EQ(group.frames[0].planes[0].scale, 1.0);
            EXPECT_EQ(group.frames[0].planes[0].scale_error, 0.0);
            for (std::size_t i = 1; i < 5; ++i) {
                EXPECT_LT(std::abs(group.error(i)),
                          std::max(0.005, 4.0 * group.frames[i].planes[0].scale_error))
                    << beta << " " << seed << " " << i;
                sum += group.error(i) * group.error(i);
                ++count;
            }
        }
        // Of the widest wings a part lies beyond all circles.
        EXPECT_LT(std::sqrt(sum / count), beta < 3.0 ? 0.006 : 0.005) << beta;
    }
}

/// As many common stars as there are, with what the headers say.
TEST(GroupScales, ExposuresStandInForStarsThatAreMissing)
{
    for (std::size_t const stars : {0U, 3U, 7U, 30U}) {
        double sum = 0.0;
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            // 209 s among 107 s, through some haze.
            Group group({{1.0, 2.5, 107.0}, {0.97 * 209.0 / 107.0, 2.6, 209.0}}, stars, seed);

            group.solve();

            ASSERT_TRUE(std::isfinite(group.frames[1].planes[0].scale)) << stars;
            EXPECT_LT(std::abs(group.error(1)),
                      std::max(0.01, 4.0 * group.frames[1].planes[0].scale_error));
            sum += group.error(1) * group.error(1);
        }
        EXPECT_LT(std::sqrt(sum / 20.0), stars == 0 ? 0.05 : stars < 10 ? 0.02 : 0.01) << stars;
    }
}

TEST(GroupScales, ColoursThatAgreeShareOneAndOthersKeepTheirOwn)
{
    Group alike({{1.0, 3.0, 10.0, {1.0, 1.0, 1.0}}, {0.8, 3.0, 10.0, {1.0, 1.0, 1.0}}}, 60, 5);
    alike.solve();
    EXPECT_EQ(alike.frames[1].planes[0].scale, alike.frames[1].planes[2].scale);
    EXPECT_LT(std::abs(alike.error(1)), 0.005);

    Group haze({{1.0, 3.0, 10.0, {1.0, 1.0, 1.0}}, {0.8, 3.0, 10.0, {1.1, 1.0, 0.9}}}, 60, 5);
    haze.solve();
    EXPECT_NEAR(haze.error(1, 0), 1.0 / 1.1 - 1.0, 0.01);
    EXPECT_NEAR(haze.error(1, 1), 0.0, 0.01);
    EXPECT_NEAR(haze.error(1, 2), 1.0 / 0.9 - 1.0, 0.01);
}

TEST(GroupScales, WhatIsOneIsLeftAlone)
{
    Group group({{1.0, 2.5}, {1.0, 2.5}, {1.0, 2.6}}, 60, 8);
    group.solve();
    for (std::size_t i = 1; i < 3; ++i) {
        EXPECT_NEAR(group.frames[i].planes[0].scale, 1.0, 0.005);
    }

    // Calibrated light, half a percent off.
    Group calibrated({{1.0, 2.5}, {1.005, 2.5}}, 60, 8);
    for (FrameRecord& frame : calibrated.frames) {
        frame.header.facts.unit = "MJy/sr";
    }
    calibrated.solve();
    EXPECT_EQ(calibrated.frames[1].planes[0].scale, 1.0);
}

TEST(GroupScales, NothingKnownStaysUnknown)
{
    Group group({{1.0, 2.5}, {0.9, 2.5}}, 0, 1);
    for (FrameRecord& frame : group.frames) {
        frame.header.facts.exposure.reset();
    }
    group.solve();

    EXPECT_EQ(group.frames[0].planes[0].scale, 1.0);
    EXPECT_TRUE(std::isnan(group.frames[1].planes[0].scale));
    EXPECT_TRUE(std::isnan(group.frames[1].planes[0].scale_error));
}
}  // namespace
}  // namespace sectile::astrometry
