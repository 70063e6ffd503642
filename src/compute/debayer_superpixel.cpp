// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>

#include "compute/debayer_methods.hpp"

namespace sectile::compute
{
namespace
{
float masked_to_nan(float value)
{
    return std::isfinite(value) ? value : std::numeric_limits<float>::quiet_NaN();
}
}  // namespace

void debayer_superpixel(image::BayerPattern pattern, image::ImageView<float const> raw,
                        image::ImageView<float> out)
{
    float const nan = std::numeric_limits<float>::quiet_NaN();
    // Cells that lie in the raw window; a cell that it cuts has no value (it cannot be known
    // whether the frame ends there).
    core::Box const whole =
        out.box.clipped_to(debayered_box_of(DebayerMethod::superpixel, raw.box));
    // Where the colours stand in a cell: the greens are always on a diagonal.
    int const first = image::bayer_plane(pattern, 0, 0);
    bool const is_green_first = first == 1;
    int const upper_plane = is_green_first ? image::bayer_plane(pattern, 1, 0) : first;
    std::ptrdiff_t const upper_at = is_green_first ? 1 : 0;
    for (std::int64_t y = out.box.y0; y < out.box.y1; ++y) {
        for (int plane = 0; plane < 3; ++plane) {
            if (whole.empty() || y < whole.y0 || y >= whole.y1 || whole.width() < out.box.width()) {
                std::fill_n(out.row(plane, y), out.box.width(), nan);
            }
        }
        if (whole.empty() || y < whole.y0 || y >= whole.y1) {
            continue;
        }
        std::ptrdiff_t const from = 2 * whole.x0 - raw.box.x0;
        float const* const row0 = raw.row(0, 2 * y) + from;
        float const* const row1 = raw.row(0, 2 * y + 1) + from;
        std::ptrdiff_t const at = whole.x0 - out.box.x0;
        float* const upper = out.row(upper_plane, y) + at;
        float* const green = out.row(1, y) + at;
        float* const lower = out.row(2 - upper_plane, y) + at;
        for (std::int64_t i = 0; i < whole.width(); ++i) {
            upper[i] = masked_to_nan(row0[2 * i + upper_at]);
            lower[i] = masked_to_nan(row1[2 * i + 1 - upper_at]);
            float const a = row0[2 * i + 1 - upper_at];
            float const b = row1[2 * i + upper_at];
            float const mean = (a + b) * 0.5F;
            float const other = masked_to_nan(std::isfinite(a) ? a : b);
            green[i] = std::isfinite(a) && std::isfinite(b) ? mean : other;
        }
    }
}
}  // namespace sectile::compute
