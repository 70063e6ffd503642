// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "sectile/sky/sky_wcs.hpp"
#include "sectile/source/pixel_source.hpp"

#include "support/fits_card.hpp"

namespace sectile::test
{
/// Tangential system of 2 arcsec pixels, turned by `degrees`, whose pixel (x, y) lies at RA 150,
/// Dec 20: two of them differ by a shift of pixels, exactly.
inline sky::WcsDescription canvas_wcs(std::int64_t width, std::int64_t height, double x, double y,
                                      double degrees = 0.0)
{
    double const c = std::cos(degrees * std::numbers::pi / 180.0) * 2.0 / 3600.0;
    double const s = std::sin(degrees * std::numbers::pi / 180.0) * 2.0 / 3600.0;
    sky::WcsDescription wcs;
    wcs.width = width;
    wcs.height = height;
    wcs.cards = card("CTYPE1  = 'RA---TAN'") + card("CTYPE2  = 'DEC--TAN'") +
                card("CRVAL1", 150.0) + card("CRVAL2", 20.0) + card("CRPIX1", x + 1.0) +
                card("CRPIX2", y + 1.0) + card("CD1_1", -c) + card("CD1_2", s) + card("CD2_1", s) +
                card("CD2_2", c);
    return wcs;
}

/// A source whose pixels are in memory.
class MemorySource final : public source::PixelSource
{
  public:
    using Value = std::function<float(int plane, std::int64_t x, std::int64_t y)>;

    MemorySource(std::int64_t width, std::int64_t height, int planes, Value const& value)
        : pixels_({0, 0, width, height}, planes)
    {
        auto const view = pixels_.view();
        for (int plane = 0; plane < planes; ++plane) {
            for (std::int64_t y = 0; y < height; ++y) {
                for (std::int64_t x = 0; x < width; ++x) {
                    view.at(plane, x, y) = value(plane, x, y);
                }
            }
        }
    }
    [[nodiscard]] core::Box bounds() const override { return pixels_.view().box; }
    [[nodiscard]] int planes() const override { return pixels_.planes(); }
    [[nodiscard]] int held_planes() const override { return pixels_.planes(); }
    [[nodiscard]] int planes_while_reading() const override { return 0; }
    [[nodiscard]] int margin_while_reading() const override { return 0; }
    [[nodiscard]] std::int64_t bytes_while_open() const override { return 0; }
    [[nodiscard]] source::SourcePixels read(core::Box const& window) const override
    {
        source::SourcePixels result;
        result.science = image::Image<float>(window, pixels_.planes());
        auto const view = result.science.view();
        for (int plane = 0; plane < pixels_.planes(); ++plane) {
            for (std::int64_t y = window.y0; y < window.y1; ++y) {
                for (std::int64_t x = window.x0; x < window.x1; ++x) {
                    view.at(plane, x, y) = bounds().contains(x, y)
                                               ? value(plane, x, y)
                                               : std::numeric_limits<float>::quiet_NaN();
                }
            }
        }
        return result;
    }
    [[nodiscard]] float value(int plane, std::int64_t x, std::int64_t y) const
    {
        return pixels_.view().at(plane, x, y);
    }

  private:
    image::Image<float> pixels_;
};

}  // namespace sectile::test
