// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "sectile/io/canvas_file.hpp"

#include "support/scratch_folder.hpp"

namespace sectile::test
{
/// Pixels of a small finished mosaic: a rim without data, and values that differ everywhere.
struct SmallCanvas
{
    SmallCanvas(std::int64_t width, std::int64_t height, int planes)
        : science({0, 0, width, height}, planes),
          weight(science.box(), planes),
          coverage(science.box(), planes),
          alpha(science.box(), 1)
    {
        for (int plane = 0; plane < planes; ++plane) {
            for (std::int64_t y = 0; y < height; ++y) {
                for (std::int64_t x = 0; x < width; ++x) {
                    bool const empty = x < 2 || y < 1 || (x == 5 && y == 4);
                    science.view().at(plane, x, y) =
                        empty ? std::numeric_limits<float>::quiet_NaN()
                              : static_cast<float>(1000 * plane) +
                                    0.25F * static_cast<float>(x + y * width);
                    weight.view().at(plane, x, y) =
                        empty ? 0.0F : 0.5F + static_cast<float>(x) / 7.0F;
                    coverage.view().at(plane, x, y) =
                        empty ? 0U : static_cast<std::uint32_t>(1 + x + plane);
                    alpha.view().at(0, x, y) = empty ? 0 : 255;
                }
            }
        }
    }

    [[nodiscard]] io::CanvasLayout layout() const
    {
        io::CanvasLayout layout;
        layout.width = science.box().width();
        layout.height = science.box().height();
        layout.planes = science.planes();
        layout.wide_coverage = wide_coverage;
        layout.unit = "adu";
        layout.provenance = "{}";
        for (std::string card :
             {"WCSAXES =                    2", "CTYPE1  = 'RA---TAN'", "CTYPE2  = 'DEC--TAN'",
              "CRVAL1  =                180.0", "CRVAL2  =                 30.0",
              "CRPIX1  =                  6.0", "CRPIX2  =                  4.5",
              "CDELT1  =               -0.001", "CDELT2  =                0.001"}) {
            card.resize(80, ' ');
            layout.wcs_cards += card;
        }
        return layout;
    }

    void write(std::string const& path) const
    {
        io::CanvasWriter writer({}, path, layout());
        writer.write({science.box(), science.view(), weight.view(), coverage.view(), alpha.view()});
        writer.commit();
    }

    image::Image<float> science;
    image::Image<float> weight;
    image::Image<std::uint32_t> coverage;
    image::Image<std::uint8_t> alpha;
    bool wide_coverage = false;
};
}  // namespace sectile::test
