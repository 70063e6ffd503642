// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/io/fits_checksum.hpp"
#include "sectile/io/frame_reader.hpp"
#include "sectile/product/rejection_maps.hpp"

#include "product/canvas_rows.hpp"

namespace sectile::product
{
namespace
{
namespace fs = std::filesystem;

core::IoError wrong_map(std::string const& path, std::string const& why)
{
    return core::IoError(core::sentence("the rejection map '" + path + "' is damaged", why,
                                        "run again with --rejection-maps"));
}

/// The header of a map whose checksums are right.
sky::FrameHeader open_map(std::string const& path, std::string const& name)
{
    if (!fs::is_regular_file(path)) {
        throw wrong_map(path, "it is missing");
    }
    auto const images = io::verify_fits_checksums(path);
    if (images.size() != 1 || images[0].name != name || images[0].bits_per_pixel != -32) {
        throw wrong_map(path, "it is not one image named " + name);
    }
    std::vector<std::int64_t> const& axes = images[0].axes;
    if (axes.size() != 2 && axes.size() != 3) {
        throw wrong_map(path, "it does not have 2 or 3 axes");
    }
    sky::FrameHeader header;
    header.path = path;
    header.geometry.width = axes[0];
    header.geometry.height = axes[1];
    header.geometry.planes = axes.size() > 2 ? static_cast<int>(axes[2]) : 1;
    header.geometry.stored_planes = header.geometry.planes;
    header.geometry.bits_per_pixel = images[0].bits_per_pixel;
    return header;
}

/// Whether the fractions of one pixel can be those of samples of which one survived.
bool is_possible(float low, float high)
{
    if (std::isnan(low) || std::isnan(high)) {
        return std::isnan(low) && std::isnan(high);
    }
    return low >= 0.0F && high >= 0.0F && low + high < 1.0F;
}

void check_rows(std::string const& path, image::ImageView<float const> low,
                image::ImageView<float const> high)
{
    for (int plane = 0; plane < low.planes; ++plane) {
        for (std::int64_t y = low.box.y0; y < low.box.y1; ++y) {
            for (std::int64_t x = low.box.x0; x < low.box.x1; ++x) {
                float const below = low.at(plane, x, y);
                float const above = high.at(plane, x, y);
                if (!is_possible(below, above)) {
                    throw wrong_map(path, fmt::format("plane {}, pixel ({}, {}) says that {} of "
                                                      "the samples lie below and {} above",
                                                      plane, x, y, below, above));
                }
            }
        }
    }
}

void verify_pair(std::string const& low_path, std::string const& high_path)
{
    sky::FrameHeader const low = open_map(low_path, "REJ_LOW");
    sky::FrameHeader const high = open_map(high_path, "REJ_HIGH");
    core::Box const bounds{0, 0, low.geometry.width, low.geometry.height};
    int const planes = low.geometry.planes;
    if (high.geometry.width != bounds.x1 || high.geometry.height != bounds.y1 ||
        high.geometry.planes != planes) {
        throw wrong_map(high_path, "its size is not that of '" + low_path + "'");
    }
    io::FrameReader low_reader(low);
    io::FrameReader high_reader(high);
    std::int64_t const rows = rows_of_block(bounds, planes, 2 * sizeof(float));
    image::Image<float> below({0, 0, bounds.x1, rows}, planes);
    image::Image<float> above({0, 0, bounds.x1, rows}, planes);
    for (std::int64_t y = 0; y < bounds.y1; y += rows) {
        core::Box const box{0, y, bounds.x1, std::min(y + rows, bounds.y1)};
        auto const below_rows = reused_for(below, box);
        auto const above_rows = reused_for(above, box);
        low_reader.read(below_rows);
        high_reader.read(above_rows);
        check_rows(low_path, below_rows, above_rows);
    }
}
}  // namespace

std::string verify_rejection_maps(std::string const& output)
{
    std::string const folder = rejection_folder(output);
    if (!fs::is_directory(folder)) {
        return {};
    }
    std::vector<std::string> stems;
    for (auto const& entry : fs::directory_iterator(folder)) {
        std::string const path = entry.path().string();
        bool const is_map = entry.path().filename().string().starts_with("tile_");
        for (std::string_view const ending : {low_map_ending, high_map_ending}) {
            if (is_map && path.ends_with(ending)) {
                stems.push_back(path.substr(0, path.size() - ending.size()));
            }
        }
    }
    std::ranges::sort(stems);
    auto const repeated = std::ranges::unique(stems);
    stems.erase(repeated.begin(), repeated.end());
    for (std::string const& stem : stems) {
        verify_pair(stem + low_map_ending, stem + high_map_ending);
    }
    return stems.empty() ? std::string()
                         : fmt::format("{}: the rejection maps of {} master tile{} are right\n",
                                       folder, stems.size(), stems.size() == 1 ? "" : "s");
}
}  // namespace sectile::product
