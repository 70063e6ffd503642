// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/pictures_area.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sectile/core/error.hpp"

namespace sectile::pipeline
{
core::Box picture_box(core::Box const& canvas, int max_side)
{
    core::require(max_side > 0 && !canvas.empty(), "a picture has pixels");
    std::int64_t const longest = std::max(canvas.width(), canvas.height());
    if (longest <= max_side) {
        return {0, 0, canvas.width(), canvas.height()};
    }
    auto const scaled = [&](std::int64_t side) {
        return std::max<std::int64_t>(1, (side * max_side + longest / 2) / longest);
    };
    return {0, 0, scaled(canvas.width()), scaled(canvas.height())};
}

LineMap::LineMap(std::int64_t source, std::int64_t target)
{
    core::require(target > 0 && target <= source, "a picture is not larger than its canvas");
    first.reserve(static_cast<std::size_t>(source));
    share.reserve(static_cast<std::size_t>(source));
    for (std::int64_t i = 0; i < source; ++i) {
        // In units of 1 / target source pixels every edge is an integer.
        std::int64_t const k = i * target / source;
        std::int64_t const inside = (k + 1) * source - i * target;
        first.push_back(static_cast<std::int32_t>(k));
        share.push_back(
            inside >= target ? 1.0F : static_cast<float>(static_cast<double>(inside) / target));
    }
}

AreaAverager::AreaAverager(core::Box const& canvas, core::Box const& picture, int planes)
    : columns_(canvas.width(), picture.width()),
      rows_(canvas.height(), picture.height()),
      sums_{image::Image<float>(picture, planes), image::Image<float>(picture, planes)},
      pixel_area_(static_cast<float>(static_cast<double>(canvas.area()) / picture.area())),
      // One more than the picture is wide: the last source pixel's "next" one, with share 0.
      line_sum_(static_cast<std::size_t>(picture.width()) + 1),
      line_area_(line_sum_.size())
{}

void AreaAverager::add(image::ImageView<float const> rows)
{
    core::require(rows.box.width() == std::ssize(columns_.first), "strips are whole rows");
    for (int plane = 0; plane < sums_.mean.planes(); ++plane) {
        for (std::int64_t y = rows.box.y0; y < rows.box.y1; ++y) {
            add_row(rows.row(plane, y), plane, y);
        }
    }
}

void AreaAverager::add_row(float const* row, int plane, std::int64_t y)
{
    std::fill(line_sum_.begin(), line_sum_.end(), 0.0F);
    std::fill(line_area_.begin(), line_area_.end(), 0.0F);
    std::size_t const width = columns_.first.size();
    for (std::size_t x = 0; x < width; ++x) {
        bool const valid = std::isfinite(row[x]);
        float const value = valid ? row[x] : 0.0F;
        float const area = valid ? columns_.share[x] : 0.0F;
        float const rest = valid ? 1.0F - columns_.share[x] : 0.0F;
        auto const k = static_cast<std::size_t>(columns_.first[x]);
        line_sum_[k] += area * value;
        line_area_[k] += area;
        line_sum_[k + 1] += rest * value;
        line_area_[k + 1] += rest;
    }
    auto const line = static_cast<std::size_t>(y);
    add_line(plane, rows_.first[line], rows_.share[line]);
    if (rows_.share[line] < 1.0F) {
        add_line(plane, rows_.first[line] + 1, 1.0F - rows_.share[line]);
    }
}

void AreaAverager::add_line(int plane, std::int64_t picture_row, float share)
{
    float* const sum = sums_.mean.view().row(plane, picture_row);
    float* const area = sums_.fraction.view().row(plane, picture_row);
    std::size_t const width = line_sum_.size() - 1;
    for (std::size_t x = 0; x < width; ++x) {
        sum[x] += share * line_sum_[x];
        area[x] += share * line_area_[x];
    }
}

AreaMean AreaAverager::take()
{
    core::Box const box = sums_.mean.box();
    for (int plane = 0; plane < sums_.mean.planes(); ++plane) {
        for (std::int64_t y = box.y0; y < box.y1; ++y) {
            float* const sum = sums_.mean.view().row(plane, y);
            float* const area = sums_.fraction.view().row(plane, y);
            for (std::int64_t x = 0; x < box.width(); ++x) {
                sum[x] =
                    area[x] > 0.0F ? sum[x] / area[x] : std::numeric_limits<float>::quiet_NaN();
                area[x] = std::min(1.0F, area[x] / pixel_area_);
            }
        }
    }
    return std::move(sums_);
}

AreaMaximum::AreaMaximum(core::Box const& canvas, core::Box const& picture)
    : columns_(canvas.width(), picture.width()),
      rows_(canvas.height(), picture.height()),
      largest_(picture, 1),
      line_(static_cast<std::size_t>(picture.width()) + 1)
{}

void AreaMaximum::add(image::ImageView<std::uint32_t const> rows)
{
    core::require(rows.box.width() == std::ssize(columns_.first), "strips are whole rows");
    for (std::int64_t y = rows.box.y0; y < rows.box.y1; ++y) {
        std::fill(line_.begin(), line_.end(), 0U);
        for (int plane = 0; plane < rows.planes; ++plane) {
            std::uint32_t const* const row = rows.row(plane, y);
            for (std::size_t x = 0; x < columns_.first.size(); ++x) {
                auto const k = static_cast<std::size_t>(columns_.first[x]);
                line_[k] = std::max(line_[k], row[x]);
                if (columns_.share[x] < 1.0F) {
                    line_[k + 1] = std::max(line_[k + 1], row[x]);
                }
            }
        }
        auto const line = static_cast<std::size_t>(y);
        std::int64_t const last = rows_.first[line] + (rows_.share[line] < 1.0F ? 1 : 0);
        for (std::int64_t target = rows_.first[line]; target <= last; ++target) {
            std::uint32_t* const out = largest_.view().row(0, target);
            for (std::int64_t x = 0; x < largest_.box().width(); ++x) {
                out[x] = std::max(out[x], line_[static_cast<std::size_t>(x)]);
            }
        }
    }
}
}  // namespace sectile::pipeline
