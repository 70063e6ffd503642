// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <png.h>

namespace sectile::test
{
/// A decoded picture as RGBA, row 0 at the top as in the file.
struct Picture
{
    int width = 0;
    int height = 0;
    bool has_alpha = false;
    bool has_color = false;
    std::vector<std::uint8_t> rgba;

    [[nodiscard]] int at(int channel, int x, int row_from_top) const
    {
        return rgba[(static_cast<std::size_t>(row_from_top) * static_cast<std::size_t>(width) +
                     static_cast<std::size_t>(x)) *
                        4 +
                    static_cast<std::size_t>(channel)];
    }
};

inline Picture read_png(std::string const& path)
{
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_file(&image, path.c_str()) == 0) {
        throw std::runtime_error(image.message);
    }
    Picture picture;
    picture.width = static_cast<int>(image.width);
    picture.height = static_cast<int>(image.height);
    picture.has_alpha = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0;
    picture.has_color = (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
    image.format = PNG_FORMAT_RGBA;
    picture.rgba.resize(PNG_IMAGE_SIZE(image));
    if (png_image_finish_read(&image, nullptr, picture.rgba.data(), 0, nullptr) == 0) {
        throw std::runtime_error(image.message);
    }
    return picture;
}
}  // namespace sectile::test
