// SPDX-License-Identifier: BSD-3-Clause
#include <bit>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/plan/frame_record.hpp"

#include "unit/plan/fields.hpp"

namespace
{
using namespace sectile;
using plan::FrameRecord;

std::uint64_t bits_of(double value)
{
    return std::bit_cast<std::uint64_t>(value);
}

FrameRecord full_record()
{
    FrameRecord record = test::frame_of(7, {.ra = 359.99999, .dec = -89.9, .position_angle = 33.0});
    record.header.path = "/night 1/M 31 \xc3\xa9.fits";
    record.header.hdu = 3;
    record.header.geometry = {4000, 3000, 3, 1, true, image::BayerPattern::gbrg, -32};
    record.header.facts.object = "caf\xe9";  // Latin-1, as old headers have it: not valid UTF-8
    record.header.facts.telescope = "T";
    record.header.facts.date_obs = "2025-01-01T00:00:00";
    record.header.facts.mjd = 60676.123456789012;
    record.header.facts.exposure = 0.1;
    record.header.facts.gain = -0.0;
    record.header.facts.airmass = std::numeric_limits<double>::quiet_NaN();
    record.header.facts.ra_hint = std::numeric_limits<double>::infinity();
    record.header.facts.dec_hint = std::numeric_limits<double>::denorm_min();
    record.header.facts.mount_mode = "EQ";
    record.header.facts.unit = "ADU";
    record.header.facts.mjd_end = 60676.25;
    record.header.facts.combined = 17;
    record.header.wcs.cards = std::string(160, 'C');
    record.header.wcs.pixel_lookup = {
        {1, 3, 2, 1.5, 2.5, 3.5, 4.5, 0.5, 0.25, {1.F, -2.F, 0.1F, 3e-39F, 4.F, NAN}}};
    record.header.wcs.detector_lookup = {{0, 1, 1, 1, 1, 1, 1, 1, 1, {0.3F}},
                                         {1, 0, 0, 1, 1, 1, 1, 1, 1, {}}};
    record.header.wcs.width = 4000;
    record.header.wcs.height = 3000;
    record.header.wcs_origin = "sidecar";
    record.verdict = {plan::VerdictCode::another_field, "a reason"};
    record.planes = {{100.1, 3.3}, {std::nextafter(1.0, 2.0), -0.0}, {-1e300, 1e-300}};
    record.planes[1].percentile_25 = 1.0 / 7.0;
    record.planes[2].percentile_90 = -1e-310;
    record.masked_fraction = 1.0 / 3.0;
    record.quality = {2.5, 0.1, std::numeric_limits<double>::quiet_NaN(), 1e-9, 1234567};
    record.planes[0].scale = 1.1;
    record.planes[1].noise_covariance = {0.1, -0.05, 0.3, 1.0 / 3.0, 0.0, 1.0, -1e-9, 0.5};
    record.registration = {123, 0.1, -0.0};
    record.stars = {{1.5F, -2.25F, {1e30F, NAN, 0.1F}}, {}};
    record.header.geometry.value_scale = 0.1;
    record.header.geometry.value_zero = 32768.0;
    record.header.geometry.stored_width = 8001;
    record.header.geometry.stored_height = 6001;
    record.header.weight = {"/night 1/M 31.weight.fits", 2, {8001, 6001, 1, 1, false}, 0.1};
    record.header.mask = {"/night 1/M 31.fits", 5, {8001, 6001, 1, 1}, 1.0};
    record.header.mask.geometry.bits_per_pixel = 16;
    record.header.coverage = {"/night 1/M 31.coverage.fits", 0, {8001, 6001, 3, 3}, 1.0};
    record.header.alpha = {"/night 1/M 31.alpha.fits", 1, {8001, 6001, 1, 1}, 1.0};
    return record;
}

void expect_same(sky::ExposureFacts const& a, sky::ExposureFacts const& b)
{
    EXPECT_EQ(a.object, b.object);
    EXPECT_EQ(a.filter, b.filter);
    EXPECT_EQ(a.instrument, b.instrument);
    EXPECT_EQ(a.telescope, b.telescope);
    EXPECT_EQ(a.date_obs, b.date_obs);
    EXPECT_EQ(a.mount_mode, b.mount_mode);
    EXPECT_EQ(a.unit, b.unit);
    EXPECT_EQ(a.combined, b.combined);
    auto const fields = {&sky::ExposureFacts::mjd,
                         &sky::ExposureFacts::mjd_end,
                         &sky::ExposureFacts::exposure,
                         &sky::ExposureFacts::gain,
                         &sky::ExposureFacts::saturation,
                         &sky::ExposureFacts::sensor_temperature,
                         &sky::ExposureFacts::airmass,
                         &sky::ExposureFacts::ra_hint,
                         &sky::ExposureFacts::dec_hint};
    for (auto const field : fields) {
        ASSERT_EQ((a.*field).has_value(), (b.*field).has_value());
        if (a.*field) {
            EXPECT_EQ(bits_of(*(a.*field)), bits_of(*(b.*field)));
        }
    }
}

void expect_same(std::vector<sky::LookupTable> const& a, std::vector<sky::LookupTable> const& b)
{
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t t = 0; t < a.size(); ++t) {
        EXPECT_EQ(std::tie(a[t].axis, a[t].columns, a[t].rows, a[t].crpix_x, a[t].crpix_y,
                           a[t].crval_x, a[t].crval_y, a[t].cdelt_x, a[t].cdelt_y),
                  std::tie(b[t].axis, b[t].columns, b[t].rows, b[t].crpix_x, b[t].crpix_y,
                           b[t].crval_x, b[t].crval_y, b[t].cdelt_x, b[t].cdelt_y));
        ASSERT_EQ(a[t].values.size(), b[t].values.size());
        for (std::size_t i = 0; i < a[t].values.size(); ++i) {
            EXPECT_EQ(std::bit_cast<std::uint32_t>(a[t].values[i]),
                      std::bit_cast<std::uint32_t>(b[t].values[i]));
        }
    }
}

void expect_same(plan::FrameFootprint const& a, plan::FrameFootprint const& b)
{
    EXPECT_EQ(bits_of(a.center.lon.radians()), bits_of(b.center.lon.radians()));
    EXPECT_EQ(bits_of(a.center.lat.radians()), bits_of(b.center.lat.radians()));
    EXPECT_EQ(a.radius, b.radius);
    EXPECT_EQ(a.pixel_scale, b.pixel_scale);
    EXPECT_EQ(a.position_angle, b.position_angle);
    ASSERT_EQ(a.edge.size(), b.edge.size());
    for (std::size_t i = 0; i < a.edge.size(); ++i) {
        EXPECT_EQ(bits_of(a.edge[i].lon.radians()), bits_of(b.edge[i].lon.radians()));
        EXPECT_EQ(bits_of(a.edge[i].lat.radians()), bits_of(b.edge[i].lat.radians()));
    }
}

void expect_same(sky::FrameGeometry const& g, sky::FrameGeometry const& h)
{
    EXPECT_EQ(
        std::tie(g.width, g.height, g.planes, g.stored_planes, g.planes_last, g.bayer,
                 g.bits_per_pixel, g.value_scale, g.value_zero, g.stored_width, g.stored_height),
        std::tie(h.width, h.height, h.planes, h.stored_planes, h.planes_last, h.bayer,
                 h.bits_per_pixel, h.value_scale, h.value_zero, h.stored_width, h.stored_height));
}

void expect_same(sky::FramePartner const& a, sky::FramePartner const& b)
{
    EXPECT_EQ(a.path, b.path);
    EXPECT_EQ(a.hdu, b.hdu);
    EXPECT_EQ(bits_of(a.scale), bits_of(b.scale));
    expect_same(a.geometry, b.geometry);
}

void expect_same(FrameRecord const& a, FrameRecord const& b)
{
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.header.path, b.header.path);
    EXPECT_EQ(a.header.hdu, b.header.hdu);
    expect_same(a.header.geometry, b.header.geometry);
    expect_same(a.header.weight, b.header.weight);
    expect_same(a.header.mask, b.header.mask);
    expect_same(a.header.coverage, b.header.coverage);
    expect_same(a.header.alpha, b.header.alpha);
    expect_same(a.header.facts, b.header.facts);
    EXPECT_EQ(a.header.wcs.cards, b.header.wcs.cards);
    EXPECT_EQ(a.header.wcs.width, b.header.wcs.width);
    EXPECT_EQ(a.header.wcs.height, b.header.wcs.height);
    expect_same(a.header.wcs.pixel_lookup, b.header.wcs.pixel_lookup);
    expect_same(a.header.wcs.detector_lookup, b.header.wcs.detector_lookup);
    EXPECT_EQ(a.header.wcs_origin, b.header.wcs_origin);
    EXPECT_EQ(a.verdict.code, b.verdict.code);
    EXPECT_EQ(a.verdict.reason, b.verdict.reason);
    ASSERT_EQ(a.planes.size(), b.planes.size());
    for (std::size_t i = 0; i < a.planes.size(); ++i) {
        EXPECT_EQ(bits_of(a.planes[i].background), bits_of(b.planes[i].background));
        EXPECT_EQ(bits_of(a.planes[i].noise_sigma), bits_of(b.planes[i].noise_sigma));
        EXPECT_EQ(a.planes[i].noise_covariance, b.planes[i].noise_covariance);
        EXPECT_EQ(bits_of(a.planes[i].percentile_25), bits_of(b.planes[i].percentile_25));
        EXPECT_EQ(bits_of(a.planes[i].scale), bits_of(b.planes[i].scale));
        EXPECT_EQ(bits_of(a.planes[i].percentile_90), bits_of(b.planes[i].percentile_90));
    }
    EXPECT_EQ(a.registration.matches, b.registration.matches);
    EXPECT_EQ(bits_of(a.registration.rms), bits_of(b.registration.rms));
    EXPECT_EQ(bits_of(a.registration.shift), bits_of(b.registration.shift));
    EXPECT_EQ(bits_of(a.quality.fwhm), bits_of(b.quality.fwhm));
    EXPECT_EQ(bits_of(a.quality.ellipticity), bits_of(b.quality.ellipticity));
    EXPECT_EQ(bits_of(a.quality.gradient), bits_of(b.quality.gradient));
    EXPECT_EQ(bits_of(a.quality.saturated_fraction), bits_of(b.quality.saturated_fraction));
    EXPECT_EQ(a.quality.stars, b.quality.stars);
    ASSERT_EQ(a.stars.size(), b.stars.size());
    if (!a.stars.empty()) {
        EXPECT_EQ(
            std::memcmp(a.stars.data(), b.stars.data(), a.stars.size() * sizeof(plan::FrameStar)),
            0);
    }
    EXPECT_EQ(bits_of(a.masked_fraction), bits_of(b.masked_fraction));
    expect_same(a.footprint, b.footprint);
}

TEST(FrameRecord, TravelsBitForBit)
{
    std::vector<FrameRecord> const records{full_record(), FrameRecord{},
                                           test::frame_of(9, {.ra = 10.0})};

    std::vector<FrameRecord> const arrived = plan::unpack(plan::pack(records));

    ASSERT_EQ(arrived.size(), records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        SCOPED_TRACE(i);
        expect_same(records[i], arrived[i]);
    }
}

TEST(FrameRecord, KeepsThePayloadOfANaN)
{
    FrameRecord record;
    record.masked_fraction = std::bit_cast<double>(std::uint64_t{0xfff8'0000'dead'beefULL});

    std::vector<FrameRecord> const arrived = plan::unpack(plan::pack({record}));

    EXPECT_EQ(bits_of(arrived.at(0).masked_fraction), 0xfff8'0000'dead'beefULL);
}

TEST(FrameRecord, TravelsAsAnEmptyList)
{
    EXPECT_TRUE(plan::unpack(plan::pack({})).empty());
}

TEST(FrameRecord, RefusesBytesThatAreCutOffOrForeign)
{
    std::vector<std::byte> bytes = plan::pack({full_record()});
    bytes.resize(bytes.size() / 2);

    EXPECT_THROW((void)plan::unpack(bytes), core::InternalError);
    EXPECT_THROW((void)plan::unpack(std::vector<std::byte>(10, std::byte{0x61})),
                 core::InternalError);
}
}  // namespace
