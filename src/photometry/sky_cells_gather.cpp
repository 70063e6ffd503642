// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include "sectile/comm/byte_stream.hpp"

#include "photometry/sky_cells.hpp"

namespace sectile::photometry
{
namespace
{
std::size_t packed_size(std::vector<IndexedCells> const& own)
{
    std::size_t size = 0;
    for (IndexedCells const& source : own) {
        size += sizeof(std::uint64_t);
        for (auto const& cells : source.cells) {
            size += sizeof(std::uint64_t) + cells.size() * sizeof(CellLevel);
        }
    }
    return size;
}

std::vector<std::byte> pack_cells(std::vector<IndexedCells> own)
{
    comm::ByteWriter out;
    out.reserve(packed_size(own));
    for (IndexedCells const& source : own) {
        out.number(source.source);
        for (auto const& cells : source.cells) {
            out.array(cells);
        }
    }
    return out.take();
}

void unpack_cells(std::vector<std::byte> const& bytes, std::size_t planes,
                  std::vector<SourceCells>& all)
{
    for (comm::ByteReader in(bytes); !in.at_end();) {
        std::uint64_t const index = in.number();
        SourceCells cells(planes);
        for (auto& plane : cells) {
            plane = in.array<CellLevel>();
        }
        all[index] = std::move(cells);
    }
}
}  // namespace

std::vector<SourceCells> gather_cells(comm::Communicator const& comm, std::vector<IndexedCells> own,
                                      std::size_t sources, std::size_t planes)
{
    std::vector<SourceCells> all(sources, SourceCells(planes));
    if (comm.size() == 1) {
        for (IndexedCells& source : own) {
            all[source.source] = std::move(source.cells);
        }
        return all;
    }
    for (auto& part : comm::gather(comm, pack_cells(std::move(own)))) {
        unpack_cells(part, planes, all);
        part = {};
    }
    return all;
}
}  // namespace sectile::photometry
