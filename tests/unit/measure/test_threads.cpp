// SPDX-License-Identifier: BSD-3-Clause
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

#include "unit/measure/star_field.hpp"

namespace sectile::measure::test
{
namespace
{
void expect_same(StarCatalog const& a, StarCatalog const& b)
{
    auto const same = [](double x, double y) { return std::memcmp(&x, &y, sizeof x) == 0; };
    EXPECT_TRUE(same(a.sky.level, b.sky.level));
    EXPECT_TRUE(same(a.sky.noise_sigma, b.sky.noise_sigma));
    EXPECT_TRUE(same(a.fwhm, b.fwhm));
    ASSERT_EQ(a.stars.size(), b.stars.size());
    for (std::size_t i = 0; i < a.stars.size(); ++i) {
        Star const& p = a.stars[i];
        Star const& q = b.stars[i];
        EXPECT_TRUE(same(p.x, q.x) && same(p.y, q.y) && same(p.flux, q.flux) &&
                    same(p.fwhm, q.fwhm) && same(p.theta, q.theta) && same(p.peak, q.peak) &&
                    p.blended == q.blended)
            << i;
    }
}
}  // namespace

TEST(MeasureThreads, ManyAtATimeGiveTheSameBytes)
{
    constexpr int kinds = 6;
    constexpr int large =
        3;  // one object above SEP's usual limits, which this call alone may change
    std::vector<image::Image<float>> images;
    std::vector<StarCatalog> alone;
    MeasureOptions options;
    options.mesh = 2000;
    for (int i = 0; i < kinds; ++i) {
        Field field;
        field.width = 300 + 50 * i;
        field.height = 400;
        field.seed = static_cast<std::uint64_t>(i) + 1;
        field.profile.fwhm = 2.5 + 0.3 * i;
        field.stars = scatter(field, 400, 1000.0, 300'000.0, 3.0, field.seed);  // many blends
        if (i == large) {
            field.width = 1300;
            field.height = 700;
        }
        images.push_back(draw(field));
        if (i == large) {
            add_plateau(images.back(), {50, 50, 600, 650}, 1000.0F);
        }
        alone.push_back(measure_stars(images.back().view(), 0, options));
    }

    constexpr int threads = 4;
    constexpr int rounds = 3;
    std::vector<std::vector<StarCatalog>> together(threads);
    {
        std::vector<std::jthread> running;
        for (int t = 0; t < threads; ++t) {
            running.emplace_back([&, t] {
                for (int i = 0; i < rounds * kinds; ++i) {
                    auto const which = static_cast<std::size_t>((i + t) % kinds);
                    together[static_cast<std::size_t>(t)].push_back(
                        measure_stars(images[which].view(), 0, options));
                }
            });
        }
    }

    for (int t = 0; t < threads; ++t) {
        for (int i = 0; i < rounds * kinds; ++i) {
            expect_same(together[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)],
                        alone[static_cast<std::size_t>((i + t) % kinds)]);
        }
    }
}
}  // namespace sectile::measure::test
