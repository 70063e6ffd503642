// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>

#include <gtest/gtest.h>

#include "sectile/comm/communicator.hpp"

#include "support/gtest_mpi_listener.hpp"

/// main() of tests that run under mpiexec. Fails on all ranks when any rank failed, and when no
/// test was selected: such a run would prove nothing.
int main(int argc, char** argv)
{
    sectile::comm::MpiEnvironment const environment(argc, argv);
    auto const world = sectile::comm::Communicator::world();
    ::testing::InitGoogleTest(&argc, argv);
    sectile::test::install_mpi_listener(world);

    int const own_result = RUN_ALL_TESTS();
    bool const has_failed = sectile::comm::all_reduce_max(world, own_result) != 0;
    bool const is_empty = ::testing::UnitTest::GetInstance()->test_to_run_count() == 0;
    if (world.is_root() && is_empty) {
        std::fprintf(stderr, "no test was run\n");
    } else if (world.is_root() && has_failed && own_result == 0) {
        std::fprintf(stderr, "another rank failed outside of a test\n");
    }
    return has_failed || is_empty ? 1 : 0;
}
