// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/compute/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sectile/core/error.hpp"
#include "sectile/core/robust.hpp"

namespace sectile::compute
{
namespace
{
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

float median_of(float* first, float* last)
{
    float* const middle = first + (last - first) / 2;
    std::nth_element(first, middle, last);
    return *middle;
}

/// Mean of the values within 3 sigma of their median. Reorders.
double robust_mean(float* first, float* last, float* scratch)
{
    if (first == last) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    float const median = median_of(first, last);
    std::transform(first, last, scratch, [&](float v) { return std::fabs(v - median); });
    double const sigma = core::sigma_of_mad * median_of(scratch, scratch + (last - first));
    double sum = 0.0;
    std::int64_t count = 0;
    // nth_element leaves an order that depends on the library; sums of floats in double do not
    // round before 2^29 values of like size, so the order cannot be seen in the result's float.
    for (float const* value = first; value != last; ++value) {
        if (std::fabs(*value - median) <= 3.0 * sigma) {
            sum += *value;
            ++count;
        }
    }
    return sum / static_cast<double>(count);
}

bool is_valid_flat(float value)
{
    return value > 0.0F && value <= std::numeric_limits<float>::max();
}

void check_master(image::ImageView<float> raw, image::ImageView<float const> master)
{
    core::require(master.empty() || (master.box.contains(raw.box) &&
                                     (master.planes == 1 || master.planes == raw.planes)),
                  "a calibration frame must cover the frame and match its planes");
}

/// The row of a master that belongs to plane `plane` of the frame.
float const* row_of(image::ImageView<float const> master, int plane, core::Box const& box,
                    std::int64_t y)
{
    return master.row(master.planes == 1 ? 0 : plane, y) + (box.x0 - master.box.x0);
}
}  // namespace

FlatLevel flat_level(image::ImageView<float const> flat, image::BayerPattern pattern)
{
    bool const is_bayer = pattern != image::BayerPattern::none;
    core::require(!is_bayer || flat.planes == 1, "a Bayer flat has one plane");
    FlatLevel result;
    image::Image<float> pixels({0, 0, flat.box.area(), 1}, 2);
    float* const first = pixels.view().row(0, 0);
    for (int colour = 0; colour < (is_bayer ? 3 : flat.planes); ++colour) {
        float* last = first;
        for (std::int64_t y = flat.box.y0; y < flat.box.y1; ++y) {
            float const* const row = flat.row(is_bayer ? 0 : colour, y);
            for (std::int64_t x = flat.box.x0; x < flat.box.x1; ++x) {
                float const value = row[x - flat.box.x0];
                bool const is_colour = !is_bayer || image::bayer_plane(pattern, x, y) == colour;
                if (is_colour && is_valid_flat(value)) {
                    *last++ = value;
                }
            }
        }
        result.levels.push_back(robust_mean(first, last, pixels.view().row(1, 0)));
    }
    return result;
}

void calibrate(image::ImageView<float> raw, image::BayerPattern pattern,
               CalibrationMasters const& masters)
{
    bool const is_bayer = pattern != image::BayerPattern::none;
    core::require(!is_bayer || raw.planes == 1, "a Bayer frame has one plane");
    check_master(raw, masters.dark);
    check_master(raw, masters.flat);
    check_master(raw, masters.bad_pixels);
    auto const& levels = masters.flat_level.levels;
    bool const has_flat = !masters.flat.empty();
    core::require(!has_flat || levels.size() >= static_cast<std::size_t>(is_bayer ? 3 : raw.planes),
                  "every colour needs the level of its flat");
    std::int64_t const width = raw.box.width();
    std::vector<float> level(static_cast<std::size_t>(has_flat ? width : 0));
    for (int plane = 0; plane < raw.planes; ++plane) {
        for (std::int64_t y = raw.box.y0; y < raw.box.y1; ++y) {
            float* const row = raw.row(plane, y);
            if (!masters.dark.empty()) {
                float const* const dark = row_of(masters.dark, plane, raw.box, y);
                for (std::int64_t i = 0; i < width; ++i) {
                    row[i] -= dark[i];
                }
            }
            if (has_flat) {
                for (std::int64_t i = 0; i < width; ++i) {
                    int const colour =
                        is_bayer ? image::bayer_plane(pattern, raw.box.x0 + i, y) : plane;
                    level[static_cast<std::size_t>(i)] =
                        static_cast<float>(levels[static_cast<std::size_t>(colour)]);
                }
                float const* const flat = row_of(masters.flat, plane, raw.box, y);
                for (std::int64_t i = 0; i < width; ++i) {
                    float const value = row[i] * (level[static_cast<std::size_t>(i)] / flat[i]);
                    row[i] = is_valid_flat(flat[i]) ? value : nan_value;
                }
            }
            if (!masters.bad_pixels.empty()) {
                float const* const bad = row_of(masters.bad_pixels, plane, raw.box, y);
                for (std::int64_t i = 0; i < width; ++i) {
                    row[i] = bad[i] == 0.0F ? row[i] : nan_value;
                }
            }
            for (std::int64_t i = 0; i < width; ++i) {
                row[i] = row[i] - row[i] == 0.0F ? row[i] : nan_value;
            }
        }
    }
}
}  // namespace sectile::compute
