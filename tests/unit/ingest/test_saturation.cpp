// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/ingest/frame_measure.hpp"
#include "sectile/ingest/saturation.hpp"
#include "sectile/io/frame_reader.hpp"

#include "unit/io/fits_bytes.hpp"
#include "unit/measure/star_field.hpp"

namespace sectile::ingest
{
namespace
{
using measure::test::Field;

/// Two blocks side by side, with stars of ordinary brightness.
Field two_blocks()
{
    Field field;
    field.width = 2100;
    field.height = 160;
    field.profile.fwhm = 4.0;
    for (int i = 0; i < 20; ++i) {
        field.stars.push_back({60.0 + 100.0 * i, 40.0 + 5.0 * (i % 3), 40'000.0 + 4000.0 * i});
    }
    return field;
}

void add_star(Field& field, double x, double y, double peak)
{
    field.stars.push_back({x, y, peak / field.profile.peak()});
}

/// Measures the field as a file of 16-bit numbers from `zero` - 32768 on, cut off at `highest`.
FrameMeasurement measured(Field const& field, int zero, double highest)
{
    image::Image<float> const drawn = measure::test::draw(field);
    std::vector<std::int16_t> stored;
    for (std::int64_t y = 0; y < field.height; ++y) {
        for (std::int64_t x = 0; x < field.width; ++x) {
            double const value =
                std::min<double>(std::round(drawn.view().at(0, x, y)), highest) - zero;
            stored.push_back(static_cast<std::int16_t>(value));
        }
    }
    test::ScratchFolder const folder("saturation");
    std::string const path =
        test::FitsBytes()
            .image(16, {field.width, field.height}, {"BZERO   = " + std::to_string(zero)})
            .data(stored)
            .write(folder / "frame.fits");
    return measure_frame(io::scan_file(path, false).frames.at(0), {}, {true, false});
}

/// Flux of the star at a place; NaN for one that is saturated. The test fails where there is none.
float flux_at(FrameMeasurement const& measured, double x, double y)
{
    auto const found = std::ranges::find_if(measured.stars, [&](plan::FrameStar const& star) {
        return std::hypot(star.x - x, star.y - y) < 1.0;
    });
    EXPECT_NE(found, measured.stars.end()) << x << " " << y;
    return found == measured.stars.end() ? -1.0F : found->flux.front()[0];
}

TEST(Saturation, IntegersEndWhereBitpixAndBzeroSay)
{
    Field field = two_blocks();
    add_star(field, 500.0, 110.0, 31'400.0);  // 32400 with the sky

    FrameMeasurement const without_sign = measured(field, 32768, 65535.0);
    FrameMeasurement const with_sign = measured(field, 0, 32767.0);

    EXPECT_GT(flux_at(without_sign, 500.0, 110.0), 0.0F);
    EXPECT_TRUE(std::isnan(flux_at(with_sign, 500.0, 110.0)));
    EXPECT_GT(flux_at(with_sign, 60.0, 40.0), 0.0F);
}

TEST(Saturation, IsTheSameInAllBlocksOfAFrame)
{
    // A converter of 14 bits: where it ends is seen at the star in the left block alone.
    Field field = two_blocks();
    add_star(field, 500.0, 110.0, 60'000.0);
    add_star(field, 1600.0, 110.0, 15'500.0);  // one pixel is cut off

    FrameMeasurement const found = measured(field, 32768, 16383.0);

    EXPECT_TRUE(std::isnan(flux_at(found, 500.0, 110.0)));
    EXPECT_TRUE(std::isnan(flux_at(found, 1600.0, 110.0)));
    EXPECT_GT(flux_at(found, 60.0, 40.0), 0.0F);
    EXPECT_GT(flux_at(found, 1960.0, 45.0), 0.0F);
}

sky::FrameHeader header_of(int bits, double scale = 1.0, double zero = 0.0)
{
    sky::FrameHeader header;
    header.geometry.bits_per_pixel = bits;
    header.geometry.value_scale = scale;
    header.geometry.value_zero = zero;
    return header;
}

TEST(Saturation, IsTheEndOfTheStoredIntegers)
{
    EXPECT_EQ(SaturationLevel(header_of(8)).value(), 253.0);
    EXPECT_EQ(SaturationLevel(header_of(8, 1.0, -128.0)).value(), 125.0);
    EXPECT_EQ(SaturationLevel(header_of(16)).value(), 32767.0 - 512.0);
    EXPECT_EQ(SaturationLevel(header_of(16, 1.0, 32768.0)).value(), 65535.0 - 512.0);
    EXPECT_EQ(SaturationLevel(header_of(16, 0.5, 100.0)).value(), 100.0 + 0.5 * (32767.0 - 512.0));
    EXPECT_EQ(SaturationLevel(header_of(16, -2.0)).value(), 2.0 * (32768.0 - 512.0));
    EXPECT_TRUE(std::isnan(SaturationLevel(header_of(-32)).value()));
}

TEST(Saturation, IsWhatTheHeaderStates)
{
    sky::FrameHeader header = header_of(16, 1.0, 32768.0);
    header.facts.saturation = 4095.0;

    EXPECT_FALSE(SaturationLevel(header).needs_pixels());
    EXPECT_EQ(SaturationLevel(header).value(), 4095.0);
    EXPECT_TRUE(SaturationLevel(header_of(16)).needs_pixels());
}

TEST(Saturation, IsLowerWhereManyPixelsShareTheHighestValue)
{
    for (int const bits : {16, 32, -32}) {
        SaturationLevel level(header_of(bits));
        image::Image<float> part(core::Box{0, 0, 5, 3}, 1);
        std::fill_n(part.view().row(0, 1), 5, 4000.0F);
        part.view().row(0, 2)[0] = NAN;
        double const without = level.value();

        level.add(std::as_const(part).view());
        double const after_five = level.value();
        level.add(std::as_const(part).view());

        EXPECT_TRUE(after_five == without || (std::isnan(after_five) && std::isnan(without)));
        EXPECT_EQ(level.value(), 4000.0) << bits;
    }
}
}  // namespace
}  // namespace sectile::ingest
