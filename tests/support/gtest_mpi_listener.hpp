// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/comm/communicator.hpp"

namespace sectile::test
{
/// Makes a test of several ranks read like one of one process: rank 0 prints, the others are
/// silent, and what failed on another rank becomes a failure of the test on rank 0 that names the
/// rank. All ranks must run the same tests in the same order. Install with install_mpi_listener().
class MpiListener final : public ::testing::EmptyTestEventListener
{
  public:
    explicit MpiListener(comm::Communicator world) : world_(std::move(world)) {}

    void OnTestPartResult(::testing::TestPartResult const& result) override;
    /// Collective.
    void OnTestEnd(::testing::TestInfo const& info) override;

  private:
    comm::Communicator world_;
    std::string failures_;  ///< of this rank in the running test
};

/// Silences all ranks but 0 and adds the listener. Call after InitGoogleTest.
void install_mpi_listener(comm::Communicator const& world);
}  // namespace sectile::test
