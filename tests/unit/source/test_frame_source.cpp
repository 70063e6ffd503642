// SPDX-License-Identifier: BSD-3-Clause
// What is read of a frame, against the steps done one by one on the whole frame in the plainest
// way.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/core/memory_budget.hpp"
#include "sectile/io/find_images.hpp"
#include "sectile/source/pixel_source.hpp"

#include "unit/core/pseudo_random.hpp"
#include "unit/io/fits_bytes.hpp"

namespace sectile::source
{
namespace
{
using compute::DebayerMethod;
using image::BayerPattern;
using image::Image;

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

/// Which steps a frame goes through.
struct Steps
{
    BayerPattern pattern = BayerPattern::none;
    DebayerMethod method = DebayerMethod::bilinear;
    bool calibrates = false;
    bool masks = false;
    bool weighs = false;
    bool repairs = false;
};

/// The pixels of one camera's files, made up, and the files themselves.
class Survey
{
  public:
    /// Both sides odd when asked: superpixels leave half a cell over then.
    Survey(std::int64_t width, std::int64_t height, std::uint64_t seed)
        : frame{0, 0, width, height}, random_(seed)
    {
        raw = make([&] { return random_.uniform(0.0, 1.0) < 0.01 ? nan_value : real(900, 1100); });
        dark = make([&] { return real(90, 110); });
        flat = make([&] { return random_.uniform(0.0, 1.0) < 0.01 ? 0.0F : real(0.5, 1.5); });
        bad = make([&] { return random_.uniform(0.0, 1.0) < 0.02 ? 1.0F : 0.0F; });
        weight = make([&] { return random_.uniform(0.0, 1.0) < 0.02 ? 0.0F : real(0.01, 0.1); });
        for (std::int64_t i = 0; i < width * height; ++i) {
            // Bit 30 takes the low bits away from a float.
            std::int32_t const high = random_.integer(0, 1) == 0 ? 0 : 1 << 30;
            mask.push_back(high + static_cast<std::int32_t>(random_.integer(0, 40) == 0 ? 4 : 3));
            if (random_.integer(0, 60) == 0) {
                defects.push_back(
                    {static_cast<std::int32_t>(i / width), static_cast<std::int32_t>(i % width)});
            }
        }
    }

    [[nodiscard]] sky::FrameHeader header(Steps const& steps)
    {
        sky::FrameHeader result = file_of("raw", raw);
        sky::FrameGeometry& geometry = result.geometry;
        geometry.bayer = steps.pattern;
        if (steps.pattern != BayerPattern::none) {
            geometry.planes = 3;
            if (steps.method == DebayerMethod::superpixel) {
                geometry.stored_width = std::exchange(geometry.width, geometry.width / 2);
                geometry.stored_height = std::exchange(geometry.height, geometry.height / 2);
            }
        }
        if (steps.weighs) {
            sky::FrameHeader const file = file_of("weight", weight);
            result.weight = {file.path, 0, file.geometry, 2.0};
        }
        if (steps.masks) {
            sky::FrameHeader const file =
                scanned(test::FitsBytes().image(32, axes()).data(mask).write(folder / "mask.fits"));
            result.mask = {file.path, 0, file.geometry, 1.0};
        }
        return result;
    }

    [[nodiscard]] FramePreparation preparation(Steps const& steps)
    {
        FramePreparation result;
        result.debayer = steps.method;
        result.mask_bits = 4;
        if (steps.repairs) {
            result.defects = std::make_shared<std::vector<compute::DefectPosition>>(defects);
        }
        if (steps.calibrates) {
            auto calibration = std::make_shared<CalibrationFrames>();
            calibration->dark = file_of("dark", dark);
            calibration->flat = file_of("flat", flat);
            calibration->bad_pixels = file_of("bad", bad);
            calibration->flat_level = {{1.25}};
            calibration->flat_level_rggb = {{1.0, 2.0, 3.0}};
            calibration->flat_level_grbg = {{4.0, 5.0, 6.0}};
            result.calibration = calibration;
        }
        return result;
    }

    core::Box frame;
    std::vector<float> raw, dark, flat, bad, weight;
    std::vector<std::int32_t> mask;
    std::vector<compute::DefectPosition> defects;
    test::ScratchFolder folder{"frame_source"};

  private:
    float real(double low, double high) { return static_cast<float>(random_.uniform(low, high)); }

    std::vector<float> make(std::function<float()> const& value)
    {
        std::vector<float> values(static_cast<std::size_t>(frame.area()));
        std::ranges::generate(values, value);
        return values;
    }
    [[nodiscard]] std::vector<int> axes() const
    {
        return {static_cast<int>(frame.width()), static_cast<int>(frame.height())};
    }
    static sky::FrameHeader scanned(std::string const& path)
    {
        sky::FrameHeader result;
        result.path = path;
        result.geometry = io::find_images(path).at(0).geometry;
        return result;
    }
    sky::FrameHeader file_of(std::string const& name, std::vector<float> const& values)
    {
        return scanned(
            test::FitsBytes().image(-32, axes()).data(values).write(folder / (name + ".fits")));
    }

    PseudoRandom random_;
};

/// Level of the flat's colour at a pixel, as Survey::preparation() states it.
double level_at(BayerPattern pattern, std::int64_t x, std::int64_t y)
{
    int const plane = image::bayer_plane(pattern, x, y);
    switch (pattern) {
        case BayerPattern::rggb:
            return 1.0 + plane;
        case BayerPattern::bggr:
            return 3.0 - plane;
        case BayerPattern::grbg:
            return 4.0 + plane;
        case BayerPattern::gbrg:
            return 6.0 - plane;
        case BayerPattern::none:
            break;
    }
    return 1.25;
}

/// The stored plane after calibration, mask and repair; `weight` receives inverse variances.
Image<float> plain_stored(Survey const& survey, Steps const& steps, Image<float>& weight)
{
    Image<float> stored(survey.frame, 1);
    weight = Image<float>(survey.frame, 1);
    for (std::int64_t y = 0; y < survey.frame.y1; ++y) {
        for (std::int64_t x = 0; x < survey.frame.x1; ++x) {
            auto const i = static_cast<std::size_t>(y * survey.frame.width() + x);
            float value = survey.raw[i];
            if (steps.calibrates) {
                auto const level = static_cast<float>(level_at(steps.pattern, x, y));
                value = (value - survey.dark[i]) * (level / survey.flat[i]);
                value = survey.flat[i] > 0.0F && survey.bad[i] == 0.0F ? value : nan_value;
            }
            value = steps.masks && (survey.mask[i] & 4) != 0 ? nan_value : value;
            value = steps.weighs && !(survey.weight[i] > 0.0F) ? nan_value : value;
            stored.view().at(0, x, y) = value;
            weight.view().at(0, x, y) = 2.0F * survey.weight[i];
        }
    }
    if (steps.repairs) {
        compute::repair_pixels(stored.view(), steps.pattern, survey.defects);
    }
    for (std::int64_t y = 0; y < survey.frame.y1; ++y) {
        for (std::int64_t x = 0; x < survey.frame.x1; ++x) {
            float& own = weight.view().at(0, x, y);
            own = std::isnan(stored.view().at(0, x, y)) ? 0.0F : own;
        }
    }
    return stored;
}

float at_or(Image<float> const& pixels, int plane, std::int64_t x, std::int64_t y, float outside)
{
    return pixels.box().contains(x, y) ? pixels.view().at(plane, x, y) : outside;
}

/// All that read() should give for a window, from the whole frame.
SourcePixels plain(Survey const& survey, Steps const& steps, core::Box const& window)
{
    Image<float> weight;
    Image<float> const stored = plain_stored(survey, steps, weight);
    Image<float> science(survey.frame, 1);
    bool const is_mosaic = steps.pattern != BayerPattern::none;
    if (is_mosaic) {
        science = Image<float>(compute::debayered_box_of(steps.method, survey.frame), 3);
        compute::debayer(steps.method, steps.pattern, stored.view(), science.view());
    }
    bool const is_cell = is_mosaic && steps.method == DebayerMethod::superpixel;
    SourcePixels result;
    result.science = Image<float>(window, is_mosaic ? 3 : 1);
    result.weight = Image<float>(window, is_cell ? 3 : 1);
    for (std::int64_t y = window.y0; y < window.y1; ++y) {
        for (std::int64_t x = window.x0; x < window.x1; ++x) {
            for (int c = 0; c < result.science.planes(); ++c) {
                result.science.view().at(c, x, y) =
                    at_or(is_mosaic ? science : stored, c, x, y, nan_value);
            }
            for (int c = 0; c < result.weight.planes() && !is_cell; ++c) {
                result.weight.view().at(c, x, y) = at_or(weight, 0, x, y, 0.0F);
            }
            for (int c = 0; c < 3 && is_cell && science.box().contains(x, y); ++c) {
                std::vector<double> variances;
                for (auto const& [rx, ry] :
                     {std::pair{2 * x, 2 * y}, std::pair{2 * x + 1, 2 * y},
                      std::pair{2 * x, 2 * y + 1}, std::pair{2 * x + 1, 2 * y + 1}}) {
                    double const own = weight.view().at(0, rx, ry);
                    if (image::bayer_plane(steps.pattern, rx, ry) == c && own > 0.0) {
                        variances.push_back(1.0 / own);
                    }
                }
                double sum = 0.0;
                for (double const variance : variances) {
                    sum += variance;
                }
                auto const count = static_cast<double>(variances.size());
                result.weight.view().at(c, x, y) =
                    variances.empty() ? 0.0F : static_cast<float>(count * count / sum);
            }
        }
    }
    return result;
}

std::vector<Steps> all_steps()
{
    std::vector<Steps> list;
    for (BayerPattern const pattern : {BayerPattern::none, BayerPattern::rggb, BayerPattern::bggr,
                                       BayerPattern::grbg, BayerPattern::gbrg}) {
        for (DebayerMethod const method :
             {DebayerMethod::bilinear, DebayerMethod::vng, DebayerMethod::superpixel}) {
            for (unsigned which = 0; which < 16; ++which) {
                list.push_back({pattern, method, (which & 1U) != 0, (which & 2U) != 0,
                                (which & 4U) != 0, (which & 8U) != 0});
            }
        }
    }
    return list;
}

std::string name_of(Steps const& steps)
{
    return "pattern " + std::to_string(static_cast<int>(steps.pattern)) + ", method " +
           std::to_string(static_cast<int>(steps.method)) +
           (steps.calibrates ? ", calibrates" : "") + (steps.masks ? ", masks" : "") +
           (steps.weighs ? ", weighs" : "") + (steps.repairs ? ", repairs" : "");
}

TEST(FrameSource, GivesWhatTheStepsGiveOneByOneInEveryWindow)
{
    Survey survey(41, 33, 1);
    for (Steps const& steps : all_steps()) {
        SCOPED_TRACE(name_of(steps));
        auto const source = make_frame_source(survey.header(steps), survey.preparation(steps));
        core::Box const all = source->bounds();

        for (core::Box const& window :
             {all, core::Box{3, 5, 4, 6}, core::Box{7, 2, 18, 15}, all.grown_by(3),
              core::Box{all.x1 - 2, all.y1 - 3, all.x1 + 4, all.y1 + 1},
              core::Box{-20, -20, -3, -2}}) {
            SourcePixels const pixels = source->read(window);
            SourcePixels const expected = plain(survey, steps, window);

            EXPECT_EQ(test::bits_of(pixels.science.view()), test::bits_of(expected.science.view()));
            ASSERT_EQ(pixels.weight.empty(), !steps.weighs);
            if (steps.weighs) {
                EXPECT_EQ(test::bits_of(pixels.weight.view()),
                          test::bits_of(expected.weight.view()));
            }
        }
    }
}

TEST(FrameSource, RawSourceIsTheStoredPlane)
{
    Survey survey(41, 33, 2);
    Steps steps{BayerPattern::grbg, DebayerMethod::superpixel, true, true, true, true};
    auto const source = make_raw_source(survey.header(steps), survey.preparation(steps));
    Image<float> weight;
    Image<float> const expected = plain_stored(survey, steps, weight);

    SourcePixels const pixels = source->read(survey.frame);

    EXPECT_EQ(source->bounds(), survey.frame);
    EXPECT_EQ(test::bits_of(pixels.science.view()), test::bits_of(expected.view()));
    EXPECT_EQ(test::bits_of(pixels.weight.view()), test::bits_of(std::as_const(weight).view()));
}

TEST(FrameSource, AMapThatDoesNotWeighStillMasks)
{
    Survey survey(41, 33, 3);
    Steps const steps{.weighs = true};
    FramePreparation preparation = survey.preparation(steps);
    preparation.weighs = false;
    auto const source = make_frame_source(survey.header(steps), preparation);

    SourcePixels const pixels = source->read(survey.frame);

    EXPECT_TRUE(pixels.weight.empty());
    EXPECT_EQ(source->held_planes(), 1);
    EXPECT_EQ(test::bits_of(pixels.science.view()),
              test::bits_of(plain(survey, steps, survey.frame).science.view()));
}

TEST(FrameSource, TakesVariancesAndRms)
{
    Survey survey(8, 8, 4);
    survey.weight.assign(64, 4.0F);
    survey.weight[5] = -4.0F;
    survey.weight[6] = 0.0F;
    survey.weight[7] = std::numeric_limits<float>::infinity();
    Steps const steps{.weighs = true};
    for (auto const& [meaning, expected] :
         {std::pair{WeightType::inverse_variance, 8.0F}, std::pair{WeightType::map_variance, 0.5F},
          std::pair{WeightType::map_rms, 0.125F}}) {
        FramePreparation preparation = survey.preparation(steps);
        preparation.weight_type = meaning;

        SourcePixels const pixels =
            make_frame_source(survey.header(steps), preparation)->read(survey.frame);

        EXPECT_EQ(pixels.weight.view().at(0, 0, 1), expected);
        for (std::int64_t const bad : {5, 6, 7}) {
            EXPECT_EQ(pixels.weight.view().at(0, bad, 0), 0.0F);
            EXPECT_TRUE(std::isnan(pixels.science.view().at(0, bad, 0)));
        }
    }
}

TEST(FrameSource, HoldsNoMoreThanItSays)
{
    // Large enough that all buffers are counted.
    Survey survey(401, 302, 5);
    core::MemoryBudget& budget = core::MemoryBudget::of_process();
    for (Steps const& steps : all_steps()) {
        SCOPED_TRACE(name_of(steps));
        auto const header = survey.header(steps);
        for (auto const& source : {make_frame_source(header, survey.preparation(steps)),
                                   make_raw_source(header, survey.preparation(steps))}) {
            core::Box const window = source->bounds();
            std::int64_t const before = budget.in_use();
            budget.reset_peak();

            SourcePixels const pixels = source->read(window);

            // Rows are rounded up to 16 floats; superpixels are read from rows twice as long.
            core::Box wide = window.grown_by(source->margin_while_reading());
            wide.x1 += 15;
            auto const result =
                static_cast<std::int64_t>(pixels.science.bytes() + pixels.weight.bytes());
            std::int64_t const beside = 4 * source->planes_while_reading() * wide.area();
            EXPECT_LE(budget.peak() - before, result + beside);
            EXPECT_GE(budget.peak() - before, result + beside / 3) << "the figure is no fantasy";
            EXPECT_LE(result, 4 * source->held_planes() * wide.area());
        }
    }
}

TEST(FrameSource, CountsTheLargestFileThatIsUnpacked)
{
    sky::FrameHeader header;
    header.path = "frame.fits";
    header.geometry = {10, 10, 1, 1, false, BayerPattern::none, 16};
    FramePreparation preparation;
    auto calibration = std::make_shared<CalibrationFrames>();
    calibration->dark = header;
    calibration->dark->path = "dark.fits.gz";
    calibration->dark->geometry.bits_per_pixel = -32;
    preparation.calibration = calibration;

    EXPECT_EQ(make_frame_source(header)->bytes_while_open(), 0);
    EXPECT_EQ(make_frame_source(header, preparation)->bytes_while_open(), 400);
}

TEST(FrameSource, RefusesWhatDoesNotFit)
{
    Survey survey(41, 33, 6);
    Steps const steps{.calibrates = true, .masks = true, .weighs = true};
    sky::FrameHeader const good = survey.header(steps);

    sky::FrameHeader other = good;
    other.geometry.width = 40;
    EXPECT_THROW((void)make_frame_source(other, survey.preparation(steps)), core::InternalError);
    other = good;
    other.weight.geometry.height = 32;
    EXPECT_THROW((void)make_frame_source(other, survey.preparation({})), core::InternalError);
    other = good;
    other.mask.geometry.stored_planes = 2;
    EXPECT_THROW((void)make_frame_source(other, survey.preparation({})), core::InternalError);
    Steps mosaic{.pattern = BayerPattern::rggb};
    sky::FrameHeader const not_halved = survey.header(mosaic);
    mosaic.method = DebayerMethod::superpixel;
    EXPECT_THROW((void)make_frame_source(not_halved, survey.preparation(mosaic)),
                 core::InternalError);
}
}  // namespace
}  // namespace sectile::source
