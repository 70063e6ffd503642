// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/find_images.hpp"

#include <algorithm>

#include "io/fits_file.hpp"
#include "io/frame_shape.hpp"
#include "io/header_cards.hpp"

namespace sectile::io
{
std::vector<ImageHdu> find_images(std::string const& path)
{
    std::vector<ImageHdu> images;
    FitsFile file(path);
    for (int hdu = 0; file.move_to(hdu); ++hdu) {
        HduShape const shape = file.shape();
        bool const has_data =
            shape.axes.size() >= 2 && std::ranges::all_of(shape.axes, [](auto n) { return n > 0; });
        if (!shape.is_image || !has_data) {
            continue;
        }
        FrameShape const frame = interpret_axes(shape);
        if (frame.reason.empty()) {
            file.require_complete(shape);
            HeaderCards const header(file.header_text());
            images.push_back({hdu, trimmed(header.text({"EXTNAME"}).value_or("")),
                              static_cast<int>(header.integer("EXTVER").value_or(1)),
                              frame.geometry});
        }
    }
    return images;
}
}  // namespace sectile::io
