// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/ingest/frame_levels.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <utility>

#include "sectile/core/robust.hpp"
#include "sectile/image/bayer.hpp"
#include "sectile/image/image.hpp"
#include "sectile/io/frame_reader.hpp"

namespace sectile::ingest
{
namespace
{
constexpr double samples_wanted = 40'000.0;

/// For values rounded to counts; reorders.
double fine_median_of(std::vector<float>& values)
{
    return values.empty() ? std::numeric_limits<double>::quiet_NaN()
                          : core::grouped_median_in_place(values);
}

void take_distances_from(double center, std::vector<float>& values)
{
    for (float& value : values) {
        value = static_cast<float>(std::abs(value - center));
    }
}

double clipped_background(std::vector<float> values)
{
    for (int iteration = 0; iteration < 5 && !values.empty(); ++iteration) {
        double const center = core::median_in_place(values);
        std::vector<float> distances = values;
        take_distances_from(center, distances);
        double const limit = 3.0 * core::sigma_of_mad * core::median_in_place(distances);
        auto const outside = [&](float v) { return std::abs(v - center) > limit; };
        if (std::erase_if(values, outside) == 0) {
            break;
        }
    }
    return fine_median_of(values);
}

double noise_of(std::vector<float> const& differences)
{
    if (differences.empty()) {
        return 0.0;
    }
    auto const vanishing = std::ranges::count(differences, 0.0F);
    if (2 * vanishing < std::ssize(differences)) {
        std::vector<float> distances = differences;
        take_distances_from(0.0, distances);
        return core::sigma_of_mad * fine_median_of(distances) / std::numbers::sqrt2;
    }
    // Coarsely quantised data: more than half of the differences vanish.
    double sum = 0.0;
    for (float const difference : differences) {
        sum += static_cast<double>(difference) * difference;
    }
    return std::sqrt(sum / static_cast<double>(differences.size()) / 2.0);
}

/// The value below which the fraction of `values` lies.
double percentile(std::vector<float> values, double fraction)
{
    if (values.empty()) {
        return plan::unmeasured;
    }
    auto const at = values.begin() +
                    static_cast<std::ptrdiff_t>(fraction * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}
}  // namespace

FrameLevelPass::FrameLevelPass(sky::FrameGeometry const& geometry)
    : geometry_(geometry), planes_(static_cast<std::size_t>(geometry.planes))
{
    double const cells =
        static_cast<double>(geometry.width) * static_cast<double>(geometry.height) / 4.0;
    step_ =
        2 * std::max<std::int64_t>(1, static_cast<std::int64_t>(std::sqrt(cells / samples_wanted)));
}

void FrameLevelPass::add(image::ImageView<float const> part)
{
    for (int plane = 0; plane < part.planes; ++plane) {
        for (std::int64_t y = part.box.y0; y < part.box.y1; ++y) {
            add_extremes(part.row(plane, y), part.box.width());
            if (y % step_ < 2) {
                add_lattice_row(part.row(plane, y), plane, y, part.box);
            }
        }
    }
}

FrameLevels FrameLevelPass::result() const
{
    FrameLevels levels;
    for (PlaneSamples const& samples : planes_) {
        levels.planes.push_back({clipped_background(samples.values),
                                 noise_of(samples.differences),
                                 percentile(samples.values, 0.25),
                                 percentile(samples.values, 0.90),
                                 plan::unmeasured,
                                 {}});
    }
    levels.masked_fraction =
        total_ == 0 ? 1.0 : 1.0 - static_cast<double>(valid_) / static_cast<double>(total_);
    levels.lowest = lowest_;
    levels.highest = highest_;
    return levels;
}

void FrameLevelPass::add_extremes(float const* row, std::int64_t width)
{
    float low = std::numeric_limits<float>::infinity();
    float high = -low;
    std::int64_t valid = 0;
    for (std::int64_t i = 0; i < width; ++i) {
        low = row[i] < low ? row[i] : low;
        high = row[i] > high ? row[i] : high;
        valid += row[i] == row[i] ? 1 : 0;
    }
    lowest_ = std::min(lowest_, low);
    highest_ = std::max(highest_, high);
    valid_ += valid;
    total_ += width;
}

/// Two neighbouring columns of every lattice cell, so that each colour of a mosaic is met.
void FrameLevelPass::add_lattice_row(float const* row, int stored_plane, std::int64_t y,
                                     core::Box const& part)
{
    std::int64_t const first = (part.x0 + step_ - 1) / step_ * step_;
    for (std::int64_t x = first; x + 3 < part.x1; x += step_) {
        for (std::int64_t const column : {x, x + 1}) {
            float const value = row[column - part.x0];
            if (std::isnan(value)) {
                continue;
            }
            int const plane = geometry_.bayer == image::BayerPattern::none
                                  ? stored_plane
                                  : image::bayer_plane(geometry_.bayer, column, y);
            PlaneSamples& samples = planes_[static_cast<std::size_t>(plane)];
            samples.values.push_back(value);
            float const next = row[column + 2 - part.x0];
            if (!std::isnan(next)) {
                samples.differences.push_back(next - value);
            }
        }
    }
}

FrameLevels measure_levels(sky::FrameHeader const& header, std::int64_t rows)
{
    std::int64_t const block_rows = std::clamp<std::int64_t>(rows, 1, header.geometry.height);
    io::FrameReader reader(header);
    FrameLevelPass pass(header.geometry);
    for (std::int64_t y = 0; y < header.geometry.height; y += block_rows) {
        core::Box const box{0, y, header.geometry.width,
                            std::min(header.geometry.height, y + block_rows)};
        image::Image<float> block(box, header.geometry.stored_planes);
        reader.read(block.view());
        pass.add(std::as_const(block).view());
    }
    return pass.result();
}
}  // namespace sectile::ingest
