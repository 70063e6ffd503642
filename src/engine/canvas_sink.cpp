// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/engine/canvas_sink.hpp"

#include "sectile/image/image.hpp"

namespace sectile::engine
{
void CanvasSink::write(core::Box const& strip, compute::StripOutput const& rows)
{
    image::Image<std::uint8_t> alpha(strip, 1);
    auto const alpha_view = alpha.view();
    for (std::int64_t y = strip.y0; y < strip.y1; ++y) {
        std::uint8_t* const line = alpha_view.row(0, y);
        for (int plane = 0; plane < rows.weight.planes; ++plane) {
            float const* const weight = rows.weight.row(plane, y);
            for (std::int64_t i = 0; i < strip.width(); ++i) {
                line[i] |= weight[i] > 0.0F ? std::uint8_t{255} : std::uint8_t{0};
            }
        }
    }
    writer_.write({strip, rows.science, rows.weight, rows.coverage, alpha_view});
}
}  // namespace sectile::engine
