// SPDX-License-Identifier: BSD-3-Clause
// The coadd engine over several ranks: routes, strips and failures. Sources are made in memory.
#include "coadd_ranks.hpp"

namespace
{
using namespace sectile;
using sectile::testing::CoaddRanks;

TEST_F(CoaddRanks, BytesAreThoseOfOneRank)
{
    compute::CombineRecipe mean;
    compute::CombineRecipe robust;
    robust.rejection = compute::Rejection::kappa_sigma;
    for (auto const& recipe : {mean, robust}) {
        auto const job = make_job(recipe);
        auto const alone = coadd(job, comm::Communicator{}, engine::Route::pull, 120, 150);

        EXPECT_EQ(coadd(job, comm_, engine::Route::pull, 120, 150), alone);
        EXPECT_EQ(coadd(job, comm_, engine::Route::pull, 7, 150), alone);
        EXPECT_EQ(coadd(job, comm_, engine::Route::pull, 11, 40), alone);
        EXPECT_EQ(coadd(job, comm_, engine::Route::push, 120, 150), alone);
        EXPECT_EQ(coadd(job, comm_, engine::Route::push, 13, 64), alone);
    }
}

TEST_F(CoaddRanks, FailingSourceEndsTheCoaddOnEveryRank)
{
    auto const job = make_job({}, 3);

    EXPECT_THROW((void)coadd(job, comm_, engine::Route::pull, 10, 150), core::IoError);
    EXPECT_THROW((void)coadd(job, comm_, engine::Route::push, 10, 150), core::IoError);
}
}  // namespace
