// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/comm/communicator.hpp"

#include <array>
#include <exception>

#include "sectile/core/error.hpp"

#include "comm/mpi_handle.hpp"

namespace sectile::comm
{
bool mpi_is_running()
{
    int initialized = 0;
    int finalized = 0;
    MPI_Initialized(&initialized);
    MPI_Finalized(&finalized);
    return initialized != 0 && finalized == 0;
}

std::string mpi_error_text(int code)
{
    std::array<char, MPI_MAX_ERROR_STRING + 1> text{};
    int length = 0;
    if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS) {
        return "MPI error " + std::to_string(code);
    }
    return {text.data(), static_cast<std::size_t>(length)};
}

void check_mpi(int code, char const* call)
{
    if (code != MPI_SUCCESS) {
        throw core::MpiError(
            core::sentence(std::string("the MPI call ") + call + " failed", mpi_error_text(code)));
    }
}

Communicator::Impl::Impl(MPI_Comm library_handle, bool is_owned)
    : handle(library_handle), owned(is_owned)
{
    check_mpi(MPI_Comm_set_errhandler(handle, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check_mpi(MPI_Comm_rank(handle, &rank), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(handle, &size), "MPI_Comm_size");
}

Communicator::Impl::~Impl()
{
    // Freeing is collective by the standard: a rank that unwinds alone must not wait for the
    // others.
    if (owned && std::uncaught_exceptions() == 0 && mpi_is_running()) {
        MPI_Comm_free(&handle);
    }
}

Communicator Communicator::world()
{
    if (!mpi_is_running()) {
        return {};
    }
    return Communicator(std::make_shared<Impl>(MPI_COMM_WORLD, false));
}

int Communicator::rank() const
{
    return is_null() ? 0 : impl_->rank;
}

int Communicator::size() const
{
    return is_null() ? 1 : impl_->size;
}

Communicator Communicator::split_by_node() const
{
    if (is_null()) {
        return {};
    }
    MPI_Comm part = MPI_COMM_NULL;
    check_mpi(
        MPI_Comm_split_type(impl_->handle, MPI_COMM_TYPE_SHARED, impl_->rank, MPI_INFO_NULL, &part),
        "MPI_Comm_split_type");
    return Communicator(std::make_shared<Impl>(part, true));
}

Communicator Communicator::split(int color) const
{
    core::require(color >= 0, "the colour of a split is not negative");
    if (is_null()) {
        return {};
    }
    MPI_Comm part = MPI_COMM_NULL;
    check_mpi(MPI_Comm_split(impl_->handle, color, impl_->rank, &part), "MPI_Comm_split");
    return Communicator(std::make_shared<Impl>(part, true));
}
}  // namespace sectile::comm
