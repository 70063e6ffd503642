// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/compute/debayer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sectile/core/error.hpp"

#include "compute/cpu/row_kernels.hpp"
#include "compute/debayer_methods.hpp"

namespace sectile::compute
{
namespace
{
/// The definition, pixel by pixel: neighbours are added in the order of the fast loop, so that both
/// give the same bits where all of them are valid.
class CarefulDebayer
{
  public:
    CarefulDebayer(image::BayerPattern pattern, image::ImageView<float const> raw)
        : pattern_(pattern), raw_(raw)
    {}

    void write(std::int64_t x, std::int64_t y, image::ImageView<float> out) const
    {
        float const own = at(x, y);
        if (!std::isfinite(own)) {
            for (int plane = 0; plane < 3; ++plane) {
                out.at(plane, x, y) = std::numeric_limits<float>::quiet_NaN();
            }
            return;
        }
        int const own_plane = image::bayer_plane(pattern_, x, y);
        out.at(own_plane, x, y) = own;
        Mean beside;
        add_pair(beside, x - 1, y, x + 1, y);
        Mean along;
        add_pair(along, x, y - 1, x, y + 1);
        if (own_plane == 1) {
            out.at(image::bayer_plane(pattern_, x + 1, y), x, y) = beside.value();
            out.at(image::bayer_plane(pattern_, x, y + 1), x, y) = along.value();
            return;
        }
        Mean corners;
        add_pair(corners, x - 1, y - 1, x + 1, y - 1);
        Mean upper;
        add_pair(upper, x - 1, y + 1, x + 1, y + 1);
        out.at(1, x, y) = beside.joined_with(along).value();
        out.at(2 - own_plane, x, y) = corners.joined_with(upper).value();
    }

  private:
    struct Mean
    {
        float sum = 0.0F;
        int count = 0;

        [[nodiscard]] float value() const
        {
            return count > 0 ? sum / static_cast<float>(count)
                             : std::numeric_limits<float>::quiet_NaN();
        }
        [[nodiscard]] Mean joined_with(Mean const& other) const
        {
            return {sum + other.sum, count + other.count};
        }
    };

    [[nodiscard]] float at(std::int64_t x, std::int64_t y) const
    {
        return raw_.box.contains(x, y) ? raw_.at(0, x, y) : std::numeric_limits<float>::quiet_NaN();
    }

    void add_pair(Mean& mean, std::int64_t xa, std::int64_t ya, std::int64_t xb,
                  std::int64_t yb) const
    {
        for (float const value : {at(xa, ya), at(xb, yb)}) {
            if (std::isfinite(value)) {
                mean.sum += value;
                ++mean.count;
            }
        }
    }

    image::BayerPattern pattern_;
    image::ImageView<float const> raw_;
};

/// Pixels of a row that are looked at one by one when one of them has a masked neighbour. Even, so
/// that every piece starts with the same colour.
constexpr std::int64_t piece_pixels = 64;

void check_arguments(image::BayerPattern pattern, image::ImageView<float const> raw,
                     image::ImageView<float> out)
{
    core::require(pattern != image::BayerPattern::none, "debayering needs a colour filter pattern");
    core::require(out.planes == 3 && raw.planes == 1, "debayering makes three planes from one");
}
}  // namespace

void debayer(DebayerMethod method, image::BayerPattern pattern, image::ImageView<float const> raw,
             image::ImageView<float> out)
{
    check_arguments(pattern, raw, out);
    switch (method) {
        case DebayerMethod::bilinear:
            return debayer_bilinear(pattern, raw, out);
        case DebayerMethod::vng:
            return debayer_vng(pattern, raw, out);
        case DebayerMethod::superpixel:
            return debayer_superpixel(pattern, raw, out);
    }
}

void debayer_bilinear(image::BayerPattern pattern, image::ImageView<float const> raw,
                      image::ImageView<float> out)
{
    check_arguments(pattern, raw, out);
    RowKernels const& kernels = best_row_kernels();
    CarefulDebayer const careful(pattern, raw);
    core::Box const inner = out.box.clipped_to(raw.box.grown_by(-1));
    for (std::int64_t y = out.box.y0; y < out.box.y1; ++y) {
        bool const is_inner_row = y >= inner.y0 && y < inner.y1;
        std::int64_t const x0 = is_inner_row ? inner.x0 : out.box.x1;
        std::int64_t const x1 = is_inner_row ? inner.x1 : out.box.x1;
        for (std::int64_t x = out.box.x0; x < x0; ++x) {
            careful.write(x, y, out);
        }
        for (std::int64_t start = x0; start < x1; start += piece_pixels) {
            std::int64_t const end = std::min(x1, start + piece_pixels);
            int const first_plane = image::bayer_plane(pattern, start, y);
            int const own_plane =
                first_plane == 1 ? image::bayer_plane(pattern, start + 1, y) : first_plane;
            std::ptrdiff_t const at = start - out.box.x0;
            bool const has_holes = kernels.debayer(
                raw.row(0, y) + (start - raw.box.x0), raw.row_stride, static_cast<int>(end - start),
                first_plane == 1, out.row(own_plane, y) + at, out.row(1, y) + at,
                out.row(2 - own_plane, y) + at);
            for (std::int64_t x = start; has_holes && x < end; ++x) {
                careful.write(x, y, out);
            }
        }
        for (std::int64_t x = x1; x < out.box.x1; ++x) {
            careful.write(x, y, out);
        }
    }
}
}  // namespace sectile::compute
