// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "sectile/engine/coadd.hpp"

namespace sectile::photometry
{
/// Level of one source in one cell of the canvas: the median of samples spread over the cell.
struct CellLevel
{
    std::uint32_t cell = 0;  ///< row * columns of the lattice + column
    float level = 0.0F;
};
void travels_as_bytes(CellLevel const&);

/// The cells a source covers, ascending, for each plane.
using SourceCells = std::vector<std::vector<CellLevel>>;

/// Square cells of the canvas on which sky levels of different sources are compared.
struct CellLattice
{
    std::int64_t side = 1;      ///< canvas pixels
    std::uint32_t columns = 0;  ///< of the lattice
};

/// Cells of a 40th of the typical footprint, 4 to 256 px: large enough for a level to a tenth of
/// the noise, small enough that stars disturb few of them. Larger ones where the canvas would have
/// more than 2^32 of them.
[[nodiscard]] CellLattice make_lattice(std::span<engine::PlacedSource const> inputs,
                                       core::Box const& canvas);

/// Levels of one source: of up to 12 x 12 canvas positions in each cell the nearest source pixels;
/// cells with fewer than 80 % valid samples are left out. Reads the source once, in pieces for
/// about `rows` canvas rows, which do not change the result. Thread-safe.
[[nodiscard]] SourceCells measure_cells(engine::CoaddJob const& job,
                                        engine::PlacedSource const& input,
                                        CellLattice const& lattice, std::int64_t rows);

/// Cells that a source covers at most, for the planner.
[[nodiscard]] std::int64_t most_cells_of(core::Box const& footprint, CellLattice const& lattice);

/// The cells of the source with this index.
struct IndexedCells
{
    std::size_t source = 0;
    SourceCells cells;
};
inline auto fields(IndexedCells& source)
{
    return std::tie(source.source, source.cells);
}

/// The cells of all sources on rank 0, by index; empty lists elsewhere and for sources that nobody
/// measured. *Collective*.
[[nodiscard]] std::vector<SourceCells> gather_cells(comm::Communicator const& comm,
                                                    std::vector<IndexedCells> own,
                                                    std::size_t sources, std::size_t planes);
}  // namespace sectile::photometry
