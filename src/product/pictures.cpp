// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/product/pictures.hpp"

#include <algorithm>

#include "sectile/io/png_writer.hpp"

#include "product/area_average.hpp"
#include "product/canvas_rows.hpp"
#include "product/coverage_drawing.hpp"
#include "product/stretch.hpp"

namespace sectile::product
{
namespace
{
constexpr int preview_side = 4096;
constexpr int coverage_side = 2048;

core::Box bounds_of(io::CanvasReader const& canvas)
{
    return {0, 0, canvas.layout().width, canvas.layout().height};
}

/// Makes rows of a preview from those of the canvas. Memory: a block of canvas rows and a few more.
class PreviewRows
{
  public:
    PreviewRows(io::CanvasReader const& canvas, core::Box const& picture)
        : averager_(bounds_of(canvas), picture, shown_planes(canvas.layout().planes)),
          rows_(bounds_of(canvas), canvas.layout().planes,
                [&canvas](image::ImageView<float> rows) { canvas.read_science(rows); })
    {}

    /// Picture rows in falling order. `skips`: the next one is not the one below.
    AreaMean const& make(std::int64_t picture_row, bool skips)
    {
        std::int64_t const lowest = skips ? averager_.source_rows(picture_row).begin : 0;
        return averager_.make_row(picture_row,
                                  [&](std::int64_t y) { return rows_.with_row(y, lowest); });
    }

  private:
    AreaAverager averager_;
    RowsDownwards<float> rows_;
};

/// Pixels of the preview that its levels are taken from.
AreaMean sample_preview(io::CanvasReader const& canvas, core::Box const& picture)
{
    SampledRows const sampled(picture);
    int const planes = shown_planes(canvas.layout().planes);
    core::Box const box{0, 0, picture.width(), sampled.count};
    AreaMean sample{image::Image<float>(box, planes), image::Image<float>(box, planes)};
    PreviewRows rows(canvas, picture);
    for (std::int64_t i = sampled.count - 1; i >= 0; --i) {
        AreaMean const& row = rows.make(sampled.first + i * sampled.step, sampled.step > 1);
        for (int plane = 0; plane < planes; ++plane) {
            std::copy_n(row.mean.view().row(plane, 0), box.width(),
                        sample.mean.view().row(plane, i));
            std::copy_n(row.fraction.view().row(plane, 0), box.width(),
                        sample.fraction.view().row(plane, i));
        }
    }
    return sample;
}

std::int64_t image_bytes(core::Box const& box, int planes)
{
    constexpr std::int64_t pixel_bytes = 4;
    return (box.width() + 15) / 16 * 16 * box.height() * planes * pixel_bytes;
}

/// LineMap: 8 bytes for each column of the canvas.
std::int64_t column_bytes(core::Box const& canvas)
{
    return 8 * canvas.width();
}
}  // namespace

void write_preview(io::CanvasReader const& canvas, std::string const& path, int max_side)
{
    core::Box const picture = picture_box(bounds_of(canvas), max_side);
    Stretch const stretch = choose_stretch(sample_preview(canvas, picture));
    PreviewRows rows(canvas, picture);
    io::PngWriter writer(path, picture.width(), picture.height(), 4);
    for (std::int64_t y = picture.height() - 1; y >= 0; --y) {
        writer.write_rows(stretched(rows.make(y, false), stretch).view());
    }
    writer.commit();
}

void write_coverage_picture(io::CanvasReader const& canvas, std::string const& path, int max_side)
{
    core::Box const bounds = bounds_of(canvas);
    AreaMaximum maximum(bounds, picture_box(bounds, max_side));
    for_row_blocks<std::uint32_t>(bounds, canvas.layout().planes,
                                  [&](image::ImageView<std::uint32_t> rows) {
                                      canvas.read_coverage(rows);
                                      maximum.add(rows);
                                  });
    CoverageDrawing const drawing(maximum.view());
    core::Box const box = drawing.box();
    image::Image<std::uint8_t> buffer({0, 0, box.width(), 1}, 4);
    io::PngWriter writer(path, box.width(), box.height(), 4);
    for (std::int64_t y = box.height() - 1; y >= 0; --y) {
        image::ImageView<std::uint8_t> const row = reused_for(buffer, {0, y, box.width(), y + 1});
        drawing.draw(row);
        writer.write_rows(row);
    }
    writer.commit();
}

std::int64_t finish_bytes(std::int64_t width, std::int64_t height, int planes)
{
    // HDF5 converts counts in pieces of 1 MiB, the FITS writer collects 256 KiB, zlib and libpng
    // keep less than 1 MiB and some rows of the picture.
    constexpr std::int64_t library_bytes = std::int64_t{4} << 20U;
    core::Box const canvas{0, 0, width, height};
    std::int64_t const block = block_bytes(canvas, planes, 4);

    core::Box const preview = picture_box(canvas, preview_side);
    int const shown = shown_planes(planes);
    core::Box const sample{0, 0, preview.width(), SampledRows(preview).count};
    // Mean and fraction, each as the row that is made and as the canvas row laid onto it.
    std::int64_t const lines = 4 * image_bytes({0, 0, preview.width() + 1, 1}, shown);
    std::int64_t const preview_rows = block + column_bytes(canvas) + lines;
    std::int64_t const levels = 2 * image_bytes(sample, 1);
    std::int64_t const preview_bytes =
        2 * image_bytes(sample, shown) + std::max(preview_rows, levels);

    core::Box const map = picture_box(canvas, coverage_side);
    core::Box const drawn = coverage_picture_box(map);
    core::Box const strip{0, 0, drawn.width(), drawn.height() - map.height() + 1};
    std::int64_t const coverage_bytes = image_bytes(map, 1) + column_bytes(canvas) +
                                        image_bytes({0, 0, map.width() + 1, 1}, 1) +
                                        std::max(block, image_bytes(strip, 1));
    return library_bytes + std::max({block, preview_bytes, coverage_bytes});
}
}  // namespace sectile::product
