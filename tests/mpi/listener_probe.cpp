// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/comm/communicator.hpp"

namespace
{
TEST(LastRank, Fails)
{
    auto const world = sectile::comm::Communicator::world();

    EXPECT_NE(world.rank(), world.size() - 1) << "only the last rank fails";
}
}  // namespace
