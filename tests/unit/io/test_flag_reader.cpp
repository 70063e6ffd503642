// SPDX-License-Identifier: BSD-3-Clause
// Masks of every type of pixel, packed and not.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <fitsio.h>
#include <gtest/gtest.h>

#include "sectile/io/flag_reader.hpp"

#include "support/scratch_folder.hpp"

namespace sectile::io
{
namespace
{
constexpr long width = 37;
constexpr long height = 21;

struct Kind
{
    char const* name;
    int image_type;  ///< of CFITSIO
    int compression;
    double largest;  ///< value that the mask has, beside small ones
};

class Flags : public testing::TestWithParam<Kind>
{};

/// Bits that pixel number `i` has.
double value_of(long i, double largest)
{
    return i % 11 == 0 ? largest : static_cast<double>(i % 7);
}

void write_mask(std::string const& path, Kind const& kind)
{
    fitsfile* file = nullptr;
    int status = 0;
    std::vector<double> values;
    for (long i = 0; i < width * height; ++i) {
        values.push_back(value_of(i, kind.largest));
    }
    std::string const plain = kind.compression != 0 ? path + ".plain" : path;
    fits_create_file(&file, plain.c_str(), &status);
    std::vector<long> axes{width, height};
    fits_create_img(file, kind.image_type, 2, axes.data(), &status);
    fits_write_img(file, TDOUBLE, 1, width * height, values.data(), &status);
    if (kind.compression != 0) {
        fitsfile* packed = nullptr;
        fits_create_file(&packed, path.c_str(), &status);
        fits_set_compression_type(packed, kind.compression, &status);
        fits_set_quantize_level(packed, 0.0F, &status);  // real numbers as they are
        fits_img_compress(file, packed, &status);
        fits_close_file(packed, &status);
    }
    fits_close_file(file, &status);
    ASSERT_EQ(status, 0);
}

TEST_P(Flags, AreReadAsTheyAre)
{
    Kind const& kind = GetParam();
    test::ScratchFolder const scratch(std::string("flags_") + kind.name);
    std::string const path = scratch / "mask.fits";
    write_mask(path, kind);
    sky::FramePartner partner;
    partner.path = path;
    partner.hdu = kind.compression != 0 ? 1 : 0;
    partner.geometry.width = width;
    partner.geometry.height = height;

    FlagReader reader(partner);
    core::Box const window{3, 2, width - 1, height + 5};
    std::int64_t seen = 0;
    reader.read(window, [&](std::int64_t y, std::int64_t x, std::span<std::int64_t const> flags) {
        ASSERT_EQ(std::ssize(flags), width - 1 - 3);
        for (std::size_t i = 0; i < flags.size(); ++i) {
            long const pixel = static_cast<long>(y * width + x + static_cast<std::int64_t>(i));
            double const stored = value_of(pixel, kind.largest);
            std::int64_t const expected =
                std::isnan(stored) ? -1 : static_cast<std::int64_t>(stored);
            ASSERT_EQ(flags[i], expected) << y << " " << x + static_cast<std::int64_t>(i);
            ++seen;
        }
    });

    EXPECT_EQ(seen, (width - 4) * (height - 2));
}

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

INSTANTIATE_TEST_SUITE_P(
    OfEveryType, Flags,
    testing::Values(Kind{"byte", BYTE_IMG, 0, 255}, Kind{"short", SHORT_IMG, 0, -32768},
                    Kind{"ushort", USHORT_IMG, 0, 65535}, Kind{"long", LONG_IMG, 0, 1 << 30},
                    Kind{"ulong", ULONG_IMG, 0, 4294967295.0},
                    Kind{"longlong", LONGLONG_IMG, 0, 9007199254740992.0},
                    Kind{"float", FLOAT_IMG, 0, 1 << 23}, Kind{"double", DOUBLE_IMG, 0, nan},
                    Kind{"byte_rice", BYTE_IMG, RICE_1, 255},
                    Kind{"short_rice", SHORT_IMG, RICE_1, -32768},
                    Kind{"ushort_gzip", USHORT_IMG, GZIP_1, 65535},
                    Kind{"long_rice", LONG_IMG, RICE_1, 1 << 30},
                    Kind{"ulong_gzip", ULONG_IMG, GZIP_2, 4294967295.0},
                    Kind{"long_plio", LONG_IMG, PLIO_1, 4095},
                    Kind{"float_gzip", FLOAT_IMG, GZIP_2, 1 << 23},
                    Kind{"double_gzip", DOUBLE_IMG, GZIP_2, nan}),
    [](auto const& tested) { return std::string(tested.param.name); });
}  // namespace
}  // namespace sectile::io
