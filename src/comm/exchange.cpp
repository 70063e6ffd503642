// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <map>
#include <thread>
#include <utility>

#include "sectile/core/error.hpp"

#include "comm/collectives_detail.hpp"
#include "comm/message_set.hpp"
#include "comm/traffic.hpp"

namespace sectile::comm
{
namespace detail
{
namespace
{
void check_address(Communicator const& comm, int rank, int tag)
{
    core::require(rank >= 0 && rank < comm.size(), "a message names a rank of the communicator");
    core::require(tag >= 0 && tag < first_internal_tag, "the tag of a message is below 2^20");
}

/// Calls `post(offset, count)` for every piece; an empty message is one empty piece, so that both
/// sides still meet.
template <class Post>
void for_each_posted_piece(std::size_t size, std::size_t piece, Post const& post)
{
    if (size == 0) {
        post(std::size_t{0}, 0);
    }
    for_each_piece(size, piece, post);
}
}  // namespace

MessageSet::MessageSet(Communicator const& comm, std::span<OutgoingMessage const> outgoing,
                       std::span<IncomingMessage const> incoming, std::size_t piece)
    : comm_(comm)
{
    for (OutgoingMessage const& message : outgoing) {
        check_address(comm, message.to, message.tag);
    }
    for (IncomingMessage const& message : incoming) {
        check_address(comm, message.from, message.tag);
    }
    copy_to_self(outgoing, incoming);
    // Receives first: a message that finds its receive posted needs no buffer of the library.
    for (IncomingMessage const& message : incoming) {
        if (message.from != comm.rank()) {
            post_receive(message, piece);
            detail::count_received(message.bytes.size());
        }
    }
    for (OutgoingMessage const& message : outgoing) {
        if (message.to != comm.rank()) {
            post_send(message, piece);
            bytes_sent_ += message.bytes.size();
            detail::count_sent(message.bytes.size());
        }
    }
}

MessageSet::~MessageSet()
{
    if (requests_.empty() || !mpi_is_running()) {
        return;
    }
    if (std::uncaught_exceptions() > 0) {
        wait_while_unwinding();
        return;
    }
    if (int const code =
            MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
        code != MPI_SUCCESS) {
        abort_all(static_cast<int>(core::ExitCode::internal),
                  core::sentence("an exchange of messages failed", mpi_error_text(code)));
    }
}

void MessageSet::copy_to_self(std::span<OutgoingMessage const> outgoing,
                              std::span<IncomingMessage const> incoming) const
{
    std::map<int, std::span<std::byte const>> by_tag;
    for (OutgoingMessage const& message : outgoing) {
        if (message.to == comm_.rank()) {
            bool const is_new = by_tag.emplace(message.tag, message.bytes).second;
            core::require(is_new, "messages to oneself have different tags");
        }
    }
    for (IncomingMessage const& message : incoming) {
        if (message.from != comm_.rank()) {
            continue;
        }
        auto const sent = by_tag.find(message.tag);
        core::require(sent != by_tag.end(), "a message from oneself was sent");
        core::require(sent->second.size() == message.bytes.size(),
                      "a message to oneself has the size that is expected");
        if (!message.bytes.empty()) {
            std::memmove(message.bytes.data(), sent->second.data(), message.bytes.size());
        }
        by_tag.erase(sent);
    }
    core::require(by_tag.empty(), "a message to oneself is received");
}

void MessageSet::post_receive(IncomingMessage const& message, std::size_t piece)
{
    // Pieces share their message's tag: MPI delivers messages between two ranks in order.
    for_each_posted_piece(message.bytes.size(), piece, [&](std::size_t offset, int count) {
        MPI_Request request = MPI_REQUEST_NULL;
        check_mpi(MPI_Irecv(message.bytes.data() + offset, count, MPI_BYTE, message.from,
                            message.tag, mpi_handle(comm_), &request),
                  "MPI_Irecv");
        requests_.push_back(request);
        expected_.push_back(count);
    });
}

void MessageSet::post_send(OutgoingMessage const& message, std::size_t piece)
{
    for_each_posted_piece(message.bytes.size(), piece, [&](std::size_t offset, int count) {
        MPI_Request request = MPI_REQUEST_NULL;
        check_mpi(MPI_Isend(message.bytes.data() + offset, count, MPI_BYTE, message.to, message.tag,
                            mpi_handle(comm_), &request),
                  "MPI_Isend");
        requests_.push_back(request);
    });
}

void MessageSet::wait()
{
    if (requests_.empty()) {
        return;
    }
    std::vector<MPI_Status> statuses(requests_.size());
    int const code =
        MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), statuses.data());
    requests_.clear();
    if (code == MPI_ERR_IN_STATUS) {
        for (MPI_Status const& status : statuses) {
            check_mpi(status.MPI_ERROR, "MPI_Waitall");
        }
    }
    check_mpi(code, "MPI_Waitall");
    for (std::size_t i = 0; i < expected_.size(); ++i) {
        int received = 0;
        check_mpi(MPI_Get_count(&statuses[i], MPI_BYTE, &received), "MPI_Get_count");
        core::require(received == expected_[i], "a message has the size that is expected");
    }
    expected_.clear();
}

void MessageSet::wait_while_unwinding() noexcept
{
    // The caller's buffers are about to go, so the library must be done with them. Ranks that fail
    // together have all posted their sides; one that fails alone is given time, but never hangs the
    // job.
    constexpr std::chrono::seconds patience{60};
    auto const end = std::chrono::steady_clock::now() + patience;
    int is_done = 0;
    while (std::chrono::steady_clock::now() < end) {
        if (MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &is_done,
                        MPI_STATUSES_IGNORE) != MPI_SUCCESS) {
            break;
        }
        if (is_done != 0) {
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    abort_all(static_cast<int>(core::ExitCode::internal),
              "an error left messages under way that the other ranks do not answer");
}
}  // namespace detail

struct Exchange::Impl
{
    detail::MessageSet messages;
};

Exchange::Exchange(Communicator const& comm, std::span<OutgoingMessage const> outgoing,
                   std::span<IncomingMessage const> incoming)
    : impl_(new Impl{{comm, outgoing, incoming, detail::piece_limit}})
{}

Exchange::~Exchange() = default;
Exchange::Exchange(Exchange&&) noexcept = default;
Exchange& Exchange::operator=(Exchange&&) noexcept = default;

void Exchange::wait()
{
    core::require(impl_ != nullptr, "an exchange is not used after it was moved from");
    impl_->messages.wait();
}

std::uint64_t Exchange::bytes_sent() const
{
    core::require(impl_ != nullptr, "an exchange is not used after it was moved from");
    return impl_->messages.bytes_sent();
}
}  // namespace sectile::comm
