// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "sectile/core/box.hpp"
#include "sectile/image/image.hpp"
#include "sectile/io/canvas_file.hpp"

#include "support/read_file.hpp"

namespace sectile::test
{
// Pixels of a made-up canvas: every plane, row, column and dataset differ, some are NaN.
inline float science_at(int plane, std::int64_t x, std::int64_t y)
{
    if ((x + y) % 11 == 0) {
        return std::numeric_limits<float>::quiet_NaN();
    }
    return static_cast<float>(x) * 0.5F - static_cast<float>(y) +
           1000.0F * static_cast<float>(plane);
}
inline float weight_at(int plane, std::int64_t x, std::int64_t y)
{
    return static_cast<float>(x * 3 + y * 7 + plane + 1);
}
inline std::uint32_t coverage_at(int plane, std::int64_t x, std::int64_t y, bool wide)
{
    return static_cast<std::uint32_t>((x * 13 + y * 17 + plane) % 65536 + (wide ? 1000000 : 0));
}
inline std::uint8_t alpha_at(std::int64_t x, std::int64_t y)
{
    return static_cast<std::uint8_t>((x * 5 + y) % 256);
}

/// Pixels of `box` in images that are larger by a margin of 1e9, 77, ..., so that a wrong stride
/// shows.
class CanvasPixels
{
  public:
    CanvasPixels(core::Box const& box, io::CanvasLayout const& layout, std::int64_t margin)
        : box_(box)
    {
        if (box.empty()) {
            return;
        }
        core::Box const room = box.grown_by(margin);
        science_ = image::Image<float>(room, layout.planes);
        weight_ = image::Image<float>(room, layout.planes);
        coverage_ = image::Image<std::uint32_t>(room, layout.planes);
        alpha_ = image::Image<std::uint8_t>(room, 1);
        for (std::int64_t y = room.y0; y < room.y1; ++y) {
            for (std::int64_t x = room.x0; x < room.x1; ++x) {
                bool const is_inside = box.contains(x, y);
                for (int plane = 0; plane < layout.planes; ++plane) {
                    science_.view().at(plane, x, y) = is_inside ? science_at(plane, x, y) : 1e9F;
                    weight_.view().at(plane, x, y) = is_inside ? weight_at(plane, x, y) : 1e9F;
                    coverage_.view().at(plane, x, y) =
                        is_inside ? coverage_at(plane, x, y, layout.wide_coverage) : 4000000000U;
                }
                alpha_.view().at(0, x, y) = is_inside ? alpha_at(x, y) : std::uint8_t{77};
            }
        }
    }

    /// Views clipped to the box, or of the whole images where `is_clipped` is false.
    [[nodiscard]] io::CanvasStrip strip(bool is_clipped = true) const
    {
        if (box_.empty()) {
            return {};
        }
        io::CanvasStrip strip{box_, science_.view(), weight_.view(), coverage_.view(),
                              alpha_.view()};
        if (is_clipped) {
            strip.science = strip.science.clipped_to(box_);
            strip.weight = strip.weight.clipped_to(box_);
            strip.coverage = strip.coverage.clipped_to(box_);
            strip.alpha = strip.alpha.clipped_to(box_);
        }
        return strip;
    }

  private:
    core::Box box_;
    image::Image<float> science_;
    image::Image<float> weight_;
    image::Image<std::uint32_t> coverage_;
    image::Image<std::uint8_t> alpha_;
};

inline io::CanvasLayout make_layout(std::int64_t width, std::int64_t height, int planes, bool wide)
{
    return {width,
            height,
            planes,
            wide,
            "CRPIX1  =                  1.5" + std::string(50, ' '),
            "ADU/s",
            R"({"program":"sectile","options":["a","é"]})"};
}

/// A canvas written in one piece without MPI.
inline void write_serially(std::string const& path, io::CanvasLayout const& layout)
{
    CanvasPixels const pixels({0, 0, layout.width, layout.height}, layout, 0);
    io::CanvasWriter writer({}, path, layout);
    writer.write(pixels.strip());
    writer.commit();
}
}  // namespace sectile::test
