// SPDX-License-Identifier: BSD-3-Clause
// What is planned for a survey of which no pixel exists, and for machines that do not either.
#include <algorithm>
#include <cstdint>
#include <regex>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/pipeline/planned_phases.hpp"
#include "sectile/plan/footprint.hpp"

#include "pipeline/phase.hpp"
#include "unit/photometry/canvas_sources.hpp"

namespace sectile::pipeline
{
namespace
{
constexpr std::int64_t gibibyte = std::int64_t{1} << 30;

/// Three pointings of two frames each, side by side.
plan::MosaicPlan survey()
{
    plan::MosaicPlan mosaic;
    for (std::uint32_t id = 0; id < 6; ++id) {
        std::uint32_t const pointing = id / 2;
        plan::FrameRecord frame;
        frame.id = core::FrameId{id};
        frame.header.path = "frame_" + std::to_string(id) + ".fits";
        frame.header.wcs = test::canvas_wcs(1200, 900, 1600.0 - 1000.0 * pointing, 450.0 + id % 2);
        frame.header.geometry.width = 1200;
        frame.header.geometry.height = 900;
        frame.header.geometry.bits_per_pixel = 16;
        frame.footprint = plan::footprint_of(sky::SkyWcs(frame.header.wcs));
        mosaic.frames.push_back(frame);
        if (id % 2 == 0) {
            mosaic.groups.push_back({core::GroupId{pointing}, {}, frame.footprint.center, {}});
        }
        mosaic.groups.back().frames.push_back(core::FrameId{id});
    }
    mosaic.grid.wcs = test::canvas_wcs(3200, 901, 1600.0, 450.0);
    return mosaic;
}

RunConfig config_for(Mode mode)
{
    RunConfig config;
    config.mode = mode;
    config.output = "out";
    return config;
}

machine::PlannedMachine machine_of(int ranks, std::int64_t memory = 4 * gibibyte)
{
    machine::PlannedMachine machine;
    machine.ranks = machine.ranks_per_node = ranks;
    machine.rank.cores = 2;
    machine.rank.ram_total = machine.rank.ram_available = memory;
    return machine;
}

LocalPlan planned(RunConfig const& config, machine::PlannedMachine const& machine, int rank = -1)
{
    machine::Crew crew(machine.rank, {}, machine::BackendChoice::cpu, "");
    return plan_phases(survey(), config, {machine, rank, {}}, crew, {});
}

std::vector<std::string> names_of(LocalPlan const& plan)
{
    std::vector<std::string> names;
    for (PlannedPhase const& phase : plan.phases) {
        names.push_back(phase.name);
    }
    return names;
}

std::vector<std::string> names_of(std::span<Phase const* const> phases)
{
    std::vector<std::string> names;
    for (Phase const* const phase : phases) {
        names.emplace_back(phase->name);
    }
    return names;
}

RunConfig from_tiles()
{
    RunConfig config = config_for(Mode::classic);
    config.start_from_tiles = true;
    return config;
}

TEST(PlannedPhases, AreDeclaredAndInTheirOrder)
{
    for (RunConfig const& config :
         {config_for(Mode::classic), config_for(Mode::mosaic_first), from_tiles()}) {
        std::vector<std::string> const declared = names_of(phases_of(config));
        LocalPlan const plan = planned(config, machine_of(1));

        auto place = declared.begin();
        for (PlannedPhase const& phase : plan.phases) {
            place = std::find(place, declared.end(), phase.name);
            ASSERT_NE(place, declared.end()) << phase.name;
            EXPECT_GT(phase.parallel.cpu_workers, 0) << phase.name;
            EXPECT_GT(phase.parallel.added_bytes, 0) << phase.name;
        }
        EXPECT_EQ(plan.phases.back().name, phases::finish.name);
        for (Phase const* const phase : phases_of(config)) {
            bool const planned_before = phase->kind && *phase->kind != plan::PlanKind::ingest;
            EXPECT_EQ(plan.find(phase->name) != nullptr, planned_before) << phase->name;
        }
    }
}

TEST(PlannedPhases, WhatIsSwitchedOffIsNotPlanned)
{
    RunConfig config = config_for(Mode::classic);
    config.photometric_match = photometry::PhotometricMatch::off;

    LocalPlan const plan = planned(config, machine_of(1));

    EXPECT_EQ(names_of(plan), (std::vector<std::string>{std::string(phases::master_tiles.name),
                                                        std::string(phases::assemble.name),
                                                        std::string(phases::finish.name)}));
    for (PlannedTile const& tile : plan.tiles) {
        EXPECT_FALSE(tile.match);
    }
}

TEST(PlannedPhases, TilesAreSourcesBeforeTheyExist)
{
    LocalPlan const plan = planned(config_for(Mode::classic), machine_of(1));

    ASSERT_EQ(plan.tiles.size(), 3U);
    EXPECT_EQ(plan.canvas_placements.size(), 3U);
    for (PlannedTile const& tile : plan.tiles) {
        EXPECT_EQ(tile.placements.size(), 2U);
        EXPECT_TRUE(tile.match);
        // A frame, and the next one a row higher.
        EXPECT_GE(tile.record.header.geometry.width, 1200);
        EXPECT_GE(tile.record.header.geometry.height, 901);
        EXPECT_LE(tile.record.header.geometry.height, 906);
        EXPECT_GT(tile.parallel.rows_per_chunk, 0);
    }
    EXPECT_EQ(plan.find(phases::assemble.name)->coadd->sources, 3);
    EXPECT_EQ(plan.find(phases::master_tiles.name)->coadd->sources, 2);
}

/// For all ranks at once, as `sectile plan` does it, and as each of them does it.
TEST(PlannedPhases, TheRankThatHoldsMostSpeaksForAll)
{
    RunConfig const config = config_for(Mode::mosaic_first);
    machine::PlannedMachine const machine = machine_of(3);
    PlannedPhase const all = *planned(config, machine).find(phases::mosaic_first.name);
    std::int64_t most = 0;
    for (int rank = 0; rank < 3; ++rank) {
        PlannedPhase const own = *planned(config, machine, rank).find(phases::mosaic_first.name);
        EXPECT_EQ(own.coadd->ranks, 3);
        EXPECT_EQ(own.coadd->rounds, all.coadd->rounds);
        most = std::max(most, own.parallel.added_bytes);
    }

    EXPECT_EQ(all.parallel.added_bytes, most);
}

TEST(PlannedPhases, TilesTravelBetweenNodesAndFramesAreRead)
{
    machine::PlannedMachine machine = machine_of(4);
    EXPECT_EQ(planned(config_for(Mode::classic), machine).canvas_route, engine::Route::pull);
    machine.ranks_per_node = 2;
    machine.nodes = 2;

    LocalPlan const classic = planned(config_for(Mode::classic), machine);
    LocalPlan const first = planned(config_for(Mode::mosaic_first), machine);

    EXPECT_EQ(classic.canvas_route, engine::Route::push);
    EXPECT_GT(classic.find(phases::assemble.name)->coadd->traffic.bytes, 0);
    EXPECT_EQ(classic.tile_route, engine::Route::pull);
    EXPECT_EQ(first.canvas_route, engine::Route::pull);
}

TEST(PlannedPhases, TooLittleMemoryIsRefusedWithWhatWouldDoForAllOfThem)
{
    for (RunConfig const& config :
         {config_for(Mode::classic), config_for(Mode::mosaic_first), from_tiles()}) {
        std::string problem;
        try {
            (void)planned(config, machine_of(1, std::int64_t{1} << 20));
        } catch (core::Error const& error) {
            EXPECT_EQ(error.code(), core::ExitCode::usage);
            problem = error.what();
        }
        std::smatch found;
        ASSERT_TRUE(std::regex_search(problem, found, std::regex("use a node with (\\d+) MiB")))
            << problem;
        std::int64_t const named = std::stoll(found[1]) << 20;

        EXPECT_LT(named, gibibyte / 4);
        EXPECT_NO_THROW((void)planned(config, machine_of(1, named)));
        EXPECT_THROW((void)planned(config, machine_of(1, named / 2)), core::Error);
    }
}

TEST(PlannedPhases, LessMemoryMakesAPlanThatHoldsLess)
{
    RunConfig config = config_for(Mode::mosaic_first);
    config.global_coadd.rejection = compute::Rejection::kappa_sigma;
    PlannedPhase const wide = *planned(config, machine_of(1)).find(phases::mosaic_first.name);
    PlannedPhase const tight =
        *planned(config, machine_of(1, gibibyte / 16)).find(phases::mosaic_first.name);

    EXPECT_LT(tight.parallel.added_bytes, wide.parallel.added_bytes);
    EXPECT_LE(tight.parallel.added_bytes, gibibyte / 16);
}
}  // namespace
}  // namespace sectile::pipeline
