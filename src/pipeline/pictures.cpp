// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/pipeline/pictures.hpp"

#include <algorithm>

#include "sectile/io/png_writer.hpp"

#include "pipeline/canvas_rows.hpp"
#include "pipeline/pictures_area.hpp"
#include "pipeline/pictures_coverage.hpp"
#include "pipeline/pictures_stretch.hpp"

namespace sectile::pipeline
{
void write_preview(io::CanvasReader const& canvas, std::string const& path, int max_side)
{
    io::CanvasLayout const& layout = canvas.layout();
    core::Box const bounds{0, 0, layout.width, layout.height};
    AreaAverager averager(bounds, picture_box(bounds, max_side), layout.planes);
    for_row_blocks<float>(bounds, layout.planes, [&](image::ImageView<float> rows) {
        canvas.read_science(rows);
        averager.add(rows);
    });
    AreaMean const picture = averager.take();
    io::write_png(path, stretched(picture, choose_stretch(picture)).view());
}

void write_coverage_picture(io::CanvasReader const& canvas, std::string const& path, int max_side)
{
    io::CanvasLayout const& layout = canvas.layout();
    core::Box const bounds{0, 0, layout.width, layout.height};
    AreaMaximum maximum(bounds, picture_box(bounds, max_side));
    for_row_blocks<std::uint32_t>(bounds, layout.planes, [&](image::ImageView<std::uint32_t> rows) {
        canvas.read_coverage(rows);
        maximum.add(rows);
    });
    io::write_png(path, draw_coverage(maximum.view()).view());
}
}  // namespace sectile::pipeline
