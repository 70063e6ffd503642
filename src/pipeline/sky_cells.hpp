// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sectile/engine/coadd.hpp"

namespace sectile::pipeline
{
/// Level of one source in one cell of the canvas: the median of samples spread over the cell.
struct CellLevel
{
    std::int64_t cell = 0;  ///< row * columns of the lattice + column
    float level = 0.0F;
};

/// The cells a source covers, ascending, for each plane.
using SourceCells = std::vector<std::vector<CellLevel>>;

/// Square cells of the canvas on which sky levels of different sources are compared.
struct CellLattice
{
    std::int64_t side = 1;     ///< canvas pixels
    std::int64_t columns = 0;  ///< of the lattice
};

/// Cells of a 40th of the typical footprint: large enough for a level to a tenth of the noise,
/// small enough that stars disturb few of them.
[[nodiscard]] CellLattice make_lattice(std::span<engine::CoaddInput const> inputs,
                                       core::Box const& canvas);

/// Levels of one source: of 12 x 12 canvas positions in each cell the nearest source pixels; cells
/// with fewer than 80 % valid samples are left out. Reads the source once in pieces of at most
/// about 64 MiB. Thread-safe.
[[nodiscard]] SourceCells measure_cells(engine::CoaddJob const& job,
                                        engine::CoaddInput const& input,
                                        CellLattice const& lattice);
}  // namespace sectile::pipeline
