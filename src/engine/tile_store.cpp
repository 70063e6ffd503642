// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/engine/tile_store.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/io/frame_reader.hpp"

#include "engine/strip_pixels.hpp"

namespace sectile::engine
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
        return engine::bytes_while_open(header_);
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

/// Copies `from` into the same place of `to`, whose box holds it.
template <class T>
void paste(image::ImageView<T const> from, image::ImageView<T> to)
{
    for (int plane = 0; plane < from.planes; ++plane) {
        for (std::int64_t y = from.box.y0; y < from.box.y1; ++y) {
            std::copy_n(from.row(plane, y), from.box.width(), &to.at(plane, from.box.x0, y));
        }
    }
}

void paste(compute::StripOutput const& from, compute::StripOutput const& to)
{
    paste<float>(from.science, to.science);
    paste<float>(from.weight, to.weight);
    paste<std::uint32_t>(from.coverage, to.coverage);
    if (to.wants_rejected()) {
        paste<float>(from.rejected_low, to.rejected_low);
        paste<float>(from.rejected_high, to.rejected_high);
    }
}

/// Rows of the tile, collected until they span its width.
struct PendingRows
{
    StripPixels pixels;
    std::int64_t columns = 0;  ///< filled so far
};

template <class T>
void append_bytes(std::vector<std::byte>& out, T const* data, std::int64_t count)
{
    std::size_t const size = static_cast<std::size_t>(count) * sizeof(T);
    std::size_t const at = out.size();
    out.resize(at + size);
    std::memcpy(out.data() + at, data, size);
}

template <class T>
void append_pixels(std::vector<std::byte>& out, image::ImageView<T> const& pixels)
{
    for (int plane = 0; plane < pixels.planes; ++plane) {
        for (std::int64_t y = pixels.box.y0; y < pixels.box.y1; ++y) {
            append_bytes(out, pixels.row(plane, y), pixels.box.width());
        }
    }
}

template <class T>
std::span<std::byte const> take_pixels(std::span<std::byte const> in, image::ImageView<T> pixels)
{
    for (int plane = 0; plane < pixels.planes; ++plane) {
        for (std::int64_t y = pixels.box.y0; y < pixels.box.y1; ++y) {
            std::size_t const size = static_cast<std::size_t>(pixels.box.width()) * sizeof(T);
            std::memcpy(pixels.row(plane, y), in.data(), size);
            in = in.subspan(size);
        }
    }
    return in;
}
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

struct TileSink::Impl
{
    Impl(comm::Communicator communicator, core::Box const& box, int plane_count, bool with_maps)
        : team(std::move(communicator)), tile(box), planes(plane_count), has_maps(with_maps)
    {}

    void open(TileFiles const& names, RejectionFiles const& maps, std::string const& wcs_cards,
              std::vector<io::FitsCard> const& cards);

    void write_whole(compute::StripOutput const& rows)
    {
        files[0]->write_rows(image::ImageView<float const>(rows.science));
        files[1]->write_rows(image::ImageView<float const>(rows.weight));
        files[2]->write_rows(image::ImageView<std::uint32_t const>(rows.coverage));
        if (has_maps) {
            files[3]->write_rows(image::ImageView<float const>(rows.rejected_low));
            files[4]->write_rows(image::ImageView<float const>(rows.rejected_high));
        }
    }

    /// Rank 0 of the team: rows that span the tile go straight to the files, pieces wait for the
    /// rest.
    void take(core::Box const& strip, compute::StripOutput const& rows)
    {
        if (strip.width() == tile.width()) {
            write_whole(rows);
            return;
        }
        PendingRows& whole = pending[strip.y0];
        if (whole.columns == 0) {
            whole.pixels = {core::Box{tile.x0, strip.y0, tile.x1, strip.y1}, planes, has_maps};
        }
        paste(rows, whole.pixels.output());
        whole.columns += strip.width();
        if (whole.columns == tile.width()) {
            write_whole(whole.pixels.output());
            pending.erase(strip.y0);
        }
    }

    comm::Communicator team;
    core::Box tile;
    int planes;
    bool has_maps;
    /// Science, weight, coverage and, if wanted, the maps; team rank 0 only.
    std::vector<std::unique_ptr<io::FitsWriter>> files;
    std::map<std::int64_t, PendingRows> pending;  ///< by first row
};

TileSink::TileSink(comm::Communicator team, std::string const& science_path, core::Box const& tile,
                   int planes, std::string const& wcs_cards, std::vector<io::FitsCard> const& cards,
                   RejectionFiles const& rejection)
    : impl_(std::make_unique<Impl>(std::move(team), tile, planes, rejection.are_wanted()))
{
    // Only the root opens files, but all must know when it cannot: the rounds are collective.
    comm::agree(impl_->team, "opening a tile", [&] {
        if (impl_->team.is_root()) {
            impl_->open(tile_files(science_path), rejection, wcs_cards, cards);
        }
    });
}

void TileSink::Impl::open(TileFiles const& names, RejectionFiles const& maps,
                          std::string const& wcs_cards, std::vector<io::FitsCard> const& cards)
{
    io::FitsImageSpec spec;
    spec.width = tile.width();
    spec.height = tile.height();
    spec.planes = planes;
    spec.wcs_cards = wcs_cards;
    spec.cards = cards;
    for (std::string const& name : {names.science, names.weight, names.coverage}) {
        bool const is_coverage = name == names.coverage;
        spec.bits_per_pixel = is_coverage ? 32 : -32;
        spec.is_unsigned = is_coverage;
        files.push_back(std::make_unique<io::FitsWriter>(name));
        files.back()->begin_image(spec);
    }
    if (!has_maps) {
        return;
    }
    spec.bits_per_pixel = -32;
    spec.is_unsigned = false;
    // Fractions have no unit.
    std::erase_if(spec.cards, [](io::FitsCard const& card) { return card.keyword == "BUNIT"; });
    for (auto const& [name, path] : {std::pair{"REJ_LOW", maps.low}, {"REJ_HIGH", maps.high}}) {
        spec.name = name;
        files.push_back(std::make_unique<io::FitsWriter>(path));
        files.back()->begin_image(spec);
    }
}

TileSink::~TileSink() = default;

void TileSink::write(core::Box const& strip, compute::StripOutput const& rows)
{
    core::require(strip.empty() || rows.wants_rejected() == impl_->has_maps,
                  "strips of a tile have rejection maps when there are files for them");
    if (impl_->team.size() == 1) {
        if (!strip.empty()) {
            impl_->take(strip, rows);
        }
        return;
    }
    std::vector<std::byte> packed;
    append_bytes(packed, &strip, 1);
    if (!strip.empty()) {
        append_pixels(packed, rows.science);
        append_pixels(packed, rows.weight);
        append_pixels(packed, rows.coverage);
        append_pixels(packed, rows.rejected_low);
        append_pixels(packed, rows.rejected_high);
    }
    for (std::vector<std::byte> const& part : comm::gather(impl_->team, packed)) {
        core::Box box;
        std::memcpy(&box, part.data(), sizeof box);
        if (box.empty()) {
            continue;
        }
        StripPixels piece(box, impl_->planes, impl_->has_maps);
        auto rest = std::span<std::byte const>(part).subspan(sizeof box);
        rest = take_pixels(rest, piece.science.view());
        rest = take_pixels(rest, piece.weight.view());
        rest = take_pixels(rest, piece.coverage.view());
        rest = take_pixels(rest, piece.rejected_low.view());
        take_pixels(rest, piece.rejected_high.view());
        impl_->take(box, piece.output());
    }
}

void TileSink::commit()
{
    comm::agree(impl_->team, "finishing a tile", [&] {
        core::require(impl_->pending.empty(), "a tile is complete when it is committed");
        // What a tile is known by comes last.
        for (auto file = impl_->files.rbegin(); file != impl_->files.rend(); ++file) {
            (*file)->commit();
        }
    });
}
}  // namespace sectile::engine
