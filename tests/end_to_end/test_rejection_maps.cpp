// SPDX-License-Identifier: BSD-3-Clause
// --rejection-maps through the whole program: where the maps are, what they say of a satellite
// trail, and that they change no other product.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/io/fits_writer.hpp"
#include "sectile/io/frame_reader.hpp"

#include "support/run_program.hpp"

namespace
{
using sectile::test::ProgramResult;
using sectile::test::read_file;
using sectile::test::run_program;
using sectile::test::ScratchFolder;
namespace fs = std::filesystem;
namespace image = sectile::image;
namespace io = sectile::io;

constexpr int frames_of_trails = 8;

image::Image<float> read_image(std::string const& path)
{
    io::FileScan const scan = io::scan_file(path, false);
    auto const& geometry = scan.frames.at(0).geometry;
    image::Image<float> pixels({0, 0, geometry.width, geometry.height}, geometry.planes);
    io::FrameReader(scan.frames.at(0)).read(pixels.view());
    return pixels;
}

/// A map of one fraction, with good checksums.
void write_map(std::string const& path, std::string const& name, float fraction)
{
    sectile::core::Box const box{0, 0, 20, 10};
    image::Image<float> map(box, 3);
    for (int plane = 0; plane < 3; ++plane) {
        for (std::int64_t y = 0; y < box.y1; ++y) {
            std::fill_n(map.view().row(plane, y), box.x1, fraction);
        }
    }
    io::FitsImageSpec spec;
    spec.name = name;
    spec.width = box.x1;
    spec.height = box.y1;
    spec.planes = 3;
    io::FitsWriter writer(path);
    writer.begin_image(spec);
    writer.write_rows(image::ImageView<float const>(map.view()));
    writer.commit();
}

/// Names in a folder, hidden ones too; none where there is no folder.
std::vector<std::string> names_in(std::string const& folder)
{
    std::vector<std::string> names;
    std::error_code ignored;
    for (auto const& entry : fs::directory_iterator(folder, ignored)) {
        names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
}

class RejectionMaps : public ::testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        scratch = new ScratchFolder("rejection_maps");
        simulate("pointings",
                 " --width 200 --height 150 --frames 8 --frames-per-pointing 4 --columns 2"
                 " --rotation 9 --seed 11 --trails 0.5");
        // Nothing but noise and trails of +500 ADU.
        std::string const survey =
            " --colour mono --bits-per-pixel -32 --hot-pixels 0 --columns 1 --width 300"
            " --height 240 --frames " +
            std::to_string(frames_of_trails) + " --frames-per-pointing " +
            std::to_string(frames_of_trails) +
            " --rotation 3 --noise 10 --seed 7 --sky-scatter 0 --gradient 0 --gain-scatter 0"
            " --star-density 0";
        simulate("struck", survey + " --trails 0.3");
        simulate("clean", survey + " --trails 0");
    }
    static void TearDownTestSuite()
    {
        delete scratch;
        scratch = nullptr;
    }

    static void simulate(std::string const& name, std::string const& options)
    {
        ProgramResult const made = run_program(std::string(SECTILE_BINARY) + " simulate --output " +
                                               *scratch / name + options);
        ASSERT_EQ(made.exit_code, 0) << made.output;
    }

    static std::string run(std::string const& frames, std::string const& name,
                           std::string const& options, int ranks = 1)
    {
        std::string const folder = *scratch / name;
        ProgramResult const result = run_program(
            "mpirun -n " + std::to_string(ranks) + " " + SECTILE_BINARY + " run --input " +
            *scratch / frames + " --output " + folder + " " + options);
        EXPECT_EQ(result.exit_code, 0) << options << "\n" << result.output;
        output = result.output;
        return folder;
    }

    static int verify(std::string const& folder)
    {
        ProgramResult const result = run_program(std::string(SECTILE_BINARY) + " verify " + folder);
        output = result.output;
        return result.exit_code;
    }

    static ScratchFolder* scratch;
    static std::string output;  ///< of the last program
};

ScratchFolder* RejectionMaps::scratch = nullptr;
std::string RejectionMaps::output;

std::vector<std::string> const map_names{"tile_00000.high.fits", "tile_00000.low.fits",
                                         "tile_00001.high.fits", "tile_00001.low.fits"};

TEST_F(RejectionMaps, TellTheTrailFromTheSky)
{
    std::string const options =
        "--intertile-photometric-match off --keep tiles "
        "--stacking-rejection-algorithm ";
    std::string const mapped = run("struck", "trail", options + "kappa_sigma --rejection-maps");
    std::string const open = run("struck", "open", options + "none");
    std::string const closed = run("clean", "closed", options + "none");
    std::string const tile = "/.sectile/tiles/tile_00000";
    auto const struck = read_image(open + tile + ".fits");
    auto const clean = read_image(closed + tile + ".fits");
    auto const depth = read_image(open + tile + ".coverage.fits");
    auto const survivors = read_image(mapped + tile + ".coverage.fits");
    auto const high = read_image(mapped + "/rejection/tile_00000.high.fits");
    auto const low = read_image(mapped + "/rejection/tile_00000.low.fits");
    ASSERT_EQ(high.box(), struck.box());
    ASSERT_EQ(low.box(), struck.box());

    int on_trail = 0;
    int one_high = 0;
    int just_one_high = 0;
    int off_trail = 0;
    double high_sum = 0.0;
    double low_sum = 0.0;
    auto const box = struck.box();
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        for (std::int64_t x = box.x0; x < box.x1; ++x) {
            float const frames = depth.view().at(0, x, y);
            float const above = high.view().at(0, x, y);
            float const below = low.view().at(0, x, y);
            ASSERT_EQ(std::isnan(above), frames == 0.0F) << x << ", " << y;
            ASSERT_EQ(std::isnan(below), frames == 0.0F) << x << ", " << y;
            if (frames == 0.0F) {
                continue;
            }
            ASSERT_EQ(std::lround((1.0F - above - below) * frames),
                      std::lround(survivors.view().at(0, x, y)));
            // Brightness of the trail in the frame that has it, in units of its own.
            double const shows =
                (struck.view().at(0, x, y) - clean.view().at(0, x, y)) * frames / 500.0;
            if (frames == frames_of_trails && shows > 0.5 && shows < 1.3) {
                ++on_trail;
                one_high += above >= 1.0F / frames_of_trails ? 1 : 0;
                just_one_high += above == 1.0F / frames_of_trails ? 1 : 0;
            } else if (std::abs(shows) < 1e-3) {
                ++off_trail;
                high_sum += above;
                low_sum += below;
            }
        }
    }
    std::printf(
        "%d pixels on trails, %d with a sample rejected high; off them %.4f high, %.4f "
        "low of the samples\n",
        on_trail, one_high, high_sum / off_trail, low_sum / off_trail);

    EXPECT_GT(on_trail, 200);
    EXPECT_EQ(one_high, on_trail);
    EXPECT_GT(just_one_high, 0.9 * on_trail);
    EXPECT_GT(off_trail, 20000);
    // Three sigma on one side are 0.13 % of a Gaussian; with the scatter of the median a little
    // more.
    EXPECT_LT(high_sum / off_trail, 0.01);
    EXPECT_LT(low_sum / off_trail, 0.01);
    EXPECT_GT(high_sum + low_sum, 0.0);
}

TEST_F(RejectionMaps, AreThereOnlyWhenAskedForAndChangeNoOtherProduct)
{
    std::string const off = run("pointings", "off", "");
    std::string const on = run("pointings", "on", "--rejection-maps");

    EXPECT_FALSE(fs::exists(off + "/rejection"));
    EXPECT_EQ(names_in(on + "/rejection"), map_names);
    EXPECT_FALSE(fs::exists(on + "/.sectile/tiles")) << "the maps stay, the tiles do not";
    for (char const* const file :
         {"/mosaic.h5", "/mosaic.fits", "/preview.png", "/coverage.png", "/grid.json"}) {
        ASSERT_GT(fs::file_size(off + file), 0U);
        EXPECT_TRUE(read_file(on + file) == read_file(off + file)) << file;
    }
}

TEST_F(RejectionMaps, AreTheSameBytesForAnyRanksThreadsRouteAndMemory)
{
    std::string const reference =
        run("pointings", "reference", "--rejection-maps --parallel-max-cpu-workers 1");
    struct Variant
    {
        int ranks;
        std::string options;
    };
    std::vector<Variant> const variants{{1, "--rows-per-chunk 9 --parallel-max-cpu-workers 2"},
                                        {1, "--exchange-route push"},
                                        {3, ""},
                                        {4, "--exchange-route push --rows-per-chunk 17"},
                                        {1, "--inject-faults allocation=60x8@0"}};
    for (std::size_t i = 0; i < variants.size(); ++i) {
        std::string const folder =
            run("pointings", "variant" + std::to_string(i),
                "--rejection-maps " + variants[i].options, variants[i].ranks);

        ASSERT_EQ(names_in(folder + "/rejection"), map_names);
        for (std::string const& name : map_names) {
            EXPECT_TRUE(read_file(folder + "/rejection/" + name) ==
                        read_file(reference + "/rejection/" + name))
                << variants[i].ranks << " ranks " << variants[i].options << ": " << name;
        }
    }
}

TEST_F(RejectionMaps, AreVerified)
{
    std::string const folder = run("pointings", "verified", "--rejection-maps");
    std::string const map = folder + "/rejection/tile_00001.low.fits";
    std::string const whole = read_file(map);

    EXPECT_EQ(verify(folder), 0) << output;
    EXPECT_NE(output.find("the rejection maps of 2 master tiles are right"), std::string::npos)
        << output;

    std::string damaged = whole;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x10);
    std::ofstream(map, std::ios::binary) << damaged;
    EXPECT_EQ(verify(folder), 4) << output;
    EXPECT_NE(output.find("tile_00001.low.fits"), std::string::npos) << output;

    // A good file of the other side: checksums are right, what it says is not.
    fs::copy_file(folder + "/rejection/tile_00001.high.fits", map,
                  fs::copy_options::overwrite_existing);
    EXPECT_EQ(verify(folder), 4) << output;

    write_map(map, "REJ_LOW", 0.6F);
    write_map(folder + "/rejection/tile_00001.high.fits", "REJ_HIGH", 0.3F);
    EXPECT_EQ(verify(folder), 0) << output;
    write_map(folder + "/rejection/tile_00001.high.fits", "REJ_HIGH", 0.5F);
    EXPECT_EQ(verify(folder), 4) << "more samples than there are: " << output;

    fs::remove(map);
    EXPECT_EQ(verify(folder), 4) << output;
}

TEST_F(RejectionMaps, OfAnEarlierRunDoNotStay)
{
    std::string const folder = run("pointings", "again", "--rejection-maps");
    std::ofstream(folder + "/rejection/tile_00007.low.fits") << "of a run with more tiles";
    std::ofstream(folder + "/rejection/.tile_00009.low.fits.part") << "of a run that was killed";
    std::ofstream(folder + "/rejection/notes.txt") << "of the user";

    run("pointings", "again", "--rejection-maps");
    std::vector<std::string> expected{"notes.txt"};
    expected.insert(expected.end(), map_names.begin(), map_names.end());
    EXPECT_EQ(names_in(folder + "/rejection"), expected);

    run("pointings", "again", "");
    EXPECT_EQ(names_in(folder + "/rejection"), std::vector<std::string>{"notes.txt"});
}

TEST_F(RejectionMaps, WithoutMasterTilesAreAnnouncedToBeMissing)
{
    std::string const folder = run("pointings", "first", "--mode mosaic-first --rejection-maps", 2);

    EXPECT_NE(output.find("rejection_maps has no effect"), std::string::npos) << output;
    EXPECT_FALSE(fs::exists(folder + "/rejection"));
}

TEST_F(RejectionMaps, FailingWriteLeavesNoHalfMap)
{
    std::string failures;
    for (int nth = 7; nth < 20; ++nth) {
        std::string const folder = *scratch / "full" + std::to_string(nth);
        ProgramResult const result = run_program(
            std::string(SECTILE_BINARY) + " run --input " + *scratch / "pointings" + " --output " +
            folder + " --rejection-maps --inject-faults write=" + std::to_string(nth));
        failures += result.output;

        EXPECT_EQ(result.exit_code, 4) << result.output;
        for (std::string const& name : names_in(folder + "/rejection")) {
            EXPECT_EQ(name.find(".part"), std::string::npos) << name;
        }
        EXPECT_FALSE(fs::exists(folder + "/mosaic.fits"));
    }
    for (char const* const name : {".tile_00000.low.fits.part", ".tile_00000.high.fits.part"}) {
        EXPECT_NE(failures.find(name), std::string::npos) << "no fault hit " << name;
    }
}
}  // namespace
