// SPDX-License-Identifier: BSD-3-Clause
#include <atomic>
#include <cstdlib>
#include <malloc.h>
#include <new>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sectile/comm/wire.hpp"
#include "sectile/plan/frame_record.hpp"

#include "support/fits_card.hpp"
#include "unit/plan/fields.hpp"

namespace
{
std::atomic<std::size_t> held_bytes = 0;
}

// This program counts what its heap holds, with what the heap adds to round blocks up.
void* operator new(std::size_t size)
{
    void* const block = std::malloc(size);
    if (block == nullptr) {
        throw std::bad_alloc();
    }
    held_bytes += malloc_usable_size(block);
    return block;
}

void operator delete(void* block) noexcept
{
    held_bytes -= malloc_usable_size(block);
    std::free(block);
}

void operator delete(void* block, std::size_t /*size*/) noexcept
{
    operator delete(block);
}

namespace sectile::plan
{
namespace
{
/// As a plate solver writes them, second-order SIP with its inverse.
std::string solved_cards(std::size_t frame)
{
    std::string cards =
        test::card("NAXIS   =                    2") +
        test::card("NAXIS1  =                 1080") +
        test::card("NAXIS2  =                 1920") +
        test::card("WCSAXES =                    2") + test::card("CTYPE1  = 'RA---TAN-SIP'") +
        test::card("CTYPE2  = 'DEC--TAN-SIP'") + test::card("EQUINOX =               2000.0") +
        test::card("LONPOLE =                180.0") +
        test::card("LATPOLE =                  0.0") + test::card("CUNIT1  = 'deg     '") +
        test::card("CUNIT2  = 'deg     '");
    auto const add = [&](std::string const& name, double value) {
        cards += test::card(fmt::format("{:<8}= {:>20.12E}", name, value));
    };
    add("CRVAL1", 192.7211234567 + 1e-4 * static_cast<double>(frame));
    add("CRVAL2", 41.12031234567 - 1e-4 * static_cast<double>(frame));
    add("CRPIX1", 540.5);
    add("CRPIX2", 960.5);
    for (char const* const name : {"CD1_1", "CD1_2", "CD2_1", "CD2_2"}) {
        add(name, -6.594321234567E-04);
    }
    for (char const* const family : {"A", "B", "AP", "BP"}) {
        cards += test::card(fmt::format("{:<8}= {:>20}", fmt::format("{}_ORDER", family), 2));
        for (char const* const term : {"0_0", "0_1", "0_2", "1_0", "1_1", "2_0"}) {
            add(fmt::format("{}_{}", family, term), 1.234567890123E-07);
        }
    }
    return cards;
}

/// A raw frame with a colour filter array, as other ranks hold it once it is registered.
FrameRecord registered_frame(std::size_t frame)
{
    FrameRecord record =
        test::frame_of(static_cast<std::uint32_t>(frame), {.ra = 192.7, .dec = 41.1});
    record.header.path =
        fmt::format("/scratch/project/m94/2024-05-02/Light_M 94_10.0s_IRCUT_{:05}.fit", frame);
    record.header.geometry = {1080, 1920, 3, 1, false, image::BayerPattern::grbg, 16};
    record.header.facts.object = "M 94";
    record.header.facts.instrument = "Seestar S50";
    record.header.facts.telescope = "Seestar S50";
    record.header.facts.filter = "IRCUT";
    record.header.facts.date_obs = "2024-05-02T21:14:33.123456";
    record.header.facts.mjd = 60432.9;
    record.header.facts.unit = "adu";
    record.header.wcs = {solved_cards(frame), {}, {}, 1080, 1920};
    record.header.wcs_origin = "header";
    record.planes.resize(3);
    record.footprint.edge = {};
    record.stars = {};
    return record;
}

TEST(FrameRecord, TakesThreeKibibytesWhereItIsNotNeeded)
{
    constexpr std::size_t count = 100;
    std::vector<FrameRecord> records;
    for (std::size_t i = 0; i < count; ++i) {
        records.push_back(registered_frame(i));
    }
    std::vector<std::byte> const bytes = comm::to_bytes(records);
    std::size_t const before = held_bytes;

    auto const arrived = comm::from_bytes<std::vector<FrameRecord>>(bytes);

    std::size_t const held = (held_bytes - before) / count;
    EXPECT_EQ(arrived.size(), count);
    EXPECT_GT(held, sizeof(FrameRecord)) << "nothing is counted";
    EXPECT_LE(held, 3U << 10U);
    RecordProperty("bytes", static_cast<int>(held));
}
}  // namespace
}  // namespace sectile::plan
