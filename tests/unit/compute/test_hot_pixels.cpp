// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "sectile/compute/hot_pixels.hpp"
#include "sectile/core/error.hpp"

#include "mosaic.hpp"
#include "raw_scene.hpp"

namespace sectile::compute
{
namespace
{
using image::BayerPattern;
using testing::RawScene;
using testing::RawSceneOptions;
using Session = std::vector<std::vector<HotCandidate>>;
constexpr int frames_per_session = 8;

Session candidates_of(RawScene const& scene, BayerPattern pattern, bool has_hot_pixels)
{
    Session session;
    for (int i = 0; i < frames_per_session; ++i) {
        auto const raw = scene.frame(i, has_hot_pixels);
        session.push_back(find_hot_candidates(raw.view(), pattern));
    }
    return session;
}

struct Kind
{
    BayerPattern pattern;
    bool is_moffat;
    double fwhm;
};

/// Hot pixels found, of those where no star shines.
class Shares
{
  public:
    Shares(RawScene const& scene, std::vector<DefectPosition> const& defects)
    {
        for (std::size_t i = 0; i < scene.hot().size(); ++i) {
            DefectPosition const& position = scene.hot()[i];
            if (scene.light(position.x, position.y) < 5.0) {
                bool const is_strong = scene.heat()[i] > 200.0;
                int const found = std::ranges::binary_search(defects, position) ? 1 : 0;
                ++hot_;
                found_ += found;
                strong_ += is_strong ? 1 : 0;
                found_strong_ += is_strong ? found : 0;
            }
        }
    }
    [[nodiscard]] double of_all() const { return static_cast<double>(found_) / hot_; }
    /// Above 20 sigma.
    [[nodiscard]] double of_strong() const { return static_cast<double>(found_strong_) / strong_; }

  private:
    int hot_ = 0;
    int found_ = 0;
    int strong_ = 0;
    int found_strong_ = 0;
};

class HotPixels : public ::testing::TestWithParam<Kind>
{
  protected:
    [[nodiscard]] static RawSceneOptions options()
    {
        RawSceneOptions options;
        options.pattern = GetParam().pattern;
        options.is_moffat = GetParam().is_moffat;
        options.fwhm = GetParam().fwhm;
        return options;
    }
};

TEST_P(HotPixels, StarsKeepTheirFluxAndNothingElseIsFound)
{
    RawScene const scene(options());
    Session const session = candidates_of(scene, GetParam().pattern, false);
    auto const frame = scene.frame(0, false);
    for (std::size_t const count : {std::size_t{1}, session.size()}) {
        auto const defects = persistent_hot_pixels(std::span(session).first(count));
        auto repaired = scene.frame(0, false);

        repair_pixels(repaired.view(), GetParam().pattern, defects);

        double worst = 0.0;
        for (testing::RawStar const& star : scene.stars()) {
            worst = std::max(
                worst, scene.relative_change(star, frame.view(), std::as_const(repaired).view()));
        }
        EXPECT_LT(worst, 0.001) << count << " frames";
        EXPECT_LE(defects.size(), 2U) << "1e-5 of the pixels, " << count << " frames";
    }
}

TEST_P(HotPixels, AreFoundAboveTenSigmaOffStars)
{
    RawScene const scene(options());
    Session const session = candidates_of(scene, GetParam().pattern, true);
    bool const is_mono = GetParam().pattern == BayerPattern::none;
    for (std::size_t const count : {std::size_t{1}, session.size()}) {
        auto const defects = persistent_hot_pixels(std::span(session).first(count));

        Shares shares(scene, defects);
        int wrong = 0;
        for (DefectPosition const& defect : defects) {
            wrong += std::ranges::find(scene.hot(), defect) == scene.hot().end() ? 1 : 0;
        }
        RecordProperty("found_in_" + std::to_string(count), std::to_string(shares.of_all()));
        bool const is_provable = is_mono || count > 1;
        // One Bayer frame cannot tell a hot pixel of 10 sigma from a faint star that is bright in
        // one colour only: its light in the neighbours would be 2.7 sigma. The session can.
        EXPECT_GE(shares.of_all(), is_provable ? 0.99 : 0.90) << count << " frames";
        EXPECT_GE(shares.of_strong(), is_provable ? 0.995 : 0.97) << count << " frames";
        EXPECT_LE(wrong, 2) << "1e-5 of the pixels, " << count << " frames";
    }
}

INSTANTIATE_TEST_SUITE_P(
    Scenes, HotPixels,
    ::testing::Values(Kind{BayerPattern::none, false, 1.8}, Kind{BayerPattern::none, true, 1.8},
                      Kind{BayerPattern::none, false, 2.5}, Kind{BayerPattern::none, true, 2.5},
                      Kind{BayerPattern::rggb, false, 1.8}, Kind{BayerPattern::grbg, true, 1.8},
                      Kind{BayerPattern::bggr, false, 2.5}, Kind{BayerPattern::gbrg, true, 2.5}));

/// Sky of 300 with noise 10.
image::Image<float> noise_frame(core::Box const& box, std::uint64_t seed, double slope = 0.0)
{
    return testing::raw_of(box, [=](std::int64_t x, std::int64_t y) {
        return 300.0 + slope * static_cast<double>(x) +
               10.0 * testing::gaussian(testing::pixel_seed(seed, 0, x, y));
    });
}

std::vector<DefectPosition> found_in(image::Image<float> const& raw, BayerPattern pattern)
{
    std::vector<std::vector<HotCandidate>> const one{find_hot_candidates(raw.view(), pattern)};
    return persistent_hot_pixels(one);
}

TEST(HotPixelPairs, SideBySideAreBothFound)
{
    for (BayerPattern const pattern : {BayerPattern::none, BayerPattern::rggb}) {
        auto raw = noise_frame({0, 0, 256, 256}, 11, 0.5);
        std::vector<DefectPosition> truth;
        int const steps[][2] = {{1, 0}, {0, 1}, {1, 1}, {-1, 1}};
        double const heats[][2] = {{500, 500}, {3000, 2500}, {400, 4000}, {20000, 1500}};
        for (int i = 0; i < 16; ++i) {
            for (int k = 0; k < 2; ++k) {
                std::int32_t const x = 20 + 50 * (i % 4) + k * steps[i / 4][0];
                std::int32_t const y = 20 + 51 * (i / 4) + k * steps[i / 4][1];
                raw.view().at(0, x, y) += static_cast<float>(heats[i % 4][k]);
                truth.push_back({y, x});
            }
        }
        std::ranges::sort(truth);

        EXPECT_EQ(found_in(raw, pattern), truth) << static_cast<int>(pattern);
    }
}

TEST(HotPixelNoise, ShotNoiseOfABrightCoreIsNotHot)
{
    // A galaxy: the noise in its core is ten times that of the block it lies in.
    for (BayerPattern const pattern : {BayerPattern::none, BayerPattern::grbg}) {
        auto const raw = testing::raw_of({0, 0, 512, 512}, [](std::int64_t x, std::int64_t y) {
            double const dx = static_cast<double>(x % 128 - 64);
            double const dy = static_cast<double>(y % 128 - 64);
            double const light = 30000.0 * std::exp(-(dx * dx + dy * dy) / 200.0);
            double const noise = testing::gaussian(testing::pixel_seed(3, 0, x, y));
            return 300.0 + light + std::sqrt(100.0 + light) * noise;
        });

        EXPECT_TRUE(found_in(raw, pattern).empty()) << static_cast<int>(pattern);
    }
}

TEST(HotPixelNoise, MaskedAndConstantFramesHaveNone)
{
    core::Box const box{0, 0, 100, 80};
    image::Image<float> raw(box, 1);
    EXPECT_TRUE(find_hot_candidates(raw.view(), BayerPattern::rggb).empty());
    for (std::int64_t y = 0; y < 80; ++y) {
        std::fill_n(raw.view().row(0, y), 100, testing::nan_value);
    }
    EXPECT_TRUE(find_hot_candidates(raw.view(), BayerPattern::rggb).empty());
    image::Image<float> const nothing({5, 5, 5, 5}, 1);
    EXPECT_TRUE(find_hot_candidates(nothing.view(), BayerPattern::none).empty());
}

TEST(HotPixelNoise, IsFoundAtCornersAndBesideMaskedPixels)
{
    for (BayerPattern const pattern : {BayerPattern::none, BayerPattern::bggr}) {
        auto raw = noise_frame({0, 0, 200, 130}, 5);
        std::vector<DefectPosition> const truth{{0, 0}, {0, 199}, {60, 90}, {129, 0}, {129, 199}};
        for (DefectPosition const& hot : truth) {
            raw.view().at(0, hot.x, hot.y) += 2000.0F;
        }
        raw.view().at(0, 91, 60) = testing::nan_value;
        raw.view().at(0, 90, 58) = testing::nan_value;

        EXPECT_EQ(found_in(raw, pattern), truth);
    }
}

TEST(HotPixelWindows, GiveTheCandidatesOfTheFrame)
{
    RawSceneOptions options;
    options.pattern = BayerPattern::gbrg;
    RawScene const scene(options);
    auto const raw = scene.frame(0, true);
    auto const whole = find_hot_candidates(raw.view(), options.pattern);
    core::Box const part{313, 205, 481, 333};

    auto const some = find_hot_candidates(raw.view().clipped_to(part.grown_by(hot_pixel_margin)),
                                          options.pattern);

    auto const inside = [&](std::vector<HotCandidate> const& all) {
        std::vector<HotCandidate> kept;
        std::ranges::copy_if(all, std::back_inserter(kept), [&](HotCandidate const& candidate) {
            return part.contains(candidate.x, candidate.y);
        });
        return kept;
    };
    EXPECT_GT(inside(whole).size(), 10U);
    EXPECT_EQ(inside(some), inside(whole));
    EXPECT_TRUE(std::ranges::is_sorted(whole, [](HotCandidate const& a, HotCandidate const& b) {
        return std::pair(a.y, a.x) < std::pair(b.y, b.x);
    }));
}

TEST(PersistentHotPixels, NeedHalfTheFramesAndEvidence)
{
    HotCandidate const steady{5, 7, 12.0F, 3.0F};
    HotCandidate const once{9, 7, 500.0F, 90.0F};
    HotCandidate const doubtful{4, 3, 12.0F, 1.6F};
    std::vector<std::vector<HotCandidate>> const frames{
        {doubtful, steady}, {steady}, {doubtful, once}, {steady}, {}};

    EXPECT_EQ(persistent_hot_pixels(frames), (std::vector<DefectPosition>{{7, 5}}));
    EXPECT_TRUE(persistent_hot_pixels(std::span(frames).first(2)).empty());
    EXPECT_EQ(persistent_hot_pixels(std::span(frames).subspan(2, 1)),
              (std::vector<DefectPosition>{{7, 9}}));
    EXPECT_TRUE(persistent_hot_pixels({}).empty());
}

TEST(RepairPixels, TakesTheMedianOfGoodNeighboursOfTheColour)
{
    auto const value = [](std::int64_t x, std::int64_t y) {
        return static_cast<float>(1000 * image::bayer_plane(BayerPattern::rggb, x, y) + 10 * y + x);
    };
    auto raw = testing::raw_of({0, 0, 12, 12}, value);
    auto const view = raw.view();
    view.at(0, 4, 4) = 60000.0F;
    view.at(0, 4, 2) = 60000.0F;
    view.at(0, 2, 4) = testing::nan_value;
    view.at(0, 9, 9) = testing::nan_value;
    std::vector<DefectPosition> const defects{{2, 4}, {4, 4}, {9, 9}};

    repair_pixels(view, BayerPattern::rggb, defects);

    // Red neighbours of (4,4): 22 26 46 64 62 66 remain of eight.
    EXPECT_EQ(view.at(0, 4, 4), 0.5F * (46.0F + 62.0F));
    EXPECT_TRUE(std::isnan(view.at(0, 9, 9))) << "no data is no defect to be mended";
    EXPECT_EQ(view.at(0, 5, 5), value(5, 5));
    EXPECT_THROW(
        repair_pixels(view, BayerPattern::rggb, std::vector<DefectPosition>{{4, 4}, {2, 4}}),
        core::InternalError);
}

TEST(RepairPixels, LooksFartherInClustersAndGivesUpBeyond)
{
    image::Image<float> raw({0, 0, 40, 40}, 1);
    std::vector<DefectPosition> defects;
    for (std::int32_t y = 0; y < 40; ++y) {
        for (std::int32_t x = 0; x < 40; ++x) {
            raw.view().at(0, x, y) = x < 25 ? 9000.0F : 7.0F;
            if (x < 25) {
                defects.push_back({y, x});
            }
        }
    }
    image::Image<float> part({12, 10, 40, 30}, 1);
    for (std::int64_t y = 10; y < 30; ++y) {
        std::copy_n(&raw.view().at(0, 12, y), 28, part.view().row(0, y));
    }

    repair_pixels(raw.view(), BayerPattern::none, defects);
    repair_pixels(part.view(), BayerPattern::none, defects);

    EXPECT_EQ(raw.view().at(0, 24, 20), 7.0F);
    EXPECT_EQ(raw.view().at(0, 17, 20), 7.0F);
    EXPECT_TRUE(std::isnan(raw.view().at(0, 16, 20)));
    core::Box const inner{20, 18, 32, 22};
    EXPECT_EQ(testing::different_bits<float>(std::as_const(part).view().clipped_to(inner),
                                             std::as_const(raw).view().clipped_to(inner)),
              0);
}
}  // namespace
}  // namespace sectile::compute
