// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/source/tile_source.hpp"

#include <filesystem>
#include <optional>
#include <utility>

#include "sectile/core/error.hpp"
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

class TileSource final : public PixelSource
{
  public:
    explicit TileSource(sky::FrameHeader header) : header_(std::move(header))
    {
        TileFiles const files = tile_files(header_.path);
        weight_ = partner(files.weight, header_.geometry.planes);
        coverage_ = partner(files.coverage, header_.geometry.planes);
        alpha_ = partner(files.alpha, 1);
    }

    [[nodiscard]] core::Box bounds() const override
    {
        return {0, 0, header_.geometry.width, header_.geometry.height};
    }
    [[nodiscard]] int planes() const override { return header_.geometry.planes; }
    [[nodiscard]] int held_planes() const override
    {
        return planes() * (1 + (weight_ ? 1 : 0) + (coverage_ ? 1 : 0)) + (alpha_ ? 1 : 0);
    }

    [[nodiscard]] bool has_weight() const override { return weight_.has_value(); }
    [[nodiscard]] int planes_while_reading() const override { return 0; }
    [[nodiscard]] int margin_while_reading() const override { return 0; }
    [[nodiscard]] std::int64_t bytes_while_open() const override
    {
        return source::bytes_while_open(header_);
    }

    [[nodiscard]] SourcePixels read(core::Box const& window) const override
    {
        SourcePixels pixels;
        pixels.science = read_plane(header_, window);
        if (weight_) {
            pixels.weight = read_plane(*weight_, window);
        }
        if (coverage_) {
            pixels.coverage = read_plane(*coverage_, window);
        }
        if (alpha_) {
            pixels.alpha = read_plane(*alpha_, window);
        }
        return pixels;
    }

  private:
    [[nodiscard]] std::optional<sky::FrameHeader> partner(std::string const& path, int planes) const
    {
        if (!std::filesystem::exists(path)) {
            return std::nullopt;
        }
        io::FileScan const scan = io::scan_file(path, false);
        bool const matches = !scan.frames.empty() &&
                             scan.frames.front().geometry.width == header_.geometry.width &&
                             scan.frames.front().geometry.height == header_.geometry.height &&
                             scan.frames.front().geometry.planes == planes;
        if (!matches) {
            throw core::InputError(core::sentence("the tile partner " + path + " cannot be used",
                                                  scan.frames.empty() && !scan.unreadable.empty()
                                                      ? scan.unreadable.front().reason
                                                      : "its shape is not that of the tile",
                                                  "write it again or move it away"));
        }
        return scan.frames.front();
    }

    static image::Image<float> read_plane(sky::FrameHeader const& header, core::Box const& window)
    {
        image::Image<float> pixels(window, header.geometry.planes);
        io::FrameReader reader(header);
        reader.read(pixels.view());
        return pixels;
    }

    sky::FrameHeader header_;
    std::optional<sky::FrameHeader> weight_;
    std::optional<sky::FrameHeader> coverage_;
    std::optional<sky::FrameHeader> alpha_;
};
}  // namespace

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
