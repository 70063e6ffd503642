// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/sky/sky_wcs.hpp"

#include "sky_fixtures.hpp"

namespace sectile::test
{
namespace
{
using sky::SkyWcs;
using sky::WcsDescription;

/// The text of the InputError that construction throws; empty when it does not throw.
std::string refusal_of(WcsDescription const& description)
{
    try {
        SkyWcs const wcs(description);
        return {};
    } catch (core::InputError const& error) {
        return error.what();
    }
}

WcsDescription changed(std::string const& from, std::string const& to)
{
    WcsDescription description = describe({});
    std::string cards = description.cards;
    for (std::size_t at = 0; at < cards.size(); at += 80) {
        if (cards.compare(at, from.size(), from) == 0) {
            cards.replace(at, 80, to.empty() ? std::string(80, ' ') : to);
        }
    }
    description.cards = cards;
    return description;
}

struct Damage
{
    char const* name;
    WcsDescription description;
    char const* reason;  ///< part of the sentence
};

TEST(UnusableWcs, IsRefusedWithItsReason)
{
    WcsDescription empty = describe({});
    empty.cards = {};
    WcsDescription singular = changed("CD1_1", card("CD1_1", 0.0));
    singular.cards += card("CD1_2", 0.0);
    std::vector<Damage> const damages{
        {"nothing", empty, "no primary WCS"},
        {"linear", describe({.lon_type = "LINEAR", .lat_type = "LINEAR"}), "no pair"},
        {"one axis", changed("CTYPE2", ""), "no pair"},
        {"no projection", describe({.lon_type = "RA", .lat_type = "DEC"}), "without a projection"},
        {"table", describe({.lon_type = "RA---TAB", .lat_type = "DEC--TAB"}), "-TAB"},
        {"no such projection", describe({.lon_type = "RA---XYZ", .lat_type = "DEC--XYZ"}),
         "axis type"},
        {"two projections", describe({.lat_type = "DEC--SIN"}), "axis type"},
        {"the Sun", describe({.lon_type = "HPLN-TAN", .lat_type = "HPLT-TAN"}), "HPLN"},
        {"no reference value", changed("CRVAL1", ""), "CRVAL1 is missing"},
        {"a NaN", changed("CRVAL2", card("CRVAL2", "NaN")), "CRVAL2 is not a number"},
        {"a word", changed("CRPIX1", card("CRPIX1", "'left'")), "CRPIX1 is not a number"},
        {"an infinite matrix", changed("CD1_1", card("CD1_1", "1E999")), "CD1_1 is not a number"},
        {"a singular matrix", singular, "singular"},
        {"an axis without scale", changed("CD1_1", ""), "singular"},
        {"too many axes", describe({.more = card("WCSAXES", 1e6)}), "WCSAXES"},
        {"latitude beyond the pole", describe({.lat = 120.0}), "parameter"},
        {"damaged SIP", describe({.more = card("A_ORDER", 99.0)}), "A_ORDER"},
        {"SIP without number", describe({.more = card("A_ORDER", 2.0) + card("A_2_0", "'x'")}),
         "A_2_0"},
        {"missing table", describe({.more = card("CPDIS1", "'LOOKUP'")}), "CPDIS1"},
        {"apparent place", describe({.more = card("RADESYS", "'GAPPT'")}), "apparent"},
    };

    for (Damage const& damage : damages) {
        SCOPED_TRACE(damage.name);
        std::string const refusal = refusal_of(damage.description);
        EXPECT_NE(refusal.find(damage.reason), std::string::npos) << refusal;
        EXPECT_EQ(refusal.find('\n'), std::string::npos);
    }
}

TEST(UnusableWcs, SurvivesAStringWithoutItsEnd)
{
    // WCSLIB 7.12 aborts the program when a string runs to the end of its card.
    std::string open_end = "CTYPE2  = 'DEC--TAN";
    open_end.resize(80, ' ');
    std::string full = "TELESCOP= '" + std::string(69, 'x');

    SkyWcs const wcs(changed("CTYPE2", open_end));
    SkyWcs const another(describe({.more = full}));

    EXPECT_EQ(wcs.projection(), "TAN");
    EXPECT_EQ(another.projection(), "TAN");
}

TEST(UnusableWcs, RefusesTablesOfImpossibleShape)
{
    WcsDescription description = describe({.more = card("CPDIS1", "'LOOKUP'")});
    description.pixel_lookup.push_back({.axis = 0, .columns = 2, .rows = 2, .values = {1.0F}});

    EXPECT_NE(refusal_of(description).find("look-up table"), std::string::npos);
}

TEST(ReasonUnusable, AcceptsOrdinaryImages)
{
    EXPECT_EQ(reason_unusable(make_wcs({}), {}), std::nullopt);
    EXPECT_EQ(reason_unusable(make_wcs({.lat = 89.99}), {}), std::nullopt);
    EXPECT_EQ(reason_unusable(make_wcs({.lon = 0.0, .mirrored = true}), {}), std::nullopt);
}

TEST(ReasonUnusable, KeepsTheScaleLimits)
{
    sky::WcsLimits limits;
    limits.min_scale = core::Angle::from_arcsec(1.5);
    limits.max_scale = core::Angle::from_arcsec(3.0);

    EXPECT_TRUE(reason_unusable(make_wcs({.scale = 1.0 / 3600.0}), limits));
    EXPECT_FALSE(reason_unusable(make_wcs({.scale = 2.0 / 3600.0}), limits));
    EXPECT_TRUE(reason_unusable(make_wcs({.scale = 4.0 / 3600.0}), limits));
}

TEST(ReasonUnusable, FindsDistortionsThatFoldTheImage)
{
    // x + 2e-3 x^2 turns back 250 pixels from the reference pixel, inside the image.
    std::string const fold = card("A_ORDER", 2.0) + card("A_2_0", 2e-3) + card("B_ORDER", 2.0);

    std::optional<std::string> const reason = reason_unusable(make_wcs({.more = fold}), {});

    ASSERT_TRUE(reason.has_value());
    EXPECT_NE(reason->find("the WCS cannot be used ("), std::string::npos) << *reason;
}

TEST(ReasonUnusable, AllowsAnAllSkyImageWithCornersOffTheSky)
{
    sky::WcsLimits wide;
    wide.max_scale = core::Angle::from_degrees(2.0);
    WcsSketch sketch{.lon_type = "RA---AIT", .lat_type = "DEC--AIT", .lat = 0.0, .scale = 1.0};
    sketch.width = 324;
    sketch.height = 162;
    sky::SkyWcs const whole = make_wcs(sketch);
    sketch.width = 1000;
    sketch.height = 800;
    sky::SkyWcs const mostly_outside = make_wcs(sketch);

    EXPECT_TRUE(std::isnan(whole.pixel_to_sky({0, 0}).lon.radians()));
    EXPECT_EQ(reason_unusable(whole, wide), std::nullopt);
    EXPECT_TRUE(reason_unusable(mostly_outside, wide).has_value());
}

TEST(ReasonUnusable, AllowsTheSeamOfAFullTurnTwice)
{
    sky::WcsLimits wide;
    wide.max_scale = core::Angle::from_degrees(2.0);
    WcsSketch sketch{.lon_type = "RA---CAR", .lat_type = "DEC--CAR", .lat = 0.0, .scale = 1.0};
    sketch.width = 361;
    sketch.height = 179;

    EXPECT_EQ(reason_unusable(make_wcs(sketch), wide), std::nullopt);
}

TEST(ReasonUnusable, WantsPixels)
{
    sky::WcsDescription description = describe({});
    description.width = 0;

    EXPECT_TRUE(reason_unusable(sky::SkyWcs(description), {}).has_value());
}
}  // namespace
}  // namespace sectile::test
