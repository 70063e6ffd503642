// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "comm/mpi_handle.hpp"

namespace sectile::comm::detail
{
/// The messages of one Exchange, posted on construction, with the size of a piece as a parameter.
/// Both sides of a message must use the same piece.
class MessageSet
{
  public:
    /// Throws core::InternalError for a rank, tag or message to oneself that breaks the contract;
    /// nothing has been posted then.
    MessageSet(Communicator const& comm, std::span<OutgoingMessage const> outgoing,
               std::span<IncomingMessage const> incoming, std::size_t piece);
    ~MessageSet();
    MessageSet(MessageSet const&) = delete;
    MessageSet& operator=(MessageSet const&) = delete;

    void wait();
    [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }

  private:
    void copy_to_self(std::span<OutgoingMessage const> outgoing,
                      std::span<IncomingMessage const> incoming) const;
    void post_receive(IncomingMessage const& message, std::size_t piece);
    void post_send(OutgoingMessage const& message, std::size_t piece);
    void wait_while_unwinding() noexcept;

    Communicator comm_;
    std::vector<MPI_Request> requests_;  ///< receives, then sends
    std::vector<int> expected_;          ///< bytes of each receive
    std::uint64_t bytes_sent_ = 0;
};
}  // namespace sectile::comm::detail
