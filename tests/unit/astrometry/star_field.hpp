// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sectile/astrometry/register_group.hpp"
#include "sectile/machine/tbb_runner.hpp"
#include "sectile/plan/footprint.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"

#include "support/fits_card.hpp"
#include "support/frame_star.hpp"

/// Star lists of frames of one field, with known places and fluxes.
namespace sectile::test
{
struct FrameSize
{
    std::int64_t width = 900;
    std::int64_t height = 700;
};

inline constexpr double degrees_per_pixel = 2.0 / 3600.0;

/// Tangential, turned by `angle` degrees.
inline sky::WcsDescription tangential(double ra, double dec, double angle,
                                      FrameSize const& size = {})
{
    double const c = degrees_per_pixel * std::cos(angle * std::numbers::pi / 180.0);
    double const s = degrees_per_pixel * std::sin(angle * std::numbers::pi / 180.0);
    auto const number = [](char const* name, double value) {
        return card(fmt::format("{:<8}= {:.12f}", name, value));
    };
    sky::WcsDescription wcs;
    wcs.width = size.width;
    wcs.height = size.height;
    wcs.cards = card("CTYPE1  = 'RA---TAN'") + card("CTYPE2  = 'DEC--TAN'") +
                number("CRPIX1", 0.5 * static_cast<double>(size.width + 1)) +
                number("CRPIX2", 0.5 * static_cast<double>(size.height + 1)) +
                number("CRVAL1", ra) + number("CRVAL2", dec) + number("CD1_1", -c) +
                number("CD1_2", s) + number("CD2_1", s) + number("CD2_2", c);
    return wcs;
}

struct SkyStar
{
    sky::SkyCoord at;
    double flux = 0.0;
};

/// How well the stars of a frame are measured.
struct StarErrors
{
    double place = 0.03;  ///< pixels
    double flux = 20.0;
    double missed = 0.0;  ///< fraction that is not found
};

class StarField
{
  public:
    /// Stars within `reach` degrees of the middle.
    StarField(double ra, double dec, std::uint32_t seed, int count = 500, double reach = 0.4)
        : random_(seed)
    {
        std::uniform_real_distribution<double> place(-reach, reach);
        std::uniform_real_distribution<double> brightness(2.5, 4.5);
        for (int i = 0; i < count; ++i) {
            stars_.push_back({{core::Angle::from_degrees(ra + place(random_)),
                               core::Angle::from_degrees(dec + place(random_))},
                              std::pow(10.0, brightness(random_))});
        }
    }

    /// A frame whose stars stand where `truth` says, while its header says `stated`.
    plan::FrameRecord frame(std::uint32_t id, sky::WcsDescription const& truth,
                            sky::WcsDescription const& stated, double gain,
                            StarErrors const& errors = {})
    {
        constexpr std::size_t most = 200;
        constexpr double border = 5.0;
        std::normal_distribution<double> error(0.0, 1.0);
        std::uniform_real_distribution<double> chance(0.0, 1.0);
        plan::FrameRecord frame;
        frame.id = core::FrameId{id};
        frame.header.geometry.width = truth.width;
        frame.header.geometry.height = truth.height;
        frame.header.wcs = stated;
        frame.footprint = plan::footprint_of(sky::SkyWcs(stated));
        frame.planes = {{100.0, 5.0}};
        frame.quality.fwhm = 3.0 + 0.01 * id;
        sky::SkyWcs const wcs(truth);
        double const right = static_cast<double>(truth.width) - 1.0 - border;
        double const top = static_cast<double>(truth.height) - 1.0 - border;
        std::vector<std::pair<double, plan::FrameStar>> seen;
        for (SkyStar const& star : stars_) {
            sky::PixelPos const at = wcs.sky_to_pixel(star.at);
            bool const is_inside = at.x > border && at.y > border && at.x < right && at.y < top;
            if (is_inside && (errors.missed == 0.0 || chance(random_) >= errors.missed)) {
                double const flux = gain * star.flux + errors.flux * error(random_);
                double const x = at.x + errors.place * error(random_);
                double const y = at.y + errors.place * error(random_);
                plan::FrameStar const found = star_with(x, y, {static_cast<float>(flux), NAN, NAN});
                seen.emplace_back(flux, found);
            }
        }
        std::ranges::stable_sort(seen, std::greater{}, [](auto const& s) { return s.first; });
        for (std::size_t i = 0; i < std::min(seen.size(), most); ++i) {
            frame.stars.push_back(seen[i].second);
        }
        return frame;
    }

    [[nodiscard]] std::vector<SkyStar> const& stars() const { return stars_; }
    [[nodiscard]] std::mt19937& random() { return random_; }

  private:
    std::mt19937 random_;
    std::vector<SkyStar> stars_;
};

/// Rms distance, pixels of frame a, between where a and b put the same sky, after the truth: how
/// well the two agree wherever both are wrong together.
inline double disagreement(plan::FrameRecord const& a, sky::WcsDescription const& truth_a,
                           plan::FrameRecord const& b, sky::WcsDescription const& truth_b)
{
    sky::SkyWcs const wcs_a(a.header.wcs);
    sky::SkyWcs const wcs_b(b.header.wcs);
    sky::SkyWcs const true_a(truth_a);
    sky::SkyWcs const true_b(truth_b);
    double sum = 0.0;
    int count = 0;
    double const step = static_cast<double>(truth_a.width) / 9.0;
    for (double x = step; x < static_cast<double>(truth_a.width); x += step) {
        for (double y = step; y < static_cast<double>(truth_a.height); y += step) {
            sky::PixelPos const in_b = true_b.sky_to_pixel(true_a.pixel_to_sky({x, y}));
            sky::PixelPos const back = wcs_a.sky_to_pixel(wcs_b.pixel_to_sky(in_b));
            sum += (back.x - x) * (back.x - x) + (back.y - y) * (back.y - y);
            ++count;
        }
    }
    return std::sqrt(sum / count);
}

inline void register_all(std::vector<plan::FrameRecord>& frames)
{
    machine::TbbRunner runner(2);
    astrometry::register_group(frames, runner);
}
}  // namespace sectile::test
