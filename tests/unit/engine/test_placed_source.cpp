// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/core/event_count.hpp"
#include "sectile/engine/placed_source.hpp"

namespace sectile::engine
{
namespace
{
/// Pixels of 10 arcseconds around (ra, 40) degrees.
sky::WcsDescription tan_wcs(std::int64_t width, std::int64_t height, double ra)
{
    sky::WcsDescription wcs;
    wcs.width = width;
    wcs.height = height;
    auto const add = [&](std::string const& card) { wcs.cards += fmt::format("{:<80}", card); };
    add("CTYPE1  = 'RA---TAN'");
    add("CTYPE2  = 'DEC--TAN'");
    add(fmt::format("CRVAL1  = {:.6f}", ra));
    add("CRVAL2  = 40.0");
    add(fmt::format("CRPIX1  = {:.1f}", 0.5 * static_cast<double>(width + 1)));
    add(fmt::format("CRPIX2  = {:.1f}", 0.5 * static_cast<double>(height + 1)));
    add("CDELT1  = -0.00277778");
    add("CDELT2  = 0.00277778");
    return wcs;
}

/// Frames of one plane by their widths, not on any grid.
class Frames
{
  public:
    explicit Frames(std::vector<double> const& widths) : records_(widths.size())
    {
        for (std::size_t i = 0; i < widths.size(); ++i) {
            records_[i].header.geometry.planes = 1;
            records_[i].quality.fwhm = widths[i];
            PlacedSource source;
            source.record = &records_[i];
            source.photometry.resize(1);
            sources_.push_back(source);
        }
    }
    [[nodiscard]] std::vector<PlacedSource> const& sources() const { return sources_; }

  private:
    std::vector<plan::FrameRecord> records_;
    std::vector<PlacedSource> sources_;
};

TEST(SharpnessFactors, FallWithTheSquareOfTheWidth)
{
    Frames const frames({3.0, 2.0, 4.0, plan::unmeasured});

    auto const factors = sharpness_factors(frames.sources(), Weighting::noise_fwhm);

    ASSERT_EQ(factors.size(), 4U);
    EXPECT_DOUBLE_EQ(factors[0], 4.0 / 9.0);
    EXPECT_DOUBLE_EQ(factors[1], 1.0);
    EXPECT_DOUBLE_EQ(factors[2], 0.25);
    EXPECT_DOUBLE_EQ(factors[3], 4.0 / 9.0) << "an unknown width counts as the median";
}

TEST(SharpnessFactors, AreOneWithoutWidthsAndWithOtherWeightings)
{
    std::vector<double> const ones(2, 1.0);

    EXPECT_EQ(sharpness_factors(Frames({2.0, 5.0}).sources(), Weighting::noise_variance), ones);
    EXPECT_EQ(sharpness_factors(Frames({plan::unmeasured, plan::unmeasured}).sources(),
                                Weighting::noise_fwhm),
              ones);
}

/// A frame of 40 x 30 pixels that lies where the grid of 50 x 40 pixels is, or 1 degree beside it.
plan::FrameRecord frame_at(double ra, double noise_sigma)
{
    plan::FrameRecord record;
    record.header.geometry.width = 40;
    record.header.geometry.height = 30;
    record.header.wcs = tan_wcs(40, 30, ra);
    record.planes.resize(1);
    record.planes[0].noise_sigma = noise_sigma;
    return record;
}

TEST(PlacedSource, IsPlacedOnceAndThenOnlyItsNumbersChange)
{
    std::vector<plan::FrameRecord> records = {frame_at(10.0, 2.0), frame_at(11.5, 0.0),
                                              frame_at(10.0, 4.0)};
    records[1].verdict.code = plan::VerdictCode::quality;
    sky::SkyWcs const grid(tan_wcs(50, 40, 10.0));
    machine::TbbRunner runner(2);
    core::reset_events();

    auto sources = placed_sources(accepted_records(records), SourceKind::frame,
                                  find_placements({}, runner, accepted_records(records), grid), 1,
                                  Weighting::noise_variance, {});
    core::Box const footprint = sources[1].footprint;
    sources[1].photometry[0].gain = 0.5;
    weigh_sources(sources, Weighting::noise_variance);

    EXPECT_EQ(core::events_so_far(core::Event::placement), 2);
    ASSERT_EQ(sources.size(), 2U);
    EXPECT_EQ(sources[1].record, &records[2]);
    EXPECT_EQ(sources[1].wcs, &records[2].header.wcs);
    EXPECT_TRUE(footprint.contains(25, 20));
    EXPECT_EQ(sources[1].footprint, footprint);
    EXPECT_DOUBLE_EQ(sources[0].weight_scale.at(0), 1.0 / 4.0);
    EXPECT_DOUBLE_EQ(sources[1].weight_scale.at(0), 1.0 / 4.0) << "the noise after the gain is 2";
    EXPECT_DOUBLE_EQ(sources[1].noise_sigma.at(0), 2.0);
}

TEST(PlacedSource, OfAnotherPartOfTheSkyHasNoFootprint)
{
    std::vector<plan::FrameRecord> const records = {frame_at(11.5, 1.0)};
    sky::SkyWcs const grid(tan_wcs(50, 40, 10.0));
    machine::TbbRunner runner(1);

    auto const sources =
        placed_sources(accepted_records(records), SourceKind::frame,
                       find_placements({}, runner, accepted_records(records), grid), 1,
                       Weighting::noise_variance, {});

    EXPECT_TRUE(sources.at(0).footprint.empty());
}

TEST(Coadd, RefusesSourcesThatWereNotWeighed)
{
    std::vector<plan::FrameRecord> const records = {frame_at(10.0, 1.0)};
    sky::SkyWcs const grid(tan_wcs(50, 40, 10.0));
    machine::TbbRunner runner(1);
    auto const backend = compute::make_cpu_backend(runner);
    class NoSink final : public StripSink
    {
        void write(core::Box const& /*strip*/, compute::StripOutput const& /*rows*/) override {}
    } sink;
    CoaddJob job;
    job.grid = &grid;
    job.canvas = grid.bounds();
    job.inputs = placed_sources(accepted_records(records), SourceKind::frame,
                                find_placements({}, runner, accepted_records(records), grid), 1,
                                Weighting::noise_variance, {});
    auto const parts =
        plan::decompose_canvas(job.canvas, std::vector{job.inputs[0].footprint}, 1, 64, 1, 1);

    EXPECT_THROW(
        (void)coadd(job, {{}, backend.get(), &runner, nullptr, {}}, {}, parts, Route::pull, sink),
        core::InternalError);
}
}  // namespace
}  // namespace sectile::engine
