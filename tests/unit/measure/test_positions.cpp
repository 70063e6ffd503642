// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "unit/measure/star_field.hpp"

namespace sectile::measure::test
{
namespace
{
struct Rms
{
    double x = 0.0, y = 0.0, x_mean = 0.0, y_mean = 0.0, best = 0.0;
    int found = 0;
};

/// Errors of position, and the least that noise allows: for a Gaussian, sqrt(2) sigma / (S/N).
Rms errors_of(Field const& field)
{
    auto const image = draw(field);
    StarCatalog const catalog = measure_stars(image.view(), 0, {});
    double const noise = field.sigma * field.profile.noise_pixels();
    Rms rms;
    for (TrueStar const& truth : field.stars) {
        Star const* const star = nearest(catalog, truth.x + static_cast<double>(field.x0),
                                         truth.y + static_cast<double>(field.y0));
        if (star == nullptr) {
            continue;
        }
        ++rms.found;
        double const dx = star->x - truth.x - static_cast<double>(field.x0);
        double const dy = star->y - truth.y - static_cast<double>(field.y0);
        rms.x += dx * dx;
        rms.y += dy * dy;
        rms.x_mean += dx;
        rms.y_mean += dy;
        double const least = std::sqrt(2.0) * field.profile.fwhm / 2.3548 * noise / truth.flux;
        rms.best += least * least;
    }
    rms.x = std::sqrt(rms.x / rms.found);
    rms.y = std::sqrt(rms.y / rms.found);
    rms.best = std::sqrt(rms.best / rms.found);
    rms.x_mean /= rms.found;
    rms.y_mean /= rms.found;
    return rms;
}

struct Case
{
    double fwhm, beta, axis_ratio;
};
class Positions : public testing::TestWithParam<Case>
{};
}  // namespace

TEST_P(Positions, AreAsGoodAsTheNoiseAllows)
{
    Case const c = GetParam();
    Field field;
    field.width = 1000;
    field.height = 900;
    field.x0 = 300;
    field.y0 = -40;
    field.gradient_x = 0.05;
    field.profile = {c.fwhm, c.beta, c.axis_ratio, 0.5};
    double const noise = field.sigma * field.profile.noise_pixels();
    field.stars = scatter(field, 300, 50.0 * noise, 2000.0 * noise, 30.0);

    Rms const rms = errors_of(field);

    std::printf("fwhm %.1f beta %.1f: rms %.4f %.4f px, bound %.4f, bias %.4f %.4f\n", c.fwhm,
                c.beta, rms.x, rms.y, rms.best, rms.x_mean, rms.y_mean);
    EXPECT_EQ(rms.found, static_cast<int>(field.stars.size()));
    EXPECT_LT(rms.x, 0.03);
    EXPECT_LT(rms.y, 0.03);
    // Moffat wings and elongation cost something against the bound of a round Gaussian.
    EXPECT_LT(std::hypot(rms.x, rms.y), 1.6 * std::sqrt(2.0) * rms.best);
    // The mean of 300 has a seventeenth of the scatter.
    EXPECT_LT(std::abs(rms.x_mean), 0.2 * 0.03);
    EXPECT_LT(std::abs(rms.y_mean), 0.2 * 0.03);
}

INSTANTIATE_TEST_SUITE_P(Profiles, Positions,
                         testing::Values(Case{2.0, INFINITY, 1.0}, Case{3.0, INFINITY, 1.0},
                                         Case{4.0, INFINITY, 1.0}, Case{3.0, INFINITY, 0.7},
                                         Case{2.0, 3.0, 1.0}, Case{3.0, 3.0, 1.0},
                                         Case{4.0, 2.5, 1.0}));
}  // namespace sectile::measure::test
