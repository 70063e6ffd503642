// SPDX-License-Identifier: BSD-3-Clause
// The ingest phase: files that are read again when memory runs out.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/fault_injection.hpp"
#include "sectile/core/log.hpp"

#include "pipeline/p1_ingest.hpp"
#include "support/mpi_scratch_folder.hpp"
#include "unit/core/pseudo_random.hpp"
#include "unit/io/fits_bytes.hpp"

namespace sectile::pipeline
{
namespace
{
constexpr int width = 300;
constexpr int height = 200;
std::vector<std::string> const cards{
    "CTYPE1  = 'RA---TAN'", "CTYPE2  = 'DEC--TAN'", "CRVAL1  = 150.0",
    "CRVAL2  = 20.0",       "CRPIX1  = 150.5",      "CRPIX2  = 100.5",
    "CDELT1  = -0.001",     "CDELT2  = 0.001",      "INSTRUME= 'camera'"};

/// Noise, and hot pixels at places that every frame shares.
std::vector<std::int16_t> frame_of(std::uint64_t seed)
{
    PseudoRandom random(seed);
    std::vector<std::int16_t> pixels;
    for (int i = 0; i < width * height; ++i) {
        double const heat = i % 997 == 0 ? 2000.0 : 0.0;
        pixels.push_back(static_cast<std::int16_t>(1000.0 + heat + 10.0 * random.normal()));
    }
    return pixels;
}

class Ingest : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        std::string const path = scratch_.file("two_frames.fits");
        test::FitsBytes()
            .image(16, {width, height}, cards)
            .data(frame_of(1))
            .image(16, {width, height}, cards)
            .data(frame_of(2))
            .write(path);
        config_.input = {path};
        config_.output = scratch_.file("out");
        core::set_log_sink([this](core::LogChannel, core::LogLevel, std::string_view text) {
            std::lock_guard const lock(mutex_);
            said_ += std::string(text) + "\n";
        });
    }
    void TearDown() override
    {
        core::set_faults("", 0);
        core::set_log_sink([](core::LogChannel, core::LogLevel, std::string_view) {});
    }

    /// Runs the phase while faults are injected; returns what it said.
    std::string run(std::string const& faults)
    {
        Context context(config_, comm_);
        said_.clear();
        core::set_faults(faults, 0);
        std::vector<plan::FrameRecord> const frames = ingest(config_, context);
        core::set_faults("", 0);
        EXPECT_EQ(frames.size(), 2U) << faults;
        for (plan::FrameRecord const& frame : frames) {
            EXPECT_TRUE(frame.verdict.accepted()) << faults << frame.verdict.reason;
        }
        return said_;
    }

    comm::Communicator comm_ = comm::Communicator::world();
    test::MpiScratchFolder scratch_{comm_};
    RunConfig config_;
    std::mutex mutex_;
    std::string said_;
};

TEST_F(Ingest, AFrameVotesOnceThoughItsFileIsReadAgain)
{
    std::string const votes = " hot pixels of camera ";
    std::string const undisturbed = run("");
    auto const line_of = [&](std::string const& text) {
        std::size_t const at = text.find(votes);
        return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
    };
    ASSERT_NE(line_of(undisturbed).find("from 2 frames"), std::string::npos) << undisturbed;
    int repeated = 0;

    for (int nth = 1; nth <= 12; ++nth) {
        std::string const said = run("allocation=" + std::to_string(nth));

        repeated += said.find("done again with fewer workers") == std::string::npos ? 0 : 1;
        EXPECT_EQ(line_of(said), line_of(undisturbed)) << nth;
    }

    EXPECT_GE(repeated, 4);
}
}  // namespace
}  // namespace sectile::pipeline
