// SPDX-License-Identifier: BSD-3-Clause
// Master tiles against the truth of simulated surveys: noise, weights, fluxes and positions.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sectile/io/frame_reader.hpp"
#include "sectile/measure/measure_stars.hpp"
#include "sectile/sky/sky_wcs.hpp"

#include "end_to_end/sectile_runs.hpp"
#include "support/read_image.hpp"

namespace
{
using sectile::test::ProgramResult;
using sectile::test::read_file;
using sectile::test::read_image;
using sectile::test::run_sectile;
using sectile::test::ScratchFolder;
using sectile::test::simulate;
namespace core = sectile::core;
namespace image = sectile::image;
namespace io = sectile::io;

/// Frames of one pointing with nothing but noise of sigma `noise` on a flat sky.
std::string const flat_sky =
    " --nebulosity 0 --star-density 0 --hot-pixels 0 --trails 0 --gradient 0 --gain-scatter 0"
    " --sky-scatter 0 --width 300 --height 240";
std::string const mono = " --colour mono --bits-per-pixel -32";

void run(std::string const& input, std::string const& output, std::string const& options)
{
    ProgramResult const done = run_sectile(input, output, options);
    ASSERT_EQ(done.exit_code, 0) << done.output;
}

/// Science, weight and coverage of the only tile of a run.
struct Tile
{
    image::Image<float> science;
    image::Image<float> weight;
    image::Image<float> coverage;

    /// Covered where there is weight.
    Tile(image::Image<float> pixels, image::Image<float> weights)
        : science(std::move(pixels)),
          weight(std::move(weights)),
          coverage(weight.box(), weight.planes())
    {
        for (int c = 0; c < weight.planes(); ++c) {
            for (std::int64_t y = weight.box().y0; y < weight.box().y1; ++y) {
                std::transform(std::as_const(weight).view().row(c, y),
                               std::as_const(weight).view().row(c, y) + weight.box().width(),
                               coverage.view().row(c, y),
                               [](float w) { return w > 0.0F ? 1.0F : 0.0F; });
            }
        }
    }
    explicit Tile(std::string const& output)
        : science(read_image(output + "/.sectile/tiles/tile_00000.fits")),
          weight(read_image(output + "/.sectile/tiles/tile_00000.weight.fits")),
          coverage(read_image(output + "/.sectile/tiles/tile_00000.coverage.fits"))
    {}
};

constexpr double sky_level = 1000.0;  // of the simulator

struct Moments
{
    double mean = 0.0;
    double sigma = 0.0;
    std::int64_t count = 0;
};

/// A plane and its level.
struct Sky
{
    int plane = 0;
    double level = sky_level;
};

/// Of (value - sky) * scale(x, y) over the pixels that have data from at least `least` frames.
template <class Scale>
Moments moments_of(Tile const& tile, float least, Scale const& scale, Sky const& sky = {})
{
    double sum = 0.0;
    double squares = 0.0;
    Moments moments;
    core::Box const box = tile.science.box();
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        for (std::int64_t x = box.x0; x < box.x1; ++x) {
            if (tile.coverage.view().at(sky.plane, x, y) >= least) {
                double const value =
                    (tile.science.view().at(sky.plane, x, y) - sky.level) * scale(x, y);
                sum += value;
                squares += value * value;
                ++moments.count;
            }
        }
    }
    moments.mean = sum / static_cast<double>(moments.count);
    moments.sigma = std::sqrt(squares / static_cast<double>(moments.count));
    return moments;
}

Moments pulls_of(Tile const& tile, float least, Sky const& sky = {})
{
    return moments_of(
        tile, least,
        [&](std::int64_t x, std::int64_t y) {
            return std::sqrt(static_cast<double>(tile.weight.view().at(sky.plane, x, y)));
        },
        sky);
}

/// Two surveys of one pointing: other noise, other seeds.
void simulate_unequal(ScratchFolder const& scratch, std::string const& options)
{
    simulate(scratch / "frames/quiet", flat_sky + options +
                                           " --columns 1 --frames 5 --frames-per-pointing 5"
                                           " --noise 6 --seed 31");
    simulate(scratch / "frames/loud", flat_sky + options +
                                          " --columns 1 --frames 6 --frames-per-pointing 6"
                                          " --noise 15 --seed 32");
}

TEST(MasterTileScore, NoiseOfTheStackIsTheOptimum)
{
    ScratchFolder const scratch("tile_noise");
    // All frames on one grid: nothing but the combination acts on the noise.
    simulate_unequal(scratch, mono + " --dither 0 --rotation 0");
    double const optimum = 1.0 / std::sqrt(5.0 / 36.0 + 6.0 / 225.0);
    for (std::string const method :
         {"none", "kappa_sigma", "winsorized_sigma_clip", "linear_fit_clip"}) {
        std::string const output = scratch / method;
        run(scratch / "frames", output,
            "--keep tiles --resample nearest --stacking-rejection-algorithm " + method);

        Tile const tile(output);
        Moments const noise = moments_of(tile, 8.0F, [](auto, auto) { return 1.0; });

        EXPECT_GT(noise.count, 60000);
        EXPECT_NEAR(noise.sigma / optimum, 1.0, 0.03) << method;
        EXPECT_LT(std::abs(noise.mean), 0.1 * optimum) << method;
    }
}

TEST(MasterTileScore, WeightIsTheInverseVariance)
{
    ScratchFolder const scratch("tile_pulls");
    simulate_unequal(scratch, mono + " --dither 9 --rotation 6");
    for (std::string const options :
         {"--resample lanczos3", "--resample bilinear", "--resample bicubic",
          "--stacking-rejection-algorithm none", "--stacking-rejection-algorithm linear_fit_clip",
          "--stacking-rejection-algorithm none --stacking-final-combine-method median",
          "--apply-radial-weight true"}) {
        std::string const output = scratch / "out";
        std::filesystem::remove_all(output);
        run(scratch / "frames", output, "--keep tiles " + options);

        Tile const tile(output);
        Moments const all = pulls_of(tile, 1.0F);
        Moments const deep = pulls_of(tile, 11.0F);

        EXPECT_NEAR(all.sigma, 1.0, 0.05) << options;
        EXPECT_NEAR(deep.sigma, 1.0, 0.05) << options;
        RecordProperty("pulls " + options, std::to_string(all.sigma));
        std::printf("pulls %-75s all %.4f deep %.4f\n", options.c_str(), all.sigma, deep.sigma);
    }
}

TEST(MasterTileScore, WeightOfColourFramesIsTheInverseVariance)
{
    ScratchFolder const scratch("tile_colours");
    // Counts of a camera: debayering shares the noise out among neighbours.
    simulate_unequal(scratch, " --colour bayer --dither 9 --rotation 6");
    for (std::string const options : {"--debayer bilinear", "--debayer vng", "--debayer superpixel",
                                      "--debayer bilinear --resample bilinear"}) {
        std::string const output = scratch / "out";
        std::filesystem::remove_all(output);
        run(scratch / "frames", output, "--keep tiles " + options);

        Tile const tile(output);
        std::array const relative_sky{1.05, 1.0, 0.85};  // of the simulator
        for (int plane = 0; plane < 3; ++plane) {
            Moments const pulls = pulls_of(
                tile, 1.0F, {plane, sky_level * relative_sky[static_cast<std::size_t>(plane)]});
            EXPECT_NEAR(pulls.sigma, 1.0, 0.05) << options << ", plane " << plane;
            std::printf("pulls %-45s plane %d %.4f\n", options.c_str(), plane, pulls.sigma);
        }
    }
}

TEST(MosaicScore, WeightIsTheInverseVariance)
{
    // Four tiles that overlap, resampled a second time and tapered at their edges.
    for (std::string const colour : {" --colour bayer", " --colour mono"}) {
        ScratchFolder const scratch("mosaic_pulls");
        simulate(scratch / "frames", flat_sky + colour +
                                         " --columns 2 --frames 24 --frames-per-pointing 6"
                                         " --dither 9 --rotation 6 --overlap 0.4 --seed 33");
        for (std::string const options :
             {"--mode classic", "--mode mosaic-first", "--mode classic --resample bilinear"}) {
            std::string const output = scratch / "out";
            std::filesystem::remove_all(output);
            run(scratch / "frames", output, options);

            auto header = io::scan_file(output + "/mosaic.fits", false).frames.at(0);
            image::Image<float> science = read_image(header);
            header.hdu = 1;  // the weights: no frame to be found, but of the same shape
            Tile const mosaic(std::move(science), read_image(header));
            double const level = colour == " --colour mono" ? sky_level : 1.05 * sky_level;
            Moments const pulls = pulls_of(mosaic, 1.0F, {0, level});
            EXPECT_NEAR(pulls.sigma, 1.0, 0.05) << colour << " " << options;
            std::printf("pulls of the mosaic %-15s %-40s %.4f\n", colour.c_str(), options.c_str(),
                        pulls.sigma);
        }
    }
}

/// Differences between neighbours of a row in the middle half of the rows, ascending. (Above and
/// below two edges of tiles cross, where both weights vanish and their ratio turns fast.)
std::vector<double> steps_of(image::Image<float> const& mosaic)
{
    std::vector<double> steps;
    core::Box const box = mosaic.box();
    for (std::int64_t y = box.y1 / 4; y < 3 * box.y1 / 4; ++y) {
        for (std::int64_t x = box.x0; x + 1 < box.x1; ++x) {
            double const step = std::abs(mosaic.view().at(0, x + 1, y) - mosaic.view().at(0, x, y));
            if (std::isfinite(step)) {
                steps.push_back(step);
            }
        }
    }
    std::ranges::sort(steps);
    return steps;
}

TEST(TileSeams, VanishOverTheFeatherWhateverTheSkies)
{
    ScratchFolder const scratch("tile_seams");
    // Two tiles of one turned frame each without noise (where the number of frames changes, so
    // do the weights); skies some 10 % apart, not matched.
    simulate(scratch / "frames",
             " --columns 2 --colour mono --bits-per-pixel -32 --nebulosity 0 --star-density 0"
             " --hot-pixels 0 --trails 0 --noise 0 --gradient 0.0005 --gain-scatter 0"
             " --sky-scatter 0.1 --rotation 9 --frames 2 --frames-per-pointing 1 --overlap 0.5"
             " --seed 4");
    std::string const options =
        "--intertile-photometric-match off --stacking-rejection-algorithm none"
        " --keep tiles --feather-px ";
    run(scratch / "frames", scratch / "feathered", options + "64");
    run(scratch / "frames", scratch / "sharp", options + "0");

    auto const feathered = steps_of(read_image(scratch / "feathered/mosaic.fits"));
    auto const sharp = steps_of(read_image(scratch / "sharp/mosaic.fits"));

    double const seam = sharp.back();
    EXPECT_GT(seam, 20.0) << "the skies must differ for a seam to show";
    // cos^2 over 64 pixels rises by at most pi / 2 / 64 = 0.025 a pixel.
    EXPECT_LT(feathered.back(), 0.03 * seam);
    EXPECT_GT(sharp[sharp.size() - 100], 0.5 * seam);
    EXPECT_EQ(feathered.size(), sharp.size()) << "the feather loses no pixel";
}

/// A star of the truth and the measured one nearest to it.
struct Pair
{
    double flux_ratio;
    double dx;
    double dy;
};

/// Bright, unsaturated, alone: where flux and position can be told to the bars.
class StarScore : public ::testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        scratch = new ScratchFolder("star_score");
        // Gains from 0.8 to 1.1 and more: what a night of changing transparency brings.
        simulate(*scratch / "frames",
                 " --frames 8 --frames-per-pointing 8 --columns 1 --width 1500 --height 1200"
                 " --colour mono --bits-per-pixel -32 --nebulosity 0 --hot-pixels 0 --trails 0"
                 " --gain-scatter 0.1 --gradient 0.01 --star-density 2500 --seed 77");
        run(*scratch / "frames", *scratch / "out", "");
        pairs = match(*scratch / "out");
        ASSERT_GT(pairs.size(), 30U);
    }
    static void TearDownTestSuite()
    {
        delete scratch;
        scratch = nullptr;
    }

    static std::vector<Pair> match(std::string const& output)
    {
        io::FileScan const scan = io::scan_file(output + "/mosaic.fits", false);
        image::Image<float> const mosaic = read_image(output + "/mosaic.fits");
        sectile::measure::MeasureOptions options;
        options.saturation = 40000.0;
        auto const catalog = sectile::measure::measure_stars(mosaic.view(), 0, options);
        sectile::sky::SkyWcs const wcs(scan.frames.at(0).wcs);
        auto const truth = nlohmann::json::parse(read_file(*scratch / "frames/truth.json"));

        struct True
        {
            double x;
            double y;
            double flux;
        };
        std::vector<True> stars;
        for (auto const& star : truth["stars"]) {
            auto const at = wcs.sky_to_pixel(
                {core::Angle::from_degrees(star["ra"]), core::Angle::from_degrees(star["dec"])});
            stars.push_back({at.x, at.y, star["flux"][0]});
        }
        std::vector<Pair> pairs;
        for (auto const& found : catalog.stars) {
            if (found.saturated || found.near_edge || found.near_mask || found.blended) {
                continue;
            }
            True const* nearest = nullptr;
            double around = 0.0;  // flux of others that may reach into the aperture
            for (True const& star : stars) {
                double const distance = std::hypot(star.x - found.x, star.y - found.y);
                if (distance < 1.0) {
                    nearest = &star;
                } else if (distance < 9.0) {
                    around += star.flux;
                }
            }
            // Noise of a flux below 0.2 % in the stack, and nobody near who matters.
            if (nearest != nullptr && nearest->flux > 1.3e4 && around < 1e-3 * nearest->flux) {
                pairs.push_back(
                    {found.flux / nearest->flux, found.x - nearest->x, found.y - nearest->y});
            }
        }
        return pairs;
    }

    static ScratchFolder* scratch;
    static std::vector<Pair> pairs;
};

ScratchFolder* StarScore::scratch = nullptr;
std::vector<Pair> StarScore::pairs;

TEST_F(StarScore, PositionsOfBrightStarsAreRight)
{
    double squares = 0.0;
    for (Pair const& pair : pairs) {
        squares += pair.dx * pair.dx + pair.dy * pair.dy;
    }
    double const rms = std::sqrt(squares / static_cast<double>(pairs.size()));
    std::printf("%zu stars, astrometric rms %.4f px\n", pairs.size(), rms);

    EXPECT_LE(rms, 0.03);
}

/// Scatter of the flux ratios after a common zero point, relative: 1.4826 times the median
/// deviation from the median.
double flux_scatter(std::vector<Pair> const& pairs)
{
    std::vector<double> ratio;
    for (Pair const& pair : pairs) {
        ratio.push_back(pair.flux_ratio);
    }
    auto const median = [](std::vector<double> values) {
        std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
        return values[values.size() / 2];
    };
    double const zero_point = median(ratio);
    for (double& value : ratio) {
        value = std::abs(value / zero_point - 1.0);
    }
    return 1.4826 * median(ratio);
}

// One pointing, so that one zero point serves all: gains between tiles are another matter.
TEST_F(StarScore, FluxesOfBrightStarsAreRightWithNormalisedGains)
{
    double const scatter = flux_scatter(pairs);
    std::printf("%zu stars, photometric scatter %.3f %%\n", pairs.size(), 100.0 * scatter);

    EXPECT_LE(scatter, 0.005);
}
}  // namespace
