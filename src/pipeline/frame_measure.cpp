// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/frame_measure.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <utility>

#include "sectile/core/robust.hpp"
#include "sectile/engine/pixel_source.hpp"
#include "sectile/image/bayer.hpp"
#include "sectile/image/image.hpp"

namespace sectile::pipeline
{
namespace
{
constexpr double samples_wanted = 40'000.0;

/// Values and differences met on the lattice for one plane.
struct PlaneSamples
{
    std::vector<float> values;
    std::vector<float> differences;
};

double median_of(std::vector<float>& values)
{
    return values.empty() ? std::numeric_limits<double>::quiet_NaN()
                          : core::median_in_place(values);
}

double median_absolute_deviation(std::vector<float> values, double center)
{
    for (float& value : values) {
        value = static_cast<float>(std::abs(value - center));
    }
    return median_of(values);
}

double clipped_background(std::vector<float> values)
{
    double center = median_of(values);
    for (int iteration = 0; iteration < 5; ++iteration) {
        double const limit = 3.0 * core::sigma_of_mad * median_absolute_deviation(values, center);
        auto const outside = [&](float v) { return std::abs(v - center) > limit; };
        std::size_t const removed = std::erase_if(values, outside);
        if (removed == 0 || values.empty()) {
            break;
        }
        center = median_of(values);
    }
    return center;
}

double noise_of(std::vector<float> const& differences)
{
    if (differences.empty()) {
        return 0.0;
    }
    double const mad = median_absolute_deviation(differences, 0.0);
    if (mad > 0.0) {
        return core::sigma_of_mad * mad / std::numbers::sqrt2;
    }
    // Coarsely quantised data: more than half of the differences vanish.
    double sum = 0.0;
    for (float const difference : differences) {
        sum += static_cast<double>(difference) * difference;
    }
    return std::sqrt(sum / static_cast<double>(differences.size()) / 2.0);
}

class Pass
{
  public:
    explicit Pass(sky::FrameGeometry const& geometry)
        : geometry_(geometry), planes_(static_cast<std::size_t>(geometry.planes))
    {
        double const cells =
            static_cast<double>(geometry.width) * static_cast<double>(geometry.height) / 4.0;
        step_ = 2 * std::max<std::int64_t>(
                        1, static_cast<std::int64_t>(std::sqrt(cells / samples_wanted)));
    }

    void add(image::ImageView<float const> rows)
    {
        for (int plane = 0; plane < rows.planes; ++plane) {
            for (std::int64_t y = rows.box.y0; y < rows.box.y1; ++y) {
                add_extremes(rows.row(plane, y), rows.box.width());
                if (y % step_ < 2) {
                    add_lattice_row(rows.row(plane, y), plane, y);
                }
            }
        }
    }

    FrameMeasurement result() const
    {
        FrameMeasurement measured;
        for (PlaneSamples const& samples : planes_) {
            measured.planes.push_back(
                {clipped_background(samples.values), noise_of(samples.differences)});
        }
        measured.masked_fraction =
            total_ == 0 ? 1.0 : 1.0 - static_cast<double>(valid_) / static_cast<double>(total_);
        measured.lowest = lowest_;
        measured.highest = highest_;
        return measured;
    }

  private:
    void add_extremes(float const* row, std::int64_t width)
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
    void add_lattice_row(float const* row, int stored_plane, std::int64_t y)
    {
        for (std::int64_t x = 0; x + 3 < geometry_.width; x += step_) {
            for (std::int64_t const column : {x, x + 1}) {
                float const value = row[column];
                if (std::isnan(value)) {
                    continue;
                }
                int const plane = geometry_.bayer == image::BayerPattern::none
                                      ? stored_plane
                                      : image::bayer_plane(geometry_.bayer, column, y);
                PlaneSamples& samples = planes_[static_cast<std::size_t>(plane)];
                samples.values.push_back(value);
                if (!std::isnan(row[column + 2])) {
                    samples.differences.push_back(row[column + 2] - value);
                }
            }
        }
    }

    sky::FrameGeometry geometry_;
    std::int64_t step_ = 2;
    std::vector<PlaneSamples> planes_;
    float lowest_ = std::numeric_limits<float>::infinity();
    float highest_ = -std::numeric_limits<float>::infinity();
    std::int64_t valid_ = 0;
    std::int64_t total_ = 0;
};
}  // namespace

FrameMeasurement measure_frame(sky::FrameHeader const& header, engine::FramePreparation preparation,
                               std::int64_t rows)
{
    preparation.weighs = false;
    bool const is_superpixels = header.geometry.stored_width > 0;
    auto const source = is_superpixels ? engine::make_frame_source(header, std::move(preparation))
                                       : engine::make_raw_source(header, std::move(preparation));
    sky::FrameGeometry geometry = header.geometry;
    if (is_superpixels) {
        geometry.bayer = image::BayerPattern::none;
    }
    std::int64_t const block_rows = std::clamp<std::int64_t>(rows, 1, geometry.height);
    Pass pass(geometry);
    for (std::int64_t y = 0; y < geometry.height; y += block_rows) {
        core::Box const box{0, y, geometry.width, std::min(geometry.height, y + block_rows)};
        image::Image<float> const block = source->read(box).science;
        pass.add(block.view());
    }
    return pass.result();
}
}  // namespace sectile::pipeline
