// SPDX-License-Identifier: BSD-3-Clause
#include "product/area_average.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sectile/core/error.hpp"

namespace sectile::product
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

LinePart line_part(std::int64_t i, std::int64_t source, std::int64_t target)
{
    // In units of 1 / target source pixels every edge is an integer.
    std::int64_t const first = i * target / source;
    std::int64_t const inside = (first + 1) * source - i * target;
    return {first,
            inside >= target ? 1.0F : static_cast<float>(static_cast<double>(inside) / target)};
}

LineRange line_range(std::int64_t target_pixel, std::int64_t source, std::int64_t target)
{
    return {target_pixel * source / target, ((target_pixel + 1) * source + target - 1) / target};
}

LineMap::LineMap(std::int64_t source, std::int64_t target)
{
    core::require(target > 0 && target <= source, "a picture is not larger than its canvas");
    first.reserve(static_cast<std::size_t>(source));
    share.reserve(static_cast<std::size_t>(source));
    for (std::int64_t i = 0; i < source; ++i) {
        LinePart const part = line_part(i, source, target);
        first.push_back(static_cast<std::int32_t>(part.first));
        share.push_back(part.share);
    }
}

AreaAverager::AreaAverager(core::Box const& canvas, core::Box const& picture, int planes)
    : canvas_(canvas),
      picture_(picture),
      columns_(canvas.width(), picture.width()),
      row_{image::Image<float>({0, 0, picture.width(), 1}, planes),
           image::Image<float>({0, 0, picture.width(), 1}, planes)},
      pixel_area_(static_cast<float>(static_cast<double>(canvas.area()) / picture.area())),
      // One more than the picture is wide: the last source pixel's "next" one, with share 0.
      line_length_(static_cast<std::size_t>(picture.width()) + 1),
      line_sum_(line_length_ * static_cast<std::size_t>(planes)),
      line_area_(line_sum_.size())
{
    core::require(picture.height() <= canvas.height(), "a picture is not larger than its canvas");
}

LineRange AreaAverager::source_rows(std::int64_t picture_row) const
{
    return line_range(picture_row, canvas_.height(), picture_.height());
}

AreaMean const& AreaAverager::make_row(std::int64_t picture_row, RowSource const& source)
{
    for (int plane = 0; plane < row_.mean.planes(); ++plane) {
        std::fill_n(row_.mean.view().row(plane, 0), picture_.width(), 0.0F);
        std::fill_n(row_.fraction.view().row(plane, 0), picture_.width(), 0.0F);
    }
    LineRange const rows = source_rows(picture_row);
    for (std::int64_t y = rows.end - 1; y >= rows.begin; --y) {
        if (y != line_row_) {
            bin(source(y), y);
        }
        LinePart const part = line_part(y, canvas_.height(), picture_.height());
        add_line(part.first == picture_row ? part.share : 1.0F - part.share);
    }
    finish_row();
    return row_;
}

void AreaAverager::bin(image::ImageView<float const> rows, std::int64_t y)
{
    core::require(rows.box.width() == std::ssize(columns_.first), "strips are whole rows");
    std::fill(line_sum_.begin(), line_sum_.end(), 0.0F);
    std::fill(line_area_.begin(), line_area_.end(), 0.0F);
    std::size_t const width = columns_.first.size();
    for (int plane = 0; plane < row_.mean.planes(); ++plane) {
        float const* const row = rows.row(plane, y);
        float* const sum = line_sum_.data() + static_cast<std::size_t>(plane) * line_length_;
        float* const covered = line_area_.data() + static_cast<std::size_t>(plane) * line_length_;
        for (std::size_t x = 0; x < width; ++x) {
            bool const valid = std::isfinite(row[x]);
            float const value = valid ? row[x] : 0.0F;
            float const area = valid ? columns_.share[x] : 0.0F;
            float const rest = valid ? 1.0F - columns_.share[x] : 0.0F;
            auto const k = static_cast<std::size_t>(columns_.first[x]);
            sum[k] += area * value;
            covered[k] += area;
            sum[k + 1] += rest * value;
            covered[k + 1] += rest;
        }
    }
    line_row_ = y;
}

void AreaAverager::add_line(float share)
{
    for (int plane = 0; plane < row_.mean.planes(); ++plane) {
        float* const sum = row_.mean.view().row(plane, 0);
        float* const area = row_.fraction.view().row(plane, 0);
        std::size_t const start = static_cast<std::size_t>(plane) * line_length_;
        for (std::size_t x = 0; x + 1 < line_length_; ++x) {
            sum[x] += share * line_sum_[start + x];
            area[x] += share * line_area_[start + x];
        }
    }
}

void AreaAverager::finish_row()
{
    for (int plane = 0; plane < row_.mean.planes(); ++plane) {
        float* const sum = row_.mean.view().row(plane, 0);
        float* const area = row_.fraction.view().row(plane, 0);
        for (std::int64_t x = 0; x < picture_.width(); ++x) {
            sum[x] = area[x] > 0.0F ? sum[x] / area[x] : std::numeric_limits<float>::quiet_NaN();
            area[x] = std::min(1.0F, area[x] / pixel_area_);
        }
    }
}

AreaMaximum::AreaMaximum(core::Box const& canvas, core::Box const& picture)
    : columns_(canvas.width(), picture.width()),
      canvas_height_(canvas.height()),
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
        LinePart const part = line_part(y, canvas_height_, largest_.box().height());
        std::int64_t const last = part.first + (part.share < 1.0F ? 1 : 0);
        for (std::int64_t target = part.first; target <= last; ++target) {
            std::uint32_t* const out = largest_.view().row(0, target);
            for (std::int64_t x = 0; x < largest_.box().width(); ++x) {
                out[x] = std::max(out[x], line_[static_cast<std::size_t>(x)]);
            }
        }
    }
}
}  // namespace sectile::product
