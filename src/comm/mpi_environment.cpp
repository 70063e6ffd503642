// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <unistd.h>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/error.hpp"

#include "comm/mpi_handle.hpp"

namespace sectile::comm
{
MpiEnvironment::MpiEnvironment(int& argc, char**& argv)
{
    int initialized = 0;
    MPI_Initialized(&initialized);
    core::require(initialized == 0, "MPI is started once, by one MpiEnvironment");
    int provided = MPI_THREAD_SINGLE;
    check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    if (provided < MPI_THREAD_FUNNELED) {
        MPI_Finalize();
        throw core::MpiError(core::sentence("the MPI library cannot be used",
                                            "it does not support programs with threads",
                                            "use one built with MPI_THREAD_FUNNELED"));
    }
}

MpiEnvironment::~MpiEnvironment()
{
    if (!mpi_is_running()) {
        return;
    }
    // MPI_Finalize waits for all ranks; those that did not throw may be waiting for this one.
    if (std::uncaught_exceptions() > 0) {
        abort_all(static_cast<int>(core::ExitCode::internal), "ended by an exception");
    }
    MPI_Finalize();
}

std::string host_name()
{
    if (mpi_is_running()) {
        std::array<char, MPI_MAX_PROCESSOR_NAME + 1> name{};
        int length = 0;
        if (MPI_Get_processor_name(name.data(), &length) == MPI_SUCCESS) {
            return {name.data(), static_cast<std::size_t>(length)};
        }
    }
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) {
        return "unknown";
    }
    return name.data();
}

std::string mpi_library_version()
{
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING + 1> text{};
    int length = 0;
    int major = 0;
    int minor = 0;
    check_mpi(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
    check_mpi(MPI_Get_version(&major, &minor), "MPI_Get_version");
    std::string const library(text.data(), static_cast<std::size_t>(length));
    // What follows the name and number (package, revision, dates) tells a user nothing.
    return library.substr(0, library.find_first_of(",\n")) + " (MPI " + std::to_string(major) +
           "." + std::to_string(minor) + ")";
}

void abort_all(int exit_code, std::string const& message)
{
    int rank = 0;
    bool const running = mpi_is_running();
    if (running) {
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    }
    std::fprintf(stderr, "sectile: rank %d on %s: %s\n", rank, host_name().c_str(),
                 message.c_str());
    std::fflush(nullptr);
    if (running) {
        MPI_Abort(MPI_COMM_WORLD, exit_code);
    }
    std::_Exit(exit_code);
}
}  // namespace sectile::comm
