// SPDX-License-Identifier: BSD-3-Clause
#include "photometry/sky_cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sectile/comm/share.hpp"
#include "sectile/core/robust.hpp"
#include "sectile/sky/make_grid_map.hpp"

namespace sectile::photometry
{
namespace
{
constexpr std::int64_t cells_across = 40;
constexpr std::int64_t most_samples_across = 12;
constexpr double least_valid = 0.8;

std::int64_t median_side(std::span<engine::PlacedSource const> inputs)
{
    std::vector<std::int64_t> sides;
    for (engine::PlacedSource const& input : inputs) {
        if (!input.footprint.empty()) {
            sides.push_back(std::min(input.footprint.width(), input.footprint.height()));
        }
    }
    if (sides.empty()) {
        return 1;
    }
    return core::median_in_place(sides);
}

/// Along a cell: no pixel twice.
std::int64_t samples_along(std::int64_t side)
{
    return std::min(most_samples_across, side);
}

/// Canvas position of sample k in a cell that starts at `begin`.
std::int64_t sample_position(std::int64_t begin, std::int64_t side, std::int64_t k)
{
    return begin + (2 * k + 1) * side / (2 * samples_along(side));
}

/// The source pixels under the samples of one row of cells.
class CellRow
{
  public:
    CellRow(engine::PlacedSource const& input, image::GridMap const& map,
            image::Image<float> const& pixels, CellLattice const& lattice)
        : input_(input), map_(map), pixels_(pixels), lattice_(lattice)
    {}

    void measure(std::int64_t cell_row, SourceCells& out)
    {
        core::Box const& part = map_.domain;
        std::int64_t const first = (part.x0 + lattice_.side - 1) / lattice_.side;
        std::int64_t const last = part.x1 / lattice_.side;
        for (std::int64_t column = first; column < last; ++column) {
            for (int plane = 0; plane < static_cast<int>(out.size()); ++plane) {
                std::int64_t const samples = samples_along(lattice_.side);
                gather(cell_row, column, plane);
                auto const wanted =
                    static_cast<std::size_t>(least_valid * static_cast<double>(samples * samples));
                if (samples_.size() >= wanted) {
                    out[static_cast<std::size_t>(plane)].push_back(
                        {static_cast<std::uint32_t>(cell_row * lattice_.columns + column),
                         core::median_in_place(samples_)});
                }
            }
        }
    }

  private:
    void gather(std::int64_t cell_row, std::int64_t column, int plane)
    {
        samples_.clear();
        auto const view = pixels_.view();
        core::Box const inside = view.box.clipped_to(input_.pixels->bounds());
        for (std::int64_t j = 0; j < samples_along(lattice_.side); ++j) {
            std::int64_t const y = sample_position(cell_row * lattice_.side, lattice_.side, j);
            for (std::int64_t i = 0; i < samples_along(lattice_.side); ++i) {
                std::int64_t const x = sample_position(column * lattice_.side, lattice_.side, i);
                double sx = 0.0;
                double sy = 0.0;
                map_.evaluate_row(y, x, x + 1, &sx, &sy);
                if (!(std::abs(sx) < 1e9) || !(std::abs(sy) < 1e9)) {
                    continue;
                }
                auto const px = static_cast<std::int64_t>(std::floor(sx + 0.5));
                auto const py = static_cast<std::int64_t>(std::floor(sy + 0.5));
                if (inside.contains(px, py) && !std::isnan(view.at(plane, px, py))) {
                    samples_.push_back(view.at(plane, px, py));
                }
            }
        }
    }

    engine::PlacedSource const& input_;
    image::GridMap const& map_;
    image::Image<float> const& pixels_;
    CellLattice const& lattice_;
    std::vector<float> samples_;
};

}  // namespace

CellLattice make_lattice(std::span<engine::PlacedSource const> inputs, core::Box const& canvas)
{
    CellLattice lattice;
    lattice.side = std::clamp<std::int64_t>(median_side(inputs) / cells_across, 4, 256);
    constexpr std::int64_t most_cells = std::numeric_limits<std::uint32_t>::max();
    while ((canvas.width() / lattice.side + 1) * (canvas.height() / lattice.side + 1) >
           most_cells) {
        lattice.side *= 2;
    }
    lattice.columns = static_cast<std::uint32_t>(canvas.width() / lattice.side + 1);
    return lattice;
}

std::int64_t most_cells_of(core::Box const& footprint, CellLattice const& lattice)
{
    return (footprint.width() / lattice.side + 1) * (footprint.height() / lattice.side + 1);
}

SourceCells measure_cells(engine::CoaddJob const& job, engine::PlacedSource const& input,
                          CellLattice const& lattice, std::int64_t rows)
{
    SourceCells cells(static_cast<std::size_t>(job.planes));
    core::Box const box = input.footprint;
    sky::SkyWcs const grid(*job.grid);
    sky::SkyWcs const source(*input.wcs);
    std::int64_t const first = (box.y0 + lattice.side - 1) / lattice.side;
    std::int64_t const last = box.y1 / lattice.side;
    std::int64_t const step = std::max<std::int64_t>(1, rows / lattice.side);
    for (std::int64_t row = first; row < last; row += step) {
        std::int64_t const end = std::min(last, row + step);
        core::Box const part{box.x0, row * lattice.side, box.x1, end * lattice.side};
        image::GridMap const map = sky::make_grid_map(grid, source, part, input.map_spacing);
        core::Box const window =
            map.source_bounds(part).grown_by(1).clipped_to(input.pixels->bounds());
        if (window.empty()) {
            continue;
        }
        image::Image<float> const pixels = input.pixels->read_science(window);
        CellRow measured(input, map, pixels, lattice);
        for (std::int64_t cell_row = row; cell_row < end; ++cell_row) {
            measured.measure(cell_row, cells);
        }
    }
    return cells;
}

std::vector<SourceCells> gather_cells(comm::Communicator const& comm, std::vector<IndexedCells> own,
                                      std::size_t sources, std::size_t planes)
{
    std::vector<SourceCells> all(sources, SourceCells(planes));
    for (auto& part : comm::gather_values(comm, std::move(own))) {
        for (IndexedCells& source : part) {
            all[source.source] = std::move(source.cells);
        }
        part = {};
    }
    return all;
}
}  // namespace sectile::photometry
