// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "app/run_options.hpp"
#include "pipeline/phase.hpp"

namespace sectile::pipeline
{
namespace
{
std::vector<RunConfig> all_ways()
{
    RunConfig classic;
    RunConfig mosaic_first;
    mosaic_first.mode = Mode::mosaic_first;
    RunConfig from_tiles;
    from_tiles.start_from_tiles = true;
    return {classic, mosaic_first, from_tiles};
}

TEST(Phase, ReadsWhatAnEarlierOneMade)
{
    for (RunConfig const& config : all_ways()) {
        std::set<Artefact> there{Artefact::files};
        if (config.start_from_tiles) {
            there.insert(Artefact::tiles);
        }
        for (Phase const* const phase : phases_of(config)) {
            for (Artefact const artefact : phase->reads) {
                EXPECT_TRUE(there.contains(artefact))
                    << phase->name << " reads " << name_of(artefact);
            }
            there.insert(phase->makes.begin(), phase->makes.end());
        }
        EXPECT_TRUE(there.contains(Artefact::products));
    }
}

/// Else a run that resumes would not notice that the option changed.
TEST(Phase, DeclareEveryOptionThatChangesThePicture)
{
    std::set<std::string, std::less<>> declared{"mode"};
    for (RunConfig const& config : all_ways()) {
        for (Phase const* const phase : phases_of(config)) {
            declared.insert(phase->options.begin(), phase->options.end());
        }
    }
    std::set<std::string, std::less<>> known;
    for (auto const& option : app::run_options()) {
        known.insert(option.info.key);
        if (option.info.effect == app::Effect::picture) {
            EXPECT_TRUE(declared.contains(option.info.key)) << option.info.key;
        }
    }
    for (std::string const& key : declared) {
        EXPECT_TRUE(known.contains(key)) << key << " is no option";
    }
}

TEST(Phase, HashesItsOwnOptionsAlone)
{
    std::string const options = "# P4\npadding_percent = 0\n# P3\nresample = lanczos3\n";
    std::string const other_kernel = "padding_percent = 0\nresample = bilinear\n";
    std::string const other_border = "padding_percent = 5\nresample = lanczos3\n";

    EXPECT_EQ(options_hash(phases::grid, options), options_hash(phases::grid, other_kernel));
    EXPECT_NE(options_hash(phases::grid, options), options_hash(phases::grid, other_border));
    EXPECT_NE(options_hash(phases::assemble, options),
              options_hash(phases::assemble, other_kernel));
}
}  // namespace
}  // namespace sectile::pipeline
