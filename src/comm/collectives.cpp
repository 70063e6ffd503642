// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "sectile/core/error.hpp"

#include "comm/collectives_detail.hpp"
#include "comm/mpi_handle.hpp"
#include "comm/traffic.hpp"

namespace sectile::comm
{
namespace
{
using ByteVectors = std::vector<std::vector<std::byte>>;

void check_root(Communicator const& comm, int root)
{
    core::require(root >= 0 && root < comm.size(), "the root is a rank of the communicator");
}

ByteVectors only_own(std::span<std::byte const> bytes)
{
    ByteVectors all(1);
    all.front().assign(bytes.begin(), bytes.end());
    return all;
}

/// Collective: the number of bytes of every rank.
std::vector<std::uint64_t> all_sizes(Communicator const& comm, std::size_t size)
{
    std::vector<std::uint64_t> sizes(static_cast<std::size_t>(comm.size()));
    std::uint64_t const own = size;
    check_mpi(MPI_Allgather(&own, 1, MPI_UINT64_T, sizes.data(), 1, MPI_UINT64_T, mpi_handle(comm)),
              "MPI_Allgather");
    return sizes;
}

/// Counts and offsets of a gather whose total fits one call.
struct GatherShape
{
    explicit GatherShape(std::vector<std::uint64_t> const& sizes)
        : counts(sizes.begin(), sizes.end()), offsets(sizes.size(), 0)
    {
        std::partial_sum(counts.begin(), counts.end() - 1, offsets.begin() + 1);
    }

    [[nodiscard]] ByteVectors split(std::vector<std::byte> const& joined) const
    {
        ByteVectors parts(counts.size());
        for (std::size_t i = 0; i < parts.size(); ++i) {
            auto const begin = joined.begin() + offsets[i];
            parts[i].assign(begin, begin + counts[i]);
        }
        return parts;
    }

    std::vector<int> counts;
    std::vector<int> offsets;
};

/// Root takes the bytes of one rank after another, so that it holds nothing twice.
ByteVectors gather_one_by_one(Communicator const& comm, std::span<std::byte const> bytes, int root,
                              std::vector<std::uint64_t> const& sizes, std::size_t piece)
{
    constexpr int tag = detail::first_internal_tag;
    if (comm.rank() != root) {
        detail::for_each_piece(bytes.size(), piece, [&](std::size_t offset, int count) {
            check_mpi(MPI_Send(bytes.data() + offset, count, MPI_BYTE, root, tag, mpi_handle(comm)),
                      "MPI_Send");
        });
        return {};
    }
    ByteVectors all(sizes.size());
    for (int rank = 0; rank < comm.size(); ++rank) {
        std::vector<std::byte>& part = all[static_cast<std::size_t>(rank)];
        if (rank == root) {
            part.assign(bytes.begin(), bytes.end());
            continue;
        }
        part.resize(sizes[static_cast<std::size_t>(rank)]);
        detail::for_each_piece(part.size(), piece, [&](std::size_t offset, int count) {
            check_mpi(MPI_Recv(part.data() + offset, count, MPI_BYTE, rank, tag, mpi_handle(comm),
                               MPI_STATUS_IGNORE),
                      "MPI_Recv");
        });
    }
    return all;
}

void broadcast_sized(Communicator const& comm, std::span<std::byte> bytes, int root,
                     std::size_t piece)
{
    detail::for_each_piece(bytes.size(), piece, [&](std::size_t offset, int count) {
        check_mpi(MPI_Bcast(bytes.data() + offset, count, MPI_BYTE, root, mpi_handle(comm)),
                  "MPI_Bcast");
    });
}

std::int64_t all_reduce(Communicator const& comm, std::int64_t value, MPI_Op operation)
{
    if (comm.size() == 1) {
        return value;
    }
    std::int64_t result = 0;
    check_mpi(MPI_Allreduce(&value, &result, 1, MPI_INT64_T, operation, mpi_handle(comm)),
              "MPI_Allreduce");
    return result;
}
}  // namespace

namespace detail
{
void broadcast(Communicator const& comm, std::vector<std::byte>& bytes, int root, std::size_t piece)
{
    check_root(comm, root);
    if (comm.size() == 1) {
        return;
    }
    std::uint64_t size = bytes.size();
    check_mpi(MPI_Bcast(&size, 1, MPI_UINT64_T, root, mpi_handle(comm)), "MPI_Bcast");
    bytes.resize(size);
    broadcast_sized(comm, bytes, root, piece);
    comm.rank() == root ? count_sent(size) : count_received(size);
}

ByteVectors gather(Communicator const& comm, std::span<std::byte const> bytes, int root,
                   std::size_t piece)
{
    check_root(comm, root);
    if (comm.size() == 1) {
        return only_own(bytes);
    }
    std::vector<std::uint64_t> const sizes = all_sizes(comm, bytes.size());
    auto const total = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
    comm.rank() == root ? count_received(total - bytes.size()) : count_sent(bytes.size());
    if (total > piece) {
        return gather_one_by_one(comm, bytes, root, sizes, piece);
    }
    GatherShape const shape(sizes);
    std::vector<std::byte> joined(comm.rank() == root ? total : 0);
    check_mpi(
        MPI_Gatherv(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, joined.data(),
                    shape.counts.data(), shape.offsets.data(), MPI_BYTE, root, mpi_handle(comm)),
        "MPI_Gatherv");
    return comm.rank() == root ? shape.split(joined) : ByteVectors{};
}

ByteVectors all_gather(Communicator const& comm, std::span<std::byte const> bytes,
                       std::size_t piece)
{
    if (comm.size() == 1) {
        return only_own(bytes);
    }
    std::vector<std::uint64_t> const sizes = all_sizes(comm, bytes.size());
    auto const total = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
    count_sent(bytes.size());
    count_received(total - bytes.size());
    if (total <= piece) {
        GatherShape const shape(sizes);
        std::vector<std::byte> joined(total);
        check_mpi(
            MPI_Allgatherv(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, joined.data(),
                           shape.counts.data(), shape.offsets.data(), MPI_BYTE, mpi_handle(comm)),
            "MPI_Allgatherv");
        return shape.split(joined);
    }
    ByteVectors all(sizes.size());
    for (int rank = 0; rank < comm.size(); ++rank) {
        std::vector<std::byte>& part = all[static_cast<std::size_t>(rank)];
        if (rank == comm.rank()) {
            part.assign(bytes.begin(), bytes.end());
        } else {
            part.resize(sizes[static_cast<std::size_t>(rank)]);
        }
        broadcast_sized(comm, part, rank, piece);
    }
    return all;
}
}  // namespace detail

void barrier(Communicator const& comm)
{
    if (comm.size() > 1) {
        check_mpi(MPI_Barrier(mpi_handle(comm)), "MPI_Barrier");
    }
}

void broadcast(Communicator const& comm, std::vector<std::byte>& bytes, int root)
{
    detail::broadcast(comm, bytes, root, detail::piece_limit);
}

ByteVectors gather(Communicator const& comm, std::span<std::byte const> bytes, int root)
{
    return detail::gather(comm, bytes, root, detail::piece_limit);
}

ByteVectors all_gather(Communicator const& comm, std::span<std::byte const> bytes)
{
    return detail::all_gather(comm, bytes, detail::piece_limit);
}

std::int64_t all_reduce_max(Communicator const& comm, std::int64_t value)
{
    return all_reduce(comm, value, MPI_MAX);
}

std::int64_t all_reduce_sum(Communicator const& comm, std::int64_t value)
{
    return all_reduce(comm, value, MPI_SUM);
}
}  // namespace sectile::comm
