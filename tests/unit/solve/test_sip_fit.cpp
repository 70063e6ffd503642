// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/solve/sip_fit.hpp"

#include "support/fits_card.hpp"
#include "unit/core/pseudo_random.hpp"

namespace sectile::solve
{
namespace
{
using test::card;

/// 1000 x 800 pixels of 3.2 arcsec, mirrored, turned by 60 degrees; 2 px of distortion in the
/// corners.
sky::WcsDescription distorted()
{
    sky::WcsDescription wcs;
    wcs.cards = card("CTYPE1  = 'RA---TAN-SIP'") + card("CTYPE2  = 'DEC--TAN-SIP'") +
                card("CRVAL1  = 299.95") + card("CRVAL2  = 72.7") + card("CRPIX1  = 480.25") +
                card("CRPIX2  = 410.5") + card("CD1_1   = 4.5E-4") + card("CD1_2   = 7.7E-4") +
                card("CD2_1   = -7.7E-4") + card("CD2_2   = 4.5E-4") + card("A_ORDER = 2") +
                card("A_2_0   = 7E-6") + card("A_1_1   = -2E-6") + card("A_0_2   = 1E-6") +
                card("B_ORDER = 2") + card("B_2_0   = -3E-6") + card("B_1_1   = 5E-6") +
                card("B_0_2   = 2E-6") + card("AP_ORDER= 2") + card("AP_2_0  = 9E-1");
    wcs.width = 1000;
    wcs.height = 800;
    return wcs;
}

/// The same but for the distortion, which is none, and a shift, turn and scale of a few pixels.
sky::WcsDescription plain_and_off()
{
    sky::WcsDescription wcs = distorted();
    wcs.cards = card("CTYPE1  = 'RA---TAN'") + card("CTYPE2  = 'DEC--TAN'") +
                card("CRVAL1  = 299.953") + card("CRVAL2  = 72.6985") + card("CRPIX1  = 480.25") +
                card("CRPIX2  = 410.5") + card("CD1_1   = 4.52E-4") + card("CD1_2   = 7.69E-4") +
                card("CD2_1   = -7.71E-4") + card("CD2_2   = 4.49E-4");
    return wcs;
}

std::vector<SkyMatch> matches_of(sky::WcsDescription const& truth, int count, double noise)
{
    PseudoRandom generator(5);
    sky::SkyWcs const wcs(truth);
    std::vector<SkyMatch> matches;
    for (int i = 0; i < count; ++i) {
        sky::PixelPos const pixel{generator.uniform(0, 999), generator.uniform(0, 799)};
        sky::PixelPos const seen{pixel.x + noise * generator.normal(),
                                 pixel.y + noise * generator.normal()};
        matches.push_back({seen, wcs.pixel_to_sky(pixel), 1.0 + (i % 3)});
    }
    return matches;
}

double worst_corner(sky::WcsDescription const& a, sky::WcsDescription const& b)
{
    sky::SkyWcs const first(a);
    sky::SkyWcs const second(b);
    double worst = 0.0;
    for (sky::PixelPos const p : {sky::PixelPos{0, 0}, sky::PixelPos{999, 0}, sky::PixelPos{0, 799},
                                  sky::PixelPos{999, 799}}) {
        sky::PixelPos const back = first.sky_to_pixel(second.pixel_to_sky(p));
        worst = std::max(worst, std::hypot(back.x - p.x, back.y - p.y));
    }
    return worst;
}

TEST(SipFit, FindsADistortionFromAWrongLinearStart)
{
    WcsFit const fit = fit_sip(plain_and_off(), matches_of(distorted(), 60, 0.0));

    EXPECT_TRUE(fit.converged);
    EXPECT_LT(fit.rms_pixels, 2e-3);
    EXPECT_LT(worst_corner(distorted(), fit.wcs), 0.01);
    EXPECT_GT(worst_corner(distorted(), plain_and_off()), 2.0);
}

TEST(SipFit, ReplacesADistortionAndLeavesOutliersAside)
{
    std::vector<SkyMatch> matches = matches_of(distorted(), 80, 0.05);
    matches[7].pixel.x += 6.0;
    matches[30].pixel.y -= 40.0;
    sky::WcsDescription start = distorted();
    std::string cards = start.cards;
    start.cards = cards.replace(cards.find("7E-6"), 4, "1E-6");

    WcsFit const fit = fit_sip(start, matches);

    EXPECT_TRUE(fit.converged);
    // 0.05 px of noise, twelve parameters of eighty stars: three sigma in the worst of the corners.
    EXPECT_LT(worst_corner(distorted(), fit.wcs), 0.15);
    EXPECT_GT(worst_corner(distorted(), start), 1.0);
    EXPECT_EQ(fit.wcs.cards.text().find("AP_"), std::string::npos);
}

TEST(SipFit, RefusesTooLittle)
{
    std::vector<SkyMatch> matches = matches_of(distorted(), 60, 0.0);
    std::vector<SkyMatch> const few(matches.begin(), matches.begin() + 11);
    EXPECT_THROW(static_cast<void>(fit_sip(distorted(), few)), core::InputError);

    sky::SkyWcs const wcs(distorted());
    for (SkyMatch& match : matches) {
        match.pixel.y = 0.5 * match.pixel.x;
        match.sky = wcs.pixel_to_sky(match.pixel);
    }
    EXPECT_THROW(static_cast<void>(fit_sip(distorted(), matches)), core::InputError);
}

TEST(SipCards, AreTakenApartAndPutTogether)
{
    SipCards const parts = split_sip(distorted().cards);

    EXPECT_EQ(parts.origin.x, 479.25);
    EXPECT_EQ(parts.origin.y, 409.5);
    EXPECT_EQ(parts.linear.find("SIP"), std::string::npos);
    EXPECT_EQ(parts.sip.size(), 8U * 80U);
    sky::WcsDescription joined = distorted();
    joined.cards = joined_sip(parts.linear + card("END"), parts.sip);
    EXPECT_LT(worst_corner(distorted(), joined), 1e-8);
    EXPECT_TRUE(split_sip(plain_and_off().cards).sip.empty());
}
}  // namespace
}  // namespace sectile::solve
