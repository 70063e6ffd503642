// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/source/tile_source.hpp"

#include <filesystem>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/core/event_count.hpp"
#include "sectile/io/frame_reader.hpp"

namespace sectile::source
{
namespace
{
/// science path without .fits / .fit / .fts and without .gz / .fz behind it.
std::string stem_of(std::string const& path)
{
    std::filesystem::path name(path);
    if (name.extension() == ".gz" || name.extension() == ".fz") {
        name.replace_extension();
    }
    return name.replace_extension().string();
}

/// What the header of the partner file `path` says; nothing where there is no such file.
sky::FramePartner find_partner(sky::FrameGeometry const& tile, std::string const& path, int planes)
{
    if (!std::filesystem::exists(path)) {
        return {};
    }
    core::count_event(core::Event::tile_partner_scan);
    io::FileScan const scan = io::scan_file(path, false);
    bool const matches = !scan.frames.empty() && scan.frames.front().geometry.width == tile.width &&
                         scan.frames.front().geometry.height == tile.height &&
                         scan.frames.front().geometry.planes == planes;
    if (!matches) {
        throw core::InputError(core::sentence("the tile partner " + path + " cannot be used",
                                              scan.frames.empty() && !scan.unreadable.empty()
                                                  ? scan.unreadable.front().reason
                                                  : "its shape is not that of the tile",
                                              "write it again or move it away"));
    }
    sky::FrameHeader const& header = scan.frames.front();
    return {header.path, header.hdu, header.geometry, 1.0};
}

class TileSource final : public PixelSource
{
  public:
    explicit TileSource(sky::FrameHeader header) : header_(std::move(header)) {}

    [[nodiscard]] core::Box bounds() const override
    {
        return {0, 0, header_.geometry.width, header_.geometry.height};
    }
    [[nodiscard]] int planes() const override { return header_.geometry.planes; }
    [[nodiscard]] int held_planes() const override
    {
        int const like_science = 1 + (has_weight() ? 1 : 0) + (header_.coverage.exists() ? 1 : 0);
        return planes() * like_science + (header_.alpha.exists() ? 1 : 0);
    }

    [[nodiscard]] bool has_weight() const override { return header_.weight.exists(); }
    [[nodiscard]] int planes_while_reading() const override { return 0; }
    [[nodiscard]] int margin_while_reading() const override { return 0; }
    [[nodiscard]] std::int64_t bytes_while_open() const override
    {
        return source::bytes_while_open(header_);
    }

    [[nodiscard]] SourcePixels read(core::Box const& window) const override
    {
        return {read_science(window), read_partner(header_.weight, window),
                read_partner(header_.coverage, window), read_partner(header_.alpha, window)};
    }
    [[nodiscard]] image::Image<float> read_science(core::Box const& window) const override
    {
        return read_planes(header_, window);
    }

  private:
    static image::Image<float> read_partner(sky::FramePartner const& partner,
                                            core::Box const& window)
    {
        return partner.exists() ? read_planes(sky::header_of(partner), window)
                                : image::Image<float>();
    }
    static image::Image<float> read_planes(sky::FrameHeader const& header, core::Box const& window)
    {
        image::Image<float> pixels(window, header.geometry.planes);
        io::FrameReader reader(header);
        reader.read(pixels.view());
        return pixels;
    }

    sky::FrameHeader header_;
};
}  // namespace

void find_tile_partners(sky::FrameHeader& tile)
{
    TileFiles const files = tile_files(tile.path);
    tile.weight = find_partner(tile.geometry, files.weight, tile.geometry.planes);
    tile.coverage = find_partner(tile.geometry, files.coverage, tile.geometry.planes);
    tile.alpha = find_partner(tile.geometry, files.alpha, 1);
}

std::shared_ptr<PixelSource const> make_tile_source(sky::FrameHeader header)
{
    return std::make_shared<TileSource>(std::move(header));
}

TileFiles tile_files(std::string const& science_path)
{
    std::string const stem = stem_of(science_path);
    std::string const ending = science_path.substr(stem.size());
    return {science_path, stem + ".weight" + ending, stem + ".coverage" + ending,
            stem + ".alpha" + ending};
}
}  // namespace sectile::source
