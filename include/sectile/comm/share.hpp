// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/comm/wire.hpp"
#include "sectile/core/error.hpp"

/// Collectives over values of any type that travels (wire.hpp). Over one rank they copy nothing.
/// All of them are *collective* and throw core::InternalError for bytes that cannot be read.
namespace sectile::comm
{
/// *Collective*: the value of `root` replaces that of every rank.
template <class T>
void broadcast_value(Communicator const& comm, T& value, int root = 0)
{
    if (comm.size() == 1) {
        return;
    }
    bool const is_source = comm.rank() == root;
    std::vector<std::byte> bytes = is_source ? to_bytes(value) : std::vector<std::byte>{};
    broadcast(comm, bytes, root);
    if (!is_source) {
        value = from_bytes<T>(bytes);
    }
}

namespace detail
{
/// Each part is freed when it has been read.
template <class T>
std::vector<T> values_of(std::vector<std::vector<std::byte>> parts)
{
    std::vector<T> values;
    values.reserve(parts.size());
    for (std::vector<std::byte>& part : parts) {
        values.push_back(from_bytes<T>(part));
        part = {};
    }
    return values;
}

template <class T>
std::vector<T> only_value(T value)
{
    std::vector<T> values;
    values.push_back(std::move(value));
    return values;
}
}  // namespace detail

/// *Collective*: the values of all ranks, in rank order, on `root` (elsewhere empty).
template <class T>
[[nodiscard]] std::vector<T> gather_values(Communicator const& comm, T value, int root = 0)
{
    if (comm.size() == 1) {
        return detail::only_value(std::move(value));
    }
    std::vector<std::byte> const bytes = to_bytes(std::exchange(value, T{}));
    return detail::values_of<T>(gather(comm, bytes, root));
}

/// *Collective*: the values of all ranks, in rank order, on every rank.
template <class T>
[[nodiscard]] std::vector<T> all_gather_values(Communicator const& comm, T value)
{
    if (comm.size() == 1) {
        return detail::only_value(std::move(value));
    }
    std::vector<std::byte> const bytes = to_bytes(std::exchange(value, T{}));
    return detail::values_of<T>(all_gather(comm, bytes));
}

/// *Collective*: calls handle(value, rank that had it) on every rank for the values of all ranks,
/// in rank order. Holds one of them at a time, where all_gather_values() holds all. `handle` must
/// not throw on some ranks only.
template <class T, class Handle>
void for_each_value(Communicator const& comm, T own, Handle const& handle)
{
    if (comm.size() == 1) {
        handle(std::move(own), 0);
        return;
    }
    std::vector<std::byte> packed = to_bytes(std::exchange(own, T{}));
    for (int rank = 0; rank < comm.size(); ++rank) {
        std::vector<std::byte> part;
        if (rank == comm.rank()) {
            part = std::exchange(packed, {});
        }
        broadcast(comm, part, rank);
        handle(from_bytes<T>(part), rank);
    }
}

/// *Collective*: what make() returns on rank 0, on every rank; it is called on rank 0 alone. Throws
/// what the ranks agree on (agree()) when it throws.
template <class Make>
[[nodiscard]] auto broadcast_made(Communicator const& comm, std::string const& stage,
                                  Make const& make) -> std::invoke_result_t<Make const&>
{
    using Made = std::invoke_result_t<Make const&>;
    Made made{};
    std::vector<std::byte> bytes;
    agree(comm, stage, [&] {
        if (comm.is_root()) {
            made = make();
            // Here, where a lack of memory can still be told to the other ranks.
            bytes = comm.size() > 1 ? to_bytes(made) : std::vector<std::byte>{};
        }
    });
    broadcast(comm, bytes);
    if (!comm.is_root()) {
        made = from_bytes<Made>(bytes);
    }
    return made;
}

/// Items [first, last) of a list.
struct Share
{
    std::size_t first = 0;
    std::size_t last = 0;
    [[nodiscard]] std::size_t size() const { return last - first; }
    friend bool operator==(Share const&, Share const&) = default;
};

/// The share of `rank` when a list is dealt in blocks to ranks, in their order; sizes differ by one
/// at most. Not collective.
[[nodiscard]] Share deal(std::size_t items, int rank, int ranks);
/// The share of this rank. Not collective.
[[nodiscard]] Share deal(std::size_t items, Communicator const& comm);

/// *Collective*: compute(share) gives the results of this rank's share of a list of `items`, as a
/// vector with one result per item; every rank gets the results of all items, in their order.
/// Throws what the ranks agree on (agree()) when it throws somewhere.
template <class Compute>
[[nodiscard]] auto all_gather_dealt(Communicator const& comm, std::string const& stage,
                                    std::size_t items, Compute const& compute)
    -> std::invoke_result_t<Compute const&, Share>
{
    using Results = std::invoke_result_t<Compute const&, Share>;
    Share const share = deal(items, comm);
    Results all;
    std::vector<std::byte> bytes;
    agree(comm, stage, [&] {
        Results own = compute(share);
        core::require(own.size() == share.size(), "a share of work has one result per item");
        if (comm.size() == 1) {
            all = std::move(own);
        } else {
            bytes = to_bytes(own);
        }
    });
    if (comm.size() == 1) {
        return all;
    }
    all.reserve(items);
    for (std::vector<std::byte>& part : all_gather(comm, bytes)) {
        for (auto& result : from_bytes<Results>(part)) {
            all.push_back(std::move(result));
        }
        part = {};
    }
    core::require(all.size() == items, "every item that was dealt has a result");
    return all;
}
}  // namespace sectile::comm
