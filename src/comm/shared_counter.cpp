// SPDX-License-Identifier: BSD-3-Clause
#include <exception>

#include "sectile/core/error.hpp"

#include "comm/mpi_handle.hpp"

namespace sectile::comm
{
struct SharedCounter::Impl
{
    Communicator comm;
    MPI_Win window = MPI_WIN_NULL;
    std::int64_t local = 0;  ///< the counter itself when there is one rank
};

SharedCounter::SharedCounter(Communicator const& comm) : impl_(std::make_unique<Impl>())
{
    impl_->comm = comm;
    if (comm.size() == 1) {
        return;
    }
    // The library allocates: memory it knows lets it use the network's or the node's own atomics.
    std::int64_t* cell = nullptr;
    MPI_Aint const bytes = comm.is_root() ? sizeof(std::int64_t) : 0;
    check_mpi(MPI_Win_allocate(bytes, sizeof(std::int64_t), MPI_INFO_NULL, mpi_handle(comm),
                               static_cast<void*>(&cell), &impl_->window),
              "MPI_Win_allocate");
    check_mpi(MPI_Win_set_errhandler(impl_->window, MPI_ERRORS_RETURN), "MPI_Win_set_errhandler");
    check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, impl_->window), "MPI_Win_lock_all");
    if (comm.is_root()) {
        *cell = 0;
        check_mpi(MPI_Win_sync(impl_->window), "MPI_Win_sync");
    }
    barrier(comm);
}

SharedCounter::~SharedCounter()
{
    // Collective: a rank that unwinds alone must not wait for the others.
    if (impl_->window == MPI_WIN_NULL || std::uncaught_exceptions() > 0 || !mpi_is_running()) {
        return;
    }
    MPI_Win_unlock_all(impl_->window);
    MPI_Win_free(&impl_->window);
}

std::int64_t SharedCounter::next()
{
    if (impl_->window == MPI_WIN_NULL) {
        return impl_->local++;
    }
    constexpr std::int64_t one = 1;
    std::int64_t before = 0;
    check_mpi(MPI_Fetch_and_op(&one, &before, MPI_INT64_T, 0, 0, MPI_SUM, impl_->window),
              "MPI_Fetch_and_op");
    check_mpi(MPI_Win_flush(0, impl_->window), "MPI_Win_flush");
    return before;
}
}  // namespace sectile::comm
