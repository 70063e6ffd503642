// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/sky/sky_wcs.hpp"

#include "sky_fixtures.hpp"

namespace sectile::test
{
namespace
{
/// Everything in the zoo either is a WCS that finds its way back or is refused with a sentence.
TEST(WcsZoo, EveryHeaderWorksOrIsRefusedWithASentence)
{
    std::filesystem::path const zoo = test_data() / "wcs_zoo";
    if (!std::filesystem::exists(zoo)) {
        GTEST_SKIP() << "no test data at " << zoo;
    }
    int usable = 0;
    int refused = 0;
    for (auto const& entry : std::filesystem::directory_iterator(zoo)) {
        if (entry.path().extension() == ".gz") {
            continue;
        }
        std::size_t const count = read_header_blocks(entry.path()).size();
        EXPECT_GT(count, 0U) << entry.path();
        for (std::size_t hdu = 0; hdu < count; ++hdu) {
            SCOPED_TRACE(entry.path().filename().string() + " HDU " + std::to_string(hdu));
            try {
                sky::SkyWcs const wcs(describe_file(entry.path(), hdu));
                ++usable;
                EXPECT_LT(worst_round_trip(wcs, random_pixels(wcs.bounds(), 100)), 1e-6);
                EXPECT_TRUE(std::isfinite(wcs.pixel_scale().arcsec()));
            } catch (core::InputError const& error) {
                ++refused;
                EXPECT_FALSE(std::string(error.what()).empty());
            }
        }
    }
    // Counted by hand: fewer means that something usable is refused, or the other way round.
    EXPECT_EQ(usable, 24);
    EXPECT_GT(refused, 0);
}
}  // namespace
}  // namespace sectile::test
