// SPDX-License-Identifier: BSD-3-Clause
// Which share of the samples of a pixel was rejected, on both sides of the survivors.
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "scene.hpp"

namespace sectile::compute
{
namespace
{
using testing::Affine;
using testing::different_bits;
using testing::Output;
using testing::Samples;
using testing::SourceImage;
using testing::ThreadRunner;

constexpr Rejection all_methods[] = {Rejection::kappa_sigma, Rejection::winsorized_sigma_clip,
                                     Rejection::linear_fit_clip};

/// Output with both maps, which start as something that no fraction is.
struct MappedOutput
{
    Output rows;
    image::Image<float> low;
    image::Image<float> high;

    MappedOutput(core::Box const& strip, int planes)
        : rows(strip, planes), low(strip, planes), high(strip, planes)
    {
        for (int c = 0; c < planes; ++c) {
            for (std::int64_t y = strip.y0; y < strip.y1; ++y) {
                std::fill_n(low.view().row(c, y), strip.width(), -7.0F);
                std::fill_n(high.view().row(c, y), strip.width(), -7.0F);
            }
        }
    }
    [[nodiscard]] StripOutput view()
    {
        StripOutput output = rows.view();
        output.rejected_low = low.view();
        output.rejected_high = high.view();
        return output;
    }
};

std::int64_t different_maps(MappedOutput const& a, MappedOutput const& b)
{
    return different_bits<float>(a.low.view(), b.low.view()) +
           different_bits<float>(a.high.view(), b.high.view());
}

struct HandMadeSample
{
    float value;
    float weight = 1.0F;
};

/// The samples of one pixel and how many of them a method has to reject.
struct HandMadePixel
{
    std::vector<HandMadeSample> samples;
    int low;
    int high;
};

/// Clean samples about 100 with a noise of 1.
std::vector<HandMadeSample> clean(int count)
{
    constexpr float pattern[] = {0.0F,  0.9F, -0.8F, 0.4F, -0.3F, 1.1F,
                                 -1.0F, 0.2F, -0.6F, 0.7F, -0.1F, 0.5F};
    std::vector<HandMadeSample> samples;
    for (int i = 0; i < count; ++i) {
        samples.push_back({100.0F + pattern[i % 12]});
    }
    return samples;
}

std::vector<HandMadeSample> with(std::vector<HandMadeSample> samples,
                                 std::vector<HandMadeSample> const& others)
{
    // Not at the end: the order of the sources is not that of the values.
    samples.insert(samples.begin() + std::ssize(samples) / 2, others.begin(), others.end());
    return samples;
}

/// More than one group of lanes, and a group that is not full.
std::vector<HandMadePixel> hand_made_pixels()
{
    return {{clean(12), 0, 0},
            {with(clean(9), {{600.0F}}), 0, 1},
            {with(clean(9), {{-400.0F}}), 1, 0},
            {with(clean(9), {{600.0F}, {-400.0F}, {700.0F}}), 1, 2},
            {{}, 0, 0},
            // What has no weight is no sample, however far it lies out.
            {with(clean(7), {{1e6F, 0.0F}, {600.0F}, {-1e6F, 0.0F}}), 0, 1},
            {with(clean(8), {{600.0F, 0.01F}, {-400.0F, 50.0F}}), 1, 1},
            {std::vector<HandMadeSample>(6, {100.0F}), 0, 0},
            {{{100.0F}}, 0, 0},
            {{{100.0F}, {600.0F}}, 0, 0},
            {with(clean(10), {{600.0F}, {600.0F}}), 0, 2},
            {{{1e6F, 0.0F}}, 0, 0}};
}

/// The pixels as one row, one block per source.
class HandMadeRow
{
  public:
    explicit HandMadeRow(std::vector<HandMadePixel> const& pixels)
        : strip_{0, 0, std::ssize(pixels), 1}
    {
        std::size_t depth = 0;
        for (HandMadePixel const& pixel : pixels) {
            depth = std::max(depth, pixel.samples.size());
        }
        for (std::size_t s = 0; s < depth; ++s) {
            held_.push_back(std::make_unique<Samples>(strip_, 1));
            for (std::size_t i = 0; i < pixels.size(); ++i) {
                if (s < pixels[i].samples.size()) {
                    HandMadeSample const& sample = pixels[i].samples[s];
                    auto const x = static_cast<std::int64_t>(i);
                    held_[s]->value.view().at(0, x, 0) = sample.value;
                    held_[s]->weight.view().at(0, x, 0) = sample.weight;
                    held_[s]->coverage.view().at(0, x, 0) = 1.0F;
                    held_[s]->sigma.view().at(0, x, 0) = 1.0F;
                    held_[s]->excess.view().at(0, x, 0) = 1.0F;
                }
            }
            blocks_.emplace_back(
                held_[s]->block(core::SourceId{static_cast<std::uint32_t>(s)}, noise_));
        }
    }
    [[nodiscard]] std::vector<StripSource> const& blocks() const { return blocks_; }
    [[nodiscard]] core::Box const& strip() const { return strip_; }

  private:
    core::Box strip_;
    std::vector<double> noise_{1.0};
    std::vector<std::unique_ptr<Samples>> held_;
    std::vector<StripSource> blocks_;
};

int samples_of(HandMadePixel const& pixel)
{
    int count = 0;
    for (HandMadeSample const& sample : pixel.samples) {
        count += sample.weight > 0.0F ? 1 : 0;
    }
    return count;
}

void expect_fraction(float found, int rejected, int samples, std::string const& where)
{
    if (samples == 0) {
        EXPECT_TRUE(std::isnan(found)) << where << " is " << found;
    } else {
        EXPECT_EQ(found, static_cast<float>(rejected) / static_cast<float>(samples)) << where;
    }
}

TEST(RejectionMaps, CountWhatEachMethodRemoves)
{
    ThreadRunner runner(1);
    std::vector<HandMadePixel> const pixels = hand_made_pixels();
    HandMadeRow const row(pixels);
    for (auto const& backend : {make_reference_backend(), make_cpu_backend(runner)}) {
        for (Rejection const method : all_methods) {
            for (FinalCombine const combine : {FinalCombine::mean, FinalCombine::median}) {
                CoaddRecipe recipe;
                recipe.combine.rejection = method;
                recipe.combine.final_combine = combine;
                MappedOutput output(row.strip(), 1);

                backend->combine(row.blocks(), recipe, output.view());

                for (std::size_t i = 0; i < pixels.size(); ++i) {
                    auto const x = static_cast<std::int64_t>(i);
                    std::string const where = backend->name() + ", method " +
                                              std::to_string(static_cast<int>(method)) +
                                              ", pixel " + std::to_string(i);
                    int const samples = samples_of(pixels[i]);
                    expect_fraction(output.low.view().at(0, x, 0), pixels[i].low, samples,
                                    where + " low");
                    expect_fraction(output.high.view().at(0, x, 0), pixels[i].high, samples,
                                    where + " high");
                }
            }
        }
    }
}

TEST(RejectionMaps, AreZeroWhereNothingIsRejected)
{
    ThreadRunner runner(1);
    std::vector<HandMadePixel> const pixels = hand_made_pixels();
    HandMadeRow const row(pixels);
    for (auto const& backend : {make_reference_backend(), make_cpu_backend(runner)}) {
        for (FinalCombine const combine : {FinalCombine::mean, FinalCombine::median}) {
            CoaddRecipe recipe;
            recipe.combine.final_combine = combine;
            MappedOutput output(row.strip(), 1);

            backend->combine(row.blocks(), recipe, output.view());

            for (std::size_t i = 0; i < pixels.size(); ++i) {
                auto const x = static_cast<std::int64_t>(i);
                int const samples = samples_of(pixels[i]);
                expect_fraction(output.low.view().at(0, x, 0), 0, samples, backend->name());
                expect_fraction(output.high.view().at(0, x, 0), 0, samples, backend->name());
            }
        }
        StripSums sums(row.strip(), 1);
        MappedOutput finished(row.strip(), 1);
        MappedOutput combined(row.strip(), 1);
        backend->accumulate(row.blocks(), {}, sums);
        backend->finish(sums, finished.view());
        backend->combine(row.blocks(), {}, combined.view());
        EXPECT_EQ(different_maps(finished, combined), 0) << backend->name();
    }
}

core::Box const strip{-10, -6, 150, 110};

/// Noisy frames with outliers on both sides and holes, turned against the strip.
std::vector<std::unique_ptr<SourceImage>> struck_sources(int count)
{
    std::vector<std::unique_ptr<SourceImage>> sources;
    for (int s = 0; s < count; ++s) {
        auto const id = static_cast<std::uint32_t>(s);
        auto const pixel = [=](int c, std::int64_t x, std::int64_t y) {
            std::uint64_t const seed = testing::pixel_seed(id + 1, c, x, y);
            double const chance = testing::uniform(seed + 5);
            double const value = 1000.0 + 10.0 * testing::gaussian(seed);
            return chance < 0.03   ? NAN
                   : chance < 0.07 ? value + 300.0
                   : chance < 0.09 ? value - 300.0
                                   : value;
        };
        Affine const affine = Affine::rotation(2.9 * s, 1.0, 0.3 + 0.21 * s, -0.4 + 0.3 * s);
        sources.push_back(std::make_unique<SourceImage>(
            core::SourceId{id}, core::Box{0, 0, 140, 100}, 2, make_map(affine, strip, 16), pixel));
        sources.back()->weight_scale = {0.01 + 0.001 * s, 0.01};
        sources.back()->noise_sigma = {10.0, 10.0};
    }
    return sources;
}

CoaddRecipe bilinear(Rejection method, FinalCombine combine)
{
    CoaddRecipe recipe;
    recipe.resample.kernel = ResampleKernel::bilinear;
    recipe.combine.rejection = method;
    recipe.combine.final_combine = combine;
    recipe.output_weight = OutputWeight::inverse_variance;
    return recipe;
}

/// Share of the pixels that a map says something of, and that is not 0.
double share_above_zero(image::Image<float> const& map)
{
    std::int64_t above = 0;
    std::int64_t known = 0;
    for (std::int64_t y = strip.y0; y < strip.y1; ++y) {
        for (std::int64_t x = strip.x0; x < strip.x1; ++x) {
            float const fraction = map.view().at(1, x, y);
            known += std::isnan(fraction) ? 0 : 1;
            above += fraction > 0.0F ? 1 : 0;
        }
    }
    return static_cast<double>(above) / static_cast<double>(known);
}

TEST(RejectionMaps, OfTheCpuAreThoseOfTheReferenceAndTellOfTheCoverage)
{
    ThreadRunner runner(2);
    auto const cpu = make_cpu_backend(runner);
    auto const reference = make_reference_backend();
    for (int const count : {3, 8, 21}) {
        auto const sources = struck_sources(count);
        for (Rejection const method : all_methods) {
            for (FinalCombine const combine : {FinalCombine::mean, FinalCombine::median}) {
                CoaddRecipe const recipe = bilinear(method, combine);
                // The same samples for both: rounding must not decide on a rejection.
                std::vector<std::unique_ptr<Samples>> held;
                std::vector<StripSource> blocks;
                for (auto const& source : sources) {
                    held.push_back(std::make_unique<Samples>(strip, 2));
                    cpu->resample(source->window(), recipe, held.back()->view());
                    blocks.emplace_back(held.back()->block(source->id, source->noise_sigma));
                }
                MappedOutput fast(strip, 2);
                MappedOutput exact(strip, 2);

                cpu->combine(blocks, recipe, fast.view());
                reference->combine(blocks, recipe, exact.view());

                EXPECT_EQ(different_maps(fast, exact), 0)
                    << count << " frames, method " << static_cast<int>(method);
                if (count > 3) {
                    EXPECT_GT(share_above_zero(fast.low), 0.05);
                    EXPECT_GT(share_above_zero(fast.high), 1.3 * share_above_zero(fast.low));
                }
                for (std::int64_t y = strip.y0; y < strip.y1; ++y) {
                    for (std::int64_t x = strip.x0; x < strip.x1; ++x) {
                        int samples = 0;
                        for (auto const& source : held) {
                            samples += source->weight.view().at(0, x, y) > 0.0F ? 1 : 0;
                        }
                        float const kept =
                            1.0F - fast.low.view().at(0, x, y) - fast.high.view().at(0, x, y);
                        auto const survivors = fast.rows.coverage.view().at(0, x, y);
                        ASSERT_EQ(std::isnan(kept), samples == 0);
                        ASSERT_EQ(samples == 0 ? 0L : std::lround(kept * samples), survivors);
                    }
                }
            }
        }
    }
}

TEST(RejectionMaps, DoNotDependOnStripsThreadsOrTheWayOfTheSamples)
{
    ThreadRunner one(1);
    ThreadRunner three(3);
    auto const cpu = make_cpu_backend(one);
    auto const threaded = make_cpu_backend(three);
    auto const sources = struck_sources(9);
    auto const windows = windows_of(sources);
    for (Rejection const method : {Rejection::none, Rejection::kappa_sigma,
                                   Rejection::winsorized_sigma_clip, Rejection::linear_fit_clip}) {
        CoaddRecipe const recipe = bilinear(method, FinalCombine::mean);
        MappedOutput whole(strip, 2);
        MappedOutput again(strip, 2);
        MappedOutput pieces(strip, 2);
        MappedOutput pushed(strip, 2);
        Output plain(strip, 2);
        std::vector<std::unique_ptr<Samples>> held;
        std::vector<StripSource> blocks;
        for (auto const& source : sources) {
            held.push_back(std::make_unique<Samples>(strip, 2));
            cpu->resample(source->window(), recipe, held.back()->view());
            blocks.emplace_back(held.back()->block(source->id, source->noise_sigma));
        }

        cpu->combine(windows, recipe, whole.view());
        threaded->combine(windows, recipe, again.view());
        for (std::int64_t y = strip.y0; y < strip.y1; y += 13) {
            for (std::int64_t x = strip.x0; x < strip.x1; x += 37) {
                core::Box const piece = core::Box{x, y, x + 37, y + 13}.clipped_to(strip);
                cpu->combine(windows, recipe, pieces.view().clipped_to(piece));
            }
        }
        cpu->combine(blocks, recipe, pushed.view());
        cpu->combine(windows, recipe, plain.view());

        EXPECT_EQ(different_maps(whole, again), 0);
        EXPECT_EQ(different_maps(whole, pieces), 0);
        EXPECT_EQ(different_maps(whole, pushed), 0);
        EXPECT_EQ(different_bits(whole.rows, plain), 0) << "maps change no other byte";
        EXPECT_EQ(different_bits(whole.rows, pieces.rows), 0);
    }
}
}  // namespace
}  // namespace sectile::compute
