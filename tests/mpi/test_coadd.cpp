// SPDX-License-Identifier: BSD-3-Clause
// The coadd engine over several ranks: routes, strips and failures. Sources are made in memory.
#include <algorithm>
#include <bit>

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

TEST_F(CoaddRanks, RejectionMapsAreThoseOfOneRank)
{
    compute::CombineRecipe mean;
    compute::CombineRecipe robust;
    robust.rejection = compute::Rejection::winsorized_sigma_clip;
    robust.kappa_low = robust.kappa_high = 1.5;
    compute::CombineRecipe median = robust;
    median.final_combine = compute::FinalCombine::median;
    for (auto const& recipe : {mean, robust, median}) {
        auto job = make_job(recipe);
        auto const plain = coadd(job, comm::Communicator{}, engine::Route::pull, 120, 150);
        job.rejection_maps = true;
        auto const alone = coadd(job, comm::Communicator{}, engine::Route::pull, 120, 150);

        ASSERT_EQ(alone.size(), 3 * plain.size());
        EXPECT_TRUE(std::equal(plain.begin(), plain.end(), alone.begin()));
        bool const rejects = recipe.rejection != compute::Rejection::none;
        auto const map = std::span(alone).subspan(plain.size());
        auto const one_of_three = std::bit_cast<std::uint32_t>(1.0F / 3.0F);
        EXPECT_EQ(std::count(map.begin(), map.end(), one_of_three) > 20, rejects);
        EXPECT_GT(std::count(map.begin(), map.end(), 0U), 1000);

        EXPECT_TRUE(coadd(job, comm_, engine::Route::pull, 7, 150) == alone);
        EXPECT_TRUE(coadd(job, comm_, engine::Route::pull, 11, 40) == alone);
        EXPECT_TRUE(coadd(job, comm_, engine::Route::push, 120, 150) == alone);
        EXPECT_TRUE(coadd(job, comm_, engine::Route::push, 13, 64) == alone);
    }
}

TEST_F(CoaddRanks, FailingSourceEndsTheCoaddOnEveryRank)
{
    auto const job = make_job({}, 3);

    EXPECT_THROW((void)coadd(job, comm_, engine::Route::pull, 10, 150), core::StageFailed);
    EXPECT_THROW((void)coadd(job, comm_, engine::Route::push, 10, 150), core::StageFailed);
}
}  // namespace
