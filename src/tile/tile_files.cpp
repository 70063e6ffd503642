// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/tile/tile_files.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <span>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/engine/strip_pixels.hpp"
#include "sectile/source/tile_source.hpp"

namespace sectile::tile
{
namespace
{
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

/// A row of the tile, collected until it spans its width. Single rows, because memory that runs out
/// in the middle of a row of strips makes those that follow thinner.
struct PendingRow
{
    engine::StripPixels pixels;
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

sky::FrameHeader header_of_written_tile(std::string const& science_path,
                                        sky::WcsDescription const& wcs, int planes)
{
    sky::FrameHeader tile;
    tile.path = science_path;
    tile.geometry.width = wcs.width;
    tile.geometry.height = wcs.height;
    tile.geometry.planes = planes;
    tile.geometry.stored_planes = planes;
    tile.geometry.bits_per_pixel = -32;
    tile.wcs = wcs;
    source::TileFiles const files = source::tile_files(science_path);
    tile.weight = {files.weight, 0, tile.geometry, 1.0};
    tile.coverage = {files.coverage, 0, tile.geometry, 1.0};
    tile.coverage.geometry.bits_per_pixel = 32;
    tile.alpha = {files.alpha, 0, tile.geometry, 1.0};
    tile.alpha.geometry.planes = 1;
    tile.alpha.geometry.stored_planes = 1;
    return tile;
}

struct TileSink::Impl
{
    Impl(comm::Communicator communicator, core::Box const& box, int plane_count, bool with_maps)
        : team(std::move(communicator)), tile(box), planes(plane_count), has_maps(with_maps)
    {}

    void open(source::TileFiles const& names, RejectionFiles const& maps,
              std::string const& wcs_cards, std::vector<io::FitsCard> const& cards);

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
        for (std::int64_t y = strip.y0; y < strip.y1; ++y) {
            PendingRow& whole = pending[y];
            if (whole.columns == 0) {
                whole.pixels = {core::Box{tile.x0, y, tile.x1, y + 1}, planes, has_maps};
            }
            paste(rows.clipped_to({strip.x0, y, strip.x1, y + 1}), whole.pixels.output());
            whole.columns += strip.width();
            core::require(whole.columns <= tile.width(), "a pixel of a tile is written once");
            if (whole.columns == tile.width()) {
                write_whole(whole.pixels.output());
                pending.erase(y);
            }
        }
    }

    comm::Communicator team;
    core::Box tile;
    int planes;
    bool has_maps;
    /// Science, weight, coverage and, if wanted, the maps; team rank 0 only.
    std::vector<std::unique_ptr<io::FitsWriter>> files;
    std::map<std::int64_t, PendingRow> pending;  ///< by row
};

TileSink::TileSink(comm::Communicator team, std::string const& science_path, core::Box const& tile,
                   int planes, std::string const& wcs_cards, std::vector<io::FitsCard> const& cards,
                   RejectionFiles const& rejection)
    : impl_(std::make_unique<Impl>(std::move(team), tile, planes, rejection.are_wanted()))
{
    // Only the root opens files, but all must know when it cannot: the rounds are collective.
    comm::agree(impl_->team, "opening a tile", [&] {
        if (impl_->team.is_root()) {
            impl_->open(source::tile_files(science_path), rejection, wcs_cards, cards);
        }
    });
}

void TileSink::Impl::open(source::TileFiles const& names, RejectionFiles const& maps,
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
    // Fractions have no unit, and no electrons behind it.
    std::erase_if(spec.cards, [](io::FitsCard const& card) {
        return card.keyword == "BUNIT" || card.keyword == "GAIN";
    });
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
        engine::StripPixels piece(box, impl_->planes, impl_->has_maps);
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
}  // namespace sectile::tile
