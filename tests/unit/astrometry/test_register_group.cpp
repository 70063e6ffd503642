// SPDX-License-Identifier: BSD-3-Clause
// Frames of one group are tied by their stars: simulated star lists with known places and fluxes.
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/astrometry/register_group.hpp"
#include "sectile/machine/tbb_runner.hpp"
#include "sectile/plan/footprint.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace
{
using namespace sectile;
using astrometry::reference_frame;
using astrometry::register_group;
using plan::FrameRecord;

constexpr std::int64_t width = 900;
constexpr std::int64_t height = 700;
constexpr double scale = 2.0 / 3600.0;  // degrees per pixel

std::string card(char const* keyword, double value)
{
    char text[81];
    std::snprintf(text, sizeof text, "%-8s= %20.12f%50s", keyword, value, "");
    return text;
}

std::string text_card(char const* keyword, char const* value)
{
    char text[81];
    std::snprintf(text, sizeof text, "%-8s= '%-8s'%60s", keyword, value, "");
    return std::string(text).substr(0, 80);
}

/// Tangential, turned by `angle` degrees.
sky::WcsDescription wcs_at(double ra, double dec, double angle)
{
    double const c = scale * std::cos(angle * M_PI / 180.0);
    double const s = scale * std::sin(angle * M_PI / 180.0);
    sky::WcsDescription wcs;
    wcs.width = width;
    wcs.height = height;
    wcs.cards = text_card("CTYPE1", "RA---TAN") + text_card("CTYPE2", "DEC--TAN") +
                card("CRPIX1", 0.5 * (width + 1)) + card("CRPIX2", 0.5 * (height + 1)) +
                card("CRVAL1", ra) + card("CRVAL2", dec) + card("CD1_1", -c) + card("CD1_2", s) +
                card("CD2_1", s) + card("CD2_2", c);
    return wcs;
}

struct SkyStar
{
    sky::SkyCoord at;
    double flux = 0.0;
};

class Field
{
  public:
    explicit Field(double ra, double dec, std::uint32_t seed) : random_(seed)
    {
        std::uniform_real_distribution<double> place(-0.4, 0.4);
        std::uniform_real_distribution<double> brightness(2.5, 4.5);
        for (int i = 0; i < 500; ++i) {
            stars_.push_back({{core::Angle::from_degrees(ra + place(random_)),
                               core::Angle::from_degrees(dec + place(random_))},
                              std::pow(10.0, brightness(random_))});
        }
    }

    /// A frame whose stars stand where `truth` says, while its header says `stated`.
    FrameRecord frame(std::uint32_t id, sky::WcsDescription const& truth,
                      sky::WcsDescription const& stated, double gain, double noise = 0.03)
    {
        std::normal_distribution<double> error(0.0, 1.0);
        FrameRecord frame;
        frame.id = core::FrameId{id};
        frame.header.geometry.width = width;
        frame.header.geometry.height = height;
        frame.header.wcs = stated;
        frame.footprint = plan::footprint_of(sky::SkyWcs(stated));
        frame.planes = {{100.0, 5.0}};
        frame.quality.fwhm = 3.0 + 0.01 * id;
        sky::SkyWcs const wcs(truth);
        std::vector<std::pair<double, plan::FrameStar>> seen;
        for (SkyStar const& star : stars_) {
            sky::PixelPos const at = wcs.sky_to_pixel(star.at);
            if (at.x > 5 && at.y > 5 && at.x < width - 6 && at.y < height - 6) {
                double const flux = gain * star.flux + 20.0 * error(random_);
                plan::FrameStar found{static_cast<float>(at.x + noise * error(random_)),
                                      static_cast<float>(at.y + noise * error(random_)),
                                      {static_cast<float>(flux), NAN, NAN}};
                seen.emplace_back(flux, found);
            }
        }
        std::ranges::stable_sort(seen, std::greater{}, [](auto const& s) { return s.first; });
        for (std::size_t i = 0; i < std::min<std::size_t>(seen.size(), 200); ++i) {
            frame.stars.push_back(seen[i].second);
        }
        return frame;
    }

    [[nodiscard]] std::vector<SkyStar> const& stars() const { return stars_; }

  private:
    std::mt19937 random_;
    std::vector<SkyStar> stars_;
};

/// Rms distance, pixels of frame a, between where a and b put the same sky, after the truth: how
/// well the two agree wherever both are wrong together.
double disagreement(FrameRecord const& a, sky::WcsDescription const& truth_a, FrameRecord const& b,
                    sky::WcsDescription const& truth_b)
{
    sky::SkyWcs const wcs_a(a.header.wcs);
    sky::SkyWcs const wcs_b(b.header.wcs);
    sky::SkyWcs const true_a(truth_a);
    sky::SkyWcs const true_b(truth_b);
    double sum = 0.0;
    int count = 0;
    for (double x = 100; x < width; x += 100) {
        for (double y = 100; y < height; y += 100) {
            sky::PixelPos const in_b = true_b.sky_to_pixel(true_a.pixel_to_sky({x, y}));
            sky::PixelPos const back = wcs_a.sky_to_pixel(wcs_b.pixel_to_sky(in_b));
            sum += (back.x - x) * (back.x - x) + (back.y - y) * (back.y - y);
            ++count;
        }
    }
    return std::sqrt(sum / count);
}

void register_all(std::vector<FrameRecord>& frames)
{
    machine::TbbRunner runner(2);
    register_group(frames, runner);
}

TEST(RegisterGroup, TiesShiftedAndTurnedFramesAndFindsTheirScales)
{
    Field field(150.0, 2.0, 1);
    std::vector<sky::WcsDescription> truth;
    std::vector<FrameRecord> frames;
    for (std::uint32_t i = 0; i < 8; ++i) {
        double const ra = 150.0 + 0.01 * i;
        double const dec = 2.0 - 0.007 * i;
        double const angle = 12.0 * i;
        truth.push_back(wcs_at(ra, dec, angle));
        // Headers that are off by up to 14 pixels and 0.2 degrees.
        auto const stated = wcs_at(ra + 4e-3 * std::sin(i), dec - 4e-3 * std::cos(2.0 * i),
                                   angle + 0.2 * std::sin(3.0 * i));
        frames.push_back(field.frame(i, truth.back(), stated, 0.8 + 0.05 * i));
    }

    register_all(frames);

    std::size_t const reference = reference_frame(frames);
    EXPECT_EQ(reference, 0U);
    EXPECT_EQ(frames[0].planes[0].scale, 1.0);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        SCOPED_TRACE(i);
        EXPECT_TRUE(frames[i].verdict.accepted());
        EXPECT_GE(frames[i].registration.matches, 50);
        EXPECT_LT(frames[i].registration.rms, 0.06);
        EXPECT_LT(disagreement(frames[0], truth[0], frames[i], truth[i]), 0.02);
        EXPECT_NEAR(frames[i].planes[0].scale * (0.8 + 0.05 * static_cast<double>(i)) / 0.8, 1.0,
                    0.005);
    }
}

TEST(RegisterGroup, QuarantinesAnUnrelatedFieldAndNothingElse)
{
    Field field(150.0, 2.0, 2);
    Field other(150.0, 2.0, 3);
    std::vector<FrameRecord> frames;
    for (std::uint32_t i = 0; i < 6; ++i) {
        auto const wcs = wcs_at(150.0 + 0.01 * i, 2.0, 0.0);
        frames.push_back((i == 3 ? other : field).frame(i, wcs, wcs, 1.0));
    }

    register_all(frames);

    for (std::size_t i = 0; i < frames.size(); ++i) {
        EXPECT_EQ(frames[i].verdict.accepted(), i != 3) << i << frames[i].verdict.reason;
    }
    EXPECT_NE(frames[3].verdict.reason.find("another field"), std::string::npos);
}

TEST(RegisterGroup, FarWrongHeaderIsMendedByThePattern)
{
    Field field(150.0, 2.0, 4);
    auto const first = wcs_at(150.0, 2.0, 0.0);
    auto const second = wcs_at(150.02, 2.01, 30.0);
    // 80 pixels and 4 degrees off.
    auto const stated = wcs_at(150.06, 2.03, 34.0);
    std::vector<FrameRecord> frames{field.frame(0, first, first, 1.0),
                                    field.frame(1, second, stated, 1.0)};

    register_all(frames);

    EXPECT_TRUE(frames[1].verdict.accepted()) << frames[1].verdict.reason;
    EXPECT_GT(frames[1].registration.shift, 50.0);
    EXPECT_LT(disagreement(frames[0], first, frames[1], second), 0.05);
}

TEST(RegisterGroup, FewStarsMoveAFrameAndDoNotTurnIt)
{
    // Plate solutions that are right but for a shift. Six stars in the middle with errors of 0.1
    // pixels place a frame to 0.05; turn and scale fitted to them would be off by 1e-3.
    std::vector<sky::WcsDescription> truth;
    std::vector<FrameRecord> frames;
    Field field(150.0, 2.0, 6);
    for (std::uint32_t i = 0; i < 5; ++i) {
        truth.push_back(wcs_at(150.0, 2.0, 0.0));
        auto const stated = wcs_at(150.0 + 3e-4 * std::sin(2.0 * i), 2.0, 0.0);  // 0.5 pixels
        frames.push_back(field.frame(i, truth.back(), stated, 1.0, 0.1));
        std::erase_if(frames.back().stars, [](plan::FrameStar const& star) {
            return std::hypot(star.x - 450.0F, star.y - 350.0F) > 100.0F;
        });
        frames.back().stars.resize(6);
    }

    register_all(frames);

    for (std::size_t i = 1; i < frames.size(); ++i) {
        EXPECT_GE(frames[i].registration.matches, 4) << i;
        EXPECT_LT(disagreement(frames[0], truth[0], frames[i], truth[i]), 0.15) << i;
    }
}

TEST(RegisterGroup, TooFewStarsLeaveTheWcsAlone)
{
    Field field(150.0, 2.0, 5);
    auto const wcs = wcs_at(150.0, 2.0, 0.0);
    std::vector<FrameRecord> frames{field.frame(0, wcs, wcs, 1.0), field.frame(1, wcs, wcs, 1.0)};
    frames[1].stars.resize(3);

    register_all(frames);

    EXPECT_TRUE(frames[1].verdict.accepted());
    EXPECT_EQ(frames[1].header.wcs.cards, wcs.cards);
    EXPECT_EQ(frames[1].registration.matches, 0);
    EXPECT_TRUE(std::isnan(frames[1].planes[0].scale));
}
}  // namespace
