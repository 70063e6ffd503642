// SPDX-License-Identifier: BSD-3-Clause
// The plan never changes the picture: mosaic.h5 and mosaic.fits are the same bytes for any number
// of ranks and threads, for both routes and for strips forced small.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "end_to_end/sectile_runs.hpp"

namespace
{
using sectile::test::ProgramResult;
using sectile::test::read_file;
using sectile::test::run_sectile;
using sectile::test::ScratchFolder;
using sectile::test::simulate;

struct Variant
{
    int ranks;
    std::string options;
};

class Reproducibility : public ::testing::TestWithParam<std::string>
{
  protected:
    static void SetUpTestSuite()
    {
        scratch = new ScratchFolder("reproducibility");
        simulate(*scratch / "frames",
                 "--frames 12 --frames-per-pointing 3 --width 200 --height 150 --rotation 25 "
                 "--seed 7");
    }
    static void TearDownTestSuite()
    {
        delete scratch;
        scratch = nullptr;
    }

    static std::string run(Variant const& variant, std::string const& recipe,
                           std::string const& name)
    {
        std::string const folder = *scratch / name;
        ProgramResult const result =
            run_sectile(*scratch / "frames", folder, recipe + " " + variant.options, variant.ranks);
        EXPECT_EQ(result.exit_code, 0) << result.output;
        return folder;
    }

    static ScratchFolder* scratch;
};

ScratchFolder* Reproducibility::scratch = nullptr;

TEST_P(Reproducibility, BytesDoNotDependOnThePlan)
{
    std::vector<Variant> const variants = {
        {1, "--parallel-max-cpu-workers 2"},
        {2, "--exchange-route push"},
        {3, ""},
        {4, "--exchange-route push --rows-per-chunk 17"},
        {1, "--rows-per-chunk 9"},
        {1, "--exchange-route push --rows-per-chunk 64"},
    };
    std::string const reference = run({1, "--parallel-max-cpu-workers 1"}, GetParam(), "reference");
    std::string const h5 = read_file(reference + "/mosaic.h5");
    std::string const fits = read_file(reference + "/mosaic.fits");
    ASSERT_GT(h5.size(), 10'000U);
    ASSERT_GT(fits.size(), 10'000U);

    for (std::size_t i = 0; i < variants.size(); ++i) {
        std::string const folder = run(variants[i], GetParam(), "variant" + std::to_string(i));

        EXPECT_TRUE(read_file(folder + "/mosaic.h5") == h5)
            << variants[i].ranks << " ranks " << variants[i].options;
        EXPECT_TRUE(read_file(folder + "/mosaic.fits") == fits)
            << variants[i].ranks << " ranks " << variants[i].options;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Recipes, Reproducibility,
    ::testing::Values("--mode classic",
                      "--mode classic --final-combine winsorized --resample bilinear",
                      "--mode mosaic-first",
                      "--mode mosaic-first --global-coadd-method mean --resample lanczos4"));
}  // namespace
