// SPDX-License-Identifier: BSD-3-Clause
#include <cstring>
#include <type_traits>
#include <utility>

#include "pipeline/sky_cells.hpp"

namespace sectile::pipeline
{
namespace
{
static_assert(std::is_trivially_copyable_v<CellLevel>);

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
    std::vector<std::byte> bytes;
    bytes.reserve(packed_size(own));
    auto const put = [&](void const* data, std::size_t size) {
        auto const* first = static_cast<std::byte const*>(data);
        bytes.insert(bytes.end(), first, first + size);
    };
    for (IndexedCells const& source : own) {
        std::uint64_t const index = source.source;
        put(&index, sizeof index);
        for (auto const& cells : source.cells) {
            std::uint64_t const count = cells.size();
            put(&count, sizeof count);
            put(cells.data(), cells.size() * sizeof(CellLevel));
        }
    }
    return bytes;
}

void unpack_cells(std::vector<std::byte> const& bytes, std::size_t planes,
                  std::vector<SourceCells>& all)
{
    std::size_t at = 0;
    auto const get = [&](void* data, std::size_t size) {
        std::memcpy(data, bytes.data() + at, size);
        at += size;
    };
    while (at < bytes.size()) {
        std::uint64_t index = 0;
        get(&index, sizeof index);
        SourceCells cells(planes);
        for (auto& plane : cells) {
            std::uint64_t count = 0;
            get(&count, sizeof count);
            plane.resize(count);
            if (count > 0) {
                get(plane.data(), count * sizeof(CellLevel));
            }
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
}  // namespace sectile::pipeline
