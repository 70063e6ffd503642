// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "unit/measure/star_field.hpp"

namespace sectile::measure::test
{
namespace
{
struct Case
{
    double fwhm, beta, axis_ratio;
};
class Shapes : public testing::TestWithParam<Case>
{};
}  // namespace

TEST_P(Shapes, AreNotBiasedByThresholdOrWings)
{
    Case const c = GetParam();
    Field field;
    field.width = 1000;
    field.height = 1000;
    field.profile = {c.fwhm, c.beta, c.axis_ratio, 0.5};
    double const noise = field.sigma * field.profile.noise_pixels();
    field.stars = scatter(field, 250, 30.0 * noise, 1000.0 * noise, 45.0);

    auto const image = draw(field);
    StarCatalog const catalog = measure_stars(image.view(), 0, {});

    std::vector<double> faint;
    std::vector<double> scatter_bright;
    std::vector<double> theta;
    for (TrueStar const& truth : field.stars) {
        Star const* const star = nearest(catalog, truth.x, truth.y);
        ASSERT_NE(star, nullptr);
        if (truth.flux < 60.0 * noise) {
            faint.push_back(star->fwhm);
        }
        if (truth.flux > 300.0 * noise) {
            scatter_bright.push_back(std::abs(star->fwhm / c.fwhm - 1.0));
        }
        theta.push_back(star->theta);
    }
    double const faint_fwhm = median_of(faint);
    std::printf("fwhm %.2f beta %.1f: frame %.3f, S/N 30-60 %.3f, ellipticity %.3f, theta %.3f\n",
                c.fwhm, c.beta, catalog.fwhm, faint_fwhm, catalog.ellipticity, median_of(theta));
    EXPECT_NEAR(catalog.fwhm / c.fwhm, 1.0, 0.03);
    EXPECT_NEAR(faint_fwhm / c.fwhm, 1.0, 0.03);
    EXPECT_LT(median_of(scatter_bright), 0.03);
    if (c.axis_ratio < 1.0) {
        EXPECT_NEAR(catalog.ellipticity, 1.0 - c.axis_ratio, 0.02);
        EXPECT_NEAR(median_of(theta), 0.5, 0.03);
    } else {
        EXPECT_LT(catalog.ellipticity, 0.05);  // noise alone makes it positive
    }
}

INSTANTIATE_TEST_SUITE_P(Profiles, Shapes,
                         testing::Values(Case{1.8, INFINITY, 1.0}, Case{2.5, INFINITY, 1.0},
                                         Case{3.5, INFINITY, 0.7}, Case{4.5, INFINITY, 1.0},
                                         Case{6.0, INFINITY, 1.0}, Case{1.8, 3.0, 1.0},
                                         Case{2.5, 2.5, 1.0}, Case{3.5, 4.0, 0.7},
                                         Case{4.5, 3.5, 1.0}, Case{6.0, 2.5, 1.0}));
}  // namespace sectile::measure::test
