// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"

#include "app/plan_options.hpp"
#include "app/run_request.hpp"

namespace sectile::app
{
namespace
{
using Words = std::vector<std::string>;

std::string error_of(Words words)
{
    words.insert(words.end(), {"--input", "frames"});
    try {
        static_cast<void>(read_run_request(words, true));
    } catch (core::ConfigError const& error) {
        return error.what();
    }
    return {};
}

TEST(PlanOptions, NothingIsSetByDefault)
{
    auto const machine = read_run_request({"--input", "frames"}, true).config.machine;

    EXPECT_FALSE(machine.ranks || machine.ranks_per_node || machine.node_ram ||
                 machine.node_cores || machine.gpus || machine.json);
}

TEST(PlanOptions, ReadBackToTheSame)
{
    auto const config =
        read_run_request({"--input", "frames", "--ranks", "1024", "--ranks-per-node", "16",
                          "--node-ram", "256GiB", "--node-cores", "64", "--gpus", "0", "--json"},
                         true)
            .config;
    auto const again = run_config_from_text(config.options_text).machine;

    EXPECT_EQ(config.machine.ranks, 1024);
    EXPECT_EQ(again.ranks, 1024);
    EXPECT_EQ(again.ranks_per_node, 16);
    EXPECT_EQ(again.node_ram, std::int64_t{256} << 30);
    EXPECT_EQ(again.node_cores, 64);
    EXPECT_EQ(again.gpus, 0);
    EXPECT_TRUE(again.json);
}

TEST(PlanOptions, RefusesMachinesThatCannotBe)
{
    EXPECT_EQ(error_of({"--ranks", "4", "--ranks-per-node", "8"}),
              "ranks_per_node must not be more than ranks (8 and 4)");
    for (Words const& words :
         {Words{"--ranks", "0"}, Words{"--ranks-per-node", "-1"}, Words{"--node-ram", "0"},
          Words{"--node-cores", "0"}, Words{"--gpus", "-1"}, Words{"--ranks", "99999999999"}}) {
        EXPECT_TRUE(error_of(words).starts_with(words.front() + " cannot be '")) << words.front();
    }
}

/// What the planner is told by the words of a user.
bool plans_with_devices(Words words)
{
    words.insert(words.end(), {"--input", "frames", "--gpus", "2", "--gpu-vram", "24GiB"});
    auto const config = read_run_request(words, true).config;
    // The other ranks read what rank 0 writes.
    EXPECT_EQ(run_config_from_text(config.options_text).parallel.use_gpu, config.parallel.use_gpu);
    return config.parallel.use_gpu;
}

TEST(PlanOptions, ThePlannerHearsWhetherDevicesMayBeUsed)
{
    EXPECT_TRUE(plans_with_devices({}));
    EXPECT_TRUE(plans_with_devices({"--use-gpu", "on"}));
    EXPECT_FALSE(plans_with_devices({"--use-gpu", "off"}));
    EXPECT_FALSE(plans_with_devices({"--backend", "reference"}));
}

TEST(PlanOptions, BelongToPlanOnly)
{
    EXPECT_TRUE(is_machine_key("ranks_per_node"));
    EXPECT_FALSE(is_machine_key("mode"));
    EXPECT_THROW(
        static_cast<void>(read_run_request({"--input", "a", "--output", "b", "--json"}, false)),
        core::ConfigError);
}
}  // namespace
}  // namespace sectile::app
