// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// The deprecated C++ bindings would only slow the compiler down.
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif

#include <cstdint>
#include <string>

#include <mpi.h>

#include "sectile/comm/communicator.hpp"

namespace sectile::comm
{
/// A communicator of the library and what it is asked for most; freed with its last owner.
struct Communicator::Impl
{
    /// Asks the library for rank and size and makes it return its errors. Throws core::MpiError.
    Impl(MPI_Comm library_handle, bool is_owned);
    ~Impl();
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    MPI_Comm handle = MPI_COMM_NULL;
    int rank = 0;
    int size = 1;
    bool owned = false;  ///< made by a split and not the world
};

/// The library's handle; MPI_COMM_NULL for a null communicator.
[[nodiscard]] inline MPI_Comm mpi_handle(Communicator const& comm)
{
    return comm.is_null() ? MPI_COMM_NULL : comm.impl()->handle;
}

/// True between MPI_Init_thread and MPI_Finalize.
[[nodiscard]] bool mpi_is_running();

/// What the library says about an error code.
[[nodiscard]] std::string mpi_error_text(int code);

/// Throws core::MpiError naming `call` unless `code` is MPI_SUCCESS.
void check_mpi(int code, char const* call);
}  // namespace sectile::comm
