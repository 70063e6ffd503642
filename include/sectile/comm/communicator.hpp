// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

// Whoever has a communicator agrees over it.
#include "sectile/comm/agreement.hpp"

namespace sectile::comm
{
/// MPI_Init_thread (FUNNELED) and MPI_Finalize. Made once, first thing in main. Started without a
/// launcher it is a world of one rank.
class MpiEnvironment
{
  public:
    MpiEnvironment(int& argc, char**& argv);
    ~MpiEnvironment();
    MpiEnvironment(MpiEnvironment const&) = delete;
    MpiEnvironment& operator=(MpiEnvironment const&) = delete;
};

/// A group of ranks that talk to each other; value type, copies share the group. A
/// default-constructed one is *null*: a serial group of one rank on which every collective is a
/// local no-op. Only the main thread communicates. Errors of the library become core::MpiError.
class Communicator
{
  public:
    Communicator() = default;
    [[nodiscard]] static Communicator world();

    [[nodiscard]] int rank() const;
    [[nodiscard]] int size() const;
    [[nodiscard]] bool is_root() const { return rank() == 0; }
    [[nodiscard]] bool is_null() const { return impl_ == nullptr; }
    /// Collective: ranks that share this node's memory.
    [[nodiscard]] Communicator split_by_node() const;
    /// Collective: ranks with the same colour.
    [[nodiscard]] Communicator split(int color) const;

    struct Impl;
    [[nodiscard]] Impl const* impl() const { return impl_.get(); }

  private:
    explicit Communicator(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
    std::shared_ptr<Impl> impl_;
};

[[nodiscard]] std::string host_name();
[[nodiscard]] std::string mpi_library_version();

/// Collective: all ranks wait for each other.
void barrier(Communicator const& comm);
/// Collective: bytes of `root` replace those of every rank (the size too). More than 2 GiB are
/// split.
void broadcast(Communicator const& comm, std::vector<std::byte>& bytes, int root = 0);
/// Collective: the bytes of every rank, in rank order, on `root` (elsewhere empty).
[[nodiscard]] std::vector<std::vector<std::byte>> gather(Communicator const& comm,
                                                         std::span<std::byte const> bytes,
                                                         int root = 0);
/// Collective: the bytes of every rank, in rank order, on every rank.
[[nodiscard]] std::vector<std::vector<std::byte>> all_gather(Communicator const& comm,
                                                             std::span<std::byte const> bytes);
/// Collective: elementwise.
[[nodiscard]] std::int64_t all_reduce_max(Communicator const& comm, std::int64_t value);
[[nodiscard]] std::int64_t all_reduce_sum(Communicator const& comm, std::int64_t value);

/// One message of an exchange. The caller keeps `bytes` alive until the exchange has ended.
struct OutgoingMessage
{
    int to = 0;
    int tag = 0;
    std::span<std::byte const> bytes;
};
struct IncomingMessage
{
    int from = 0;
    int tag = 0;
    std::span<std::byte> bytes;  ///< receives exactly this many bytes
};

/// Messages under way. Both sides know who sends what from the plan, so there is no probing.
/// Messages to oneself are copied. Tags are unique per pair of ranks within an exchange, 0 <= tag <
/// 2^20. Messages over 1 GiB are split. Destroying an unfinished exchange waits for it.
class Exchange
{
  public:
    Exchange(Communicator const& comm, std::span<OutgoingMessage const> outgoing,
             std::span<IncomingMessage const> incoming);
    ~Exchange();
    Exchange(Exchange&&) noexcept;
    Exchange& operator=(Exchange&&) noexcept;
    void wait();  ///< returns when everything was sent and received
    [[nodiscard]] std::uint64_t bytes_sent() const;  ///< to other ranks

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Bytes of the messages and collectives of this process so far, to and from other ranks; a
/// broadcast counts once on each side, whatever way the library takes. Any thread.
struct TrafficCount
{
    std::int64_t sent = 0;
    std::int64_t received = 0;
};
[[nodiscard]] TrafficCount traffic_so_far();

/// Ends all ranks at once (MPI_Abort) after writing "rank R on HOST: message" to stderr.
[[noreturn]] void abort_all(int exit_code, std::string const& message);
}  // namespace sectile::comm
