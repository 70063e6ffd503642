// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <fstream>
#include <string>
#include <vector>

#include <fitsio.h>
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/star_table.hpp"
#include "sectile/io/wcs_file.hpp"
#include "sectile/sky/sky_wcs.hpp"

#include "io/fits_file.hpp"
#include "support/fits_card.hpp"
#include "support/scratch_folder.hpp"

namespace sectile::io
{
namespace
{
using test::card;

std::vector<double> column(FitsFile const& file, std::string name, long rows)
{
    int status = 0;
    int number = 0;
    fits_get_colnum(file.handle(), CASESEN, name.data(), &number, &status);
    std::vector<double> values(static_cast<std::size_t>(rows));
    fits_read_col(file.handle(), TDOUBLE, number, 1, 1, rows, nullptr, values.data(), nullptr,
                  &status);
    EXPECT_EQ(status, 0) << name;
    return values;
}

TEST(StarTable, IsReadBackWithPixelsFromOne)
{
    test::ScratchFolder const folder("stars");
    std::string const path = folder / "odd [name].xyls";
    std::array const stars{TableStar{0.0, 10.25, 3e5}, TableStar{1079.5, -0.125, 1.5}};

    write_star_table(path, stars);
    write_star_table(path, stars);  // over the first

    FitsFile file(path);
    ASSERT_TRUE(file.move_to(1));
    long rows = 0;
    int status = 0;
    fits_get_num_rows(file.handle(), &rows, &status);
    ASSERT_EQ(rows, 2);
    EXPECT_EQ(column(file, "X", 2), (std::vector{1.0, 1080.5}));
    EXPECT_EQ(column(file, "Y", 2), (std::vector{11.25, 0.875}));
    EXPECT_EQ(column(file, "FLUX", 2), (std::vector{3e5, 1.5}));
}

TEST(StarTable, SaysWhenItCannotBeWritten)
{
    test::ScratchFolder const folder("stars");

    EXPECT_THROW(write_star_table(folder / "absent/stars.xyls", {}), core::IoError);
}

sky::WcsDescription small_wcs()
{
    sky::WcsDescription wcs;
    wcs.cards = card("CTYPE1  = 'RA---TAN'") + card("CTYPE2  = 'DEC--TAN'") +
                card("CRVAL1  = 192.80278035912345") + card("CRVAL2  = 41.5") +
                card("CRPIX1  = 50.25") + card("CRPIX2  = 40.5") + card("CD1_1   = -6.6E-4") +
                card("CD1_2   = 1E-5") + card("CD2_1   = 1E-5") + card("CD2_2   = 6.6E-4");
    wcs.width = 100;
    wcs.height = 80;
    return wcs;
}

TEST(WcsFile, RoundTripChangesNothing)
{
    test::ScratchFolder const folder("wcs");
    write_wcs_file(folder / "a.wcs", small_wcs());

    WcsFile const back = read_wcs_file(folder / "a.wcs", 100, 80);

    ASSERT_EQ(back.reason, "");
    sky::SkyCoord const before = sky::SkyWcs(small_wcs()).pixel_to_sky({7.0, 9.0});
    sky::SkyCoord const after = sky::SkyWcs(back.wcs).pixel_to_sky({7.0, 9.0});
    EXPECT_EQ(before.lon.radians(), after.lon.radians());
    EXPECT_EQ(before.lat.radians(), after.lat.radians());
}

TEST(WcsFile, RefusesAnotherSizeAndOtherFiles)
{
    test::ScratchFolder const folder("wcs");
    write_wcs_file(folder / "a.wcs", small_wcs());
    write_star_table(folder / "b.wcs", {});

    EXPECT_NE(read_wcs_file(folder / "a.wcs", 100, 81).reason.find("100x80"), std::string::npos);
    EXPECT_EQ(read_wcs_file(folder / "a.wcs", 9, 9, StatedSize::ignored).reason, "");
    EXPECT_FALSE(read_wcs_file(folder / "b.wcs", 100, 80).reason.empty());
    EXPECT_FALSE(read_wcs_file(folder / "absent.wcs", 100, 80).reason.empty());
}

TEST(WcsFile, TellsItsOwnSizeOrThatThereIsNone)
{
    test::ScratchFolder const folder("wcs");
    write_wcs_file(folder / "a.wcs", small_wcs());
    std::ofstream(folder / "lines.wcs") << small_wcs().cards.text() << card("END");

    WcsFile const own = read_wcs_file(folder / "a.wcs");

    EXPECT_EQ(own.reason, "");
    EXPECT_EQ(own.wcs.width, 100);
    EXPECT_EQ(own.wcs.height, 80);
    EXPECT_NE(read_wcs_file(folder / "lines.wcs").reason.find("no size"), std::string::npos);
}
}  // namespace
}  // namespace sectile::io
