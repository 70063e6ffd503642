// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/error.hpp"
#include "sectile/core/memory_budget.hpp"
#include "sectile/engine/coadd.hpp"
#include "sectile/machine/tbb_runner.hpp"
#include "sectile/sky/make_grid_map.hpp"

#include "support/fits_card.hpp"

/// A small coadd of sources that are made in memory, over several ranks.
namespace sectile::testing
{
using test::card;

/// TAN system of 1 arcsec pixels, turned by `degrees`, with its reference pixel at the image
/// centre.
inline sky::WcsDescription tan_wcs(std::int64_t width, std::int64_t height, double degrees,
                                   double ra)
{
    double const scale = 1.0 / 3600.0;
    double const c = std::cos(degrees * M_PI / 180.0) * scale;
    double const s = std::sin(degrees * M_PI / 180.0) * scale;
    char line[80];
    sky::WcsDescription wcs;
    wcs.width = width;
    wcs.height = height;
    auto const number = [&](char const* key, double value) {
        std::snprintf(line, sizeof line, "%-8s= %.15g", key, value);
        wcs.cards += card(line);
    };
    wcs.cards += card("CTYPE1  = 'RA---TAN'");
    wcs.cards += card("CTYPE2  = 'DEC--TAN'");
    number("CRPIX1", 0.5 * static_cast<double>(width + 1));
    number("CRPIX2", 0.5 * static_cast<double>(height + 1));
    number("CRVAL1", ra);
    number("CRVAL2", 20.0);
    number("CD1_1", -c);
    number("CD1_2", s);
    number("CD2_1", s);
    number("CD2_2", c);
    return wcs;
}

/// A smooth pattern plus pseudo-noise that depends on pixel and seed only.
class PatternSource final : public source::PixelSource
{
  public:
    PatternSource(std::uint32_t seed, core::Box bounds, bool fails)
        : seed_(seed), bounds_(bounds), fails_(fails)
    {}
    [[nodiscard]] core::Box bounds() const override { return bounds_; }
    [[nodiscard]] int planes() const override { return 1; }
    [[nodiscard]] int held_planes() const override { return 1; }
    [[nodiscard]] int planes_while_reading() const override { return 0; }
    [[nodiscard]] int margin_while_reading() const override { return 0; }
    [[nodiscard]] std::int64_t bytes_while_open() const override { return 0; }
    [[nodiscard]] source::SourcePixels read(core::Box const& window) const override
    {
        if (fails_) {
            throw core::IoError("the disk is gone");
        }
        source::SourcePixels pixels;
        pixels.science = image::Image<float>(window, 1);
        auto const view = pixels.science.view();
        for (std::int64_t y = window.y0; y < window.y1; ++y) {
            for (std::int64_t x = window.x0; x < window.x1; ++x) {
                auto const hash =
                    static_cast<std::uint32_t>(x * 73856093 ^ y * 19349663) ^ (seed_ * 83492791U);
                view.at(0, x, y) = bounds_.contains(x, y)
                                       ? 100.0F + static_cast<float>(hash % 1000U) * 0.01F
                                       : NAN;
            }
        }
        return pixels;
    }

  private:
    std::uint32_t seed_;
    core::Box bounds_;
    bool fails_;
};

/// Keeps the strips of this rank, with their rejection maps if there are any; the whole picture is
/// put together afterwards.
class MemorySink final : public engine::StripSink
{
  public:
    explicit MemorySink(core::Box const& canvas, bool with_maps = false)
    {
        // The picture is the test's own, not the engine's: no fault shall hit it.
        core::MemoryBudget::Promise const granted;
        picture_ = image::Image<std::uint32_t>(canvas, with_maps ? 3 : 1);
    }
    void write(core::Box const& strip, compute::StripOutput const& rows) override
    {
        keep(strip, rows.science, 0);
        if (picture_.planes() > 1) {
            keep(strip, rows.rejected_low, 1);
            keep(strip, rows.rejected_high, 2);
        } else {
            EXPECT_FALSE(rows.wants_rejected());
        }
    }
    /// Collective: strips of all ranks, plane after plane; pixels nobody wrote are 0.
    [[nodiscard]] std::vector<std::uint32_t> whole(comm::Communicator const& comm)
    {
        auto const view = picture_.view();
        std::vector<std::uint32_t> own;
        for (int plane = 0; plane < view.planes; ++plane) {
            for (std::int64_t y = view.box.y0; y < view.box.y1; ++y) {
                own.insert(own.end(), view.row(plane, y), view.row(plane, y) + view.box.width());
            }
        }
        std::vector<std::uint32_t> all(own.size(), 0);
        for (auto const& part : comm::all_gather(comm, std::as_bytes(std::span(own)))) {
            for (std::size_t i = 0; i < all.size(); ++i) {
                std::uint32_t bits = 0;
                std::memcpy(&bits, part.data() + i * sizeof bits, sizeof bits);
                all[i] |= bits;
            }
        }
        return all;
    }

  private:
    void keep(core::Box const& strip, image::ImageView<float> const& rows, int plane)
    {
        for (std::int64_t y = strip.y0; y < strip.y1; ++y) {
            for (std::int64_t x = strip.x0; x < strip.x1; ++x) {
                float const value = rows.at(0, x, y);
                std::uint32_t bits = 0;
                std::memcpy(&bits, &value, sizeof bits);
                picture_.view().at(plane, x, y) = bits;
            }
        }
    }

    image::Image<std::uint32_t> picture_;
};

/// Five turned frames over one canvas.
class CoaddRanks : public ::testing::Test
{
  protected:
    explicit CoaddRanks(std::int64_t times_wider = 1)
        : width_(90 * times_wider), grid_(tan_wcs(150 * times_wider, 120, 0.0, 40.008))
    {}
    void SetUp() override
    {
        for (std::uint32_t i = 0; i < 5; ++i) {
            systems_.push_back(
                tan_wcs(width_, 60, width_ > 90 ? 0.3 * i : 17.0 * i, 40.0 + 0.004 * i));
        }
    }

    engine::CoaddJob make_job(compute::CombineRecipe const& combine, int failing = -1)
    {
        engine::CoaddJob job;
        job.grid = &grid_;
        job.canvas = grid_.bounds();
        job.recipe.combine = combine;
        for (std::uint32_t i = 0; i < 5; ++i) {
            engine::PlacedSource input;
            input.id = core::SourceId{i};
            input.pixels = std::make_shared<PatternSource>(i, core::Box{0, 0, width_, 60},
                                                           static_cast<int>(i) == failing);
            input.wcs = &systems_[i];
            sky::SkyWcs const source(systems_[i]);
            input.footprint = sky::footprint_box(grid_, grid_.bounds(), source, 2);
            input.map_spacing = sky::choose_map_spacing(grid_, source, input.footprint);
            input.photometry.resize(1);
            input.weight_scale = {1.0 + 0.1 * i};
            input.noise_sigma = {1.0};
            input.home = static_cast<int>(i) % comm_.size();
            job.inputs.push_back(std::move(input));
        }
        return job;
    }

    std::vector<std::uint32_t> coadd(engine::CoaddJob const& job, comm::Communicator const& comm,
                                     engine::Route route, std::int64_t rows, std::int64_t columns)
    {
        plan::ParallelPlan plan;
        plan.tiles_per_chunk = 2;
        plan.use_memmap = plans_disk_;
        std::vector<core::Box> footprints;
        for (auto const& input : job.inputs) {
            footprints.push_back(input.footprint);
        }
        auto const decomposition =
            plan::decompose_canvas(job.canvas, footprints, comm.size(), rows, columns, 1);
        MemorySink sink(job.canvas, job.rejection_maps);
        engine::Team const team{comm, device_ ? device_.get() : backend_.get(), &runner_,
                                device_ ? backend_.get() : nullptr, scratch_};
        statistics_ = engine::coadd(job, team, plan, decomposition, route, sink);
        return sink.whole(comm);
    }

    comm::Communicator comm_ = comm::Communicator::world();
    std::int64_t width_;  ///< of a source
    sky::SkyWcs grid_;
    std::vector<sky::WcsDescription> systems_;
    machine::TbbRunner runner_{2};
    std::unique_ptr<compute::Backend> backend_ = compute::make_cpu_backend(runner_);
    std::unique_ptr<compute::Backend> device_;  ///< used first, if set
    std::string scratch_;
    bool plans_disk_ = false;             ///< the plan sends stacks through a scratch file
    engine::CoaddStatistics statistics_;  ///< of the last coadd
};
}  // namespace sectile::testing
