// SPDX-License-Identifier: BSD-3-Clause
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/core/fault_injection.hpp"
#include "sectile/core/memory_budget.hpp"

namespace sectile::core
{
namespace
{
class Budget : public ::testing::Test
{
  protected:
    void TearDown() override
    {
        set_faults("", 0);
        budget_.set_limit(0);
    }
    MemoryBudget& budget_ = MemoryBudget::of_process();
    std::int64_t const before_ = budget_.in_use();
};

TEST_F(Budget, RefusesWhatGoesBeyondTheLimitAndTakesNothingThen)
{
    budget_.set_limit(before_ + 1000);

    budget_.take(600);

    EXPECT_THROW(budget_.take(401), MemoryRefused);
    EXPECT_EQ(budget_.in_use(), before_ + 600);
    budget_.take(400);
    budget_.give_back(1000);
    EXPECT_EQ(budget_.in_use(), before_);
}

TEST_F(Budget, CountsBuffersFromTheLargeOnesOn)
{
    void* const small = allocate_buffer(large_buffer - 1, 64);
    EXPECT_EQ(budget_.in_use(), before_);

    void* const large = allocate_buffer(large_buffer, 64);

    EXPECT_EQ(budget_.in_use(), before_ + static_cast<std::int64_t>(large_buffer));
    free_buffer(large, large_buffer, 64);
    free_buffer(small, large_buffer - 1, 64);
    EXPECT_EQ(budget_.in_use(), before_);
}

TEST_F(Budget, RemembersTheMostThatWasHeld)
{
    budget_.reset_peak();

    {
        std::vector<float, BufferAllocator<float>> const values(100'000);
    }

    EXPECT_EQ(budget_.peak() - before_, 400'000);
    budget_.reset_peak();
    EXPECT_EQ(budget_.peak(), before_);
}

TEST_F(Budget, NeverExceedsItsLimitUnderManyThreads)
{
    budget_.set_limit(before_ + 5000);
    budget_.reset_peak();
    std::vector<std::thread> threads;

    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20'000; ++i) {
                try {
                    budget_.take(1999);
                    budget_.give_back(1999);
                } catch (MemoryRefused const&) {  // NOLINT(bugprone-empty-catch): expected
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }

    EXPECT_LE(budget_.peak(), before_ + 5000);
    EXPECT_EQ(budget_.in_use(), before_);
}

TEST_F(Budget, FailsTheCallsThatAreInjectedOnThisRankOnly)
{
    set_faults("allocation=2x2@1,write=1", 1);

    EXPECT_NO_THROW(budget_.take(1));
    EXPECT_THROW(budget_.take(1), MemoryRefused);
    EXPECT_THROW(budget_.take(1), std::bad_alloc);
    EXPECT_NO_THROW(budget_.take(1));
    EXPECT_TRUE(must_fail(FaultPoint::write));
    EXPECT_FALSE(must_fail(FaultPoint::write));
    EXPECT_FALSE(must_fail(FaultPoint::device_call));
    budget_.give_back(2);

    set_faults("allocation=1@1", 0);
    EXPECT_NO_THROW(budget_.take(1));
    budget_.give_back(1);
}

TEST_F(Budget, RefusesFaultsThatMakeNoSense)
{
    for (char const* text : {"memory=1", "allocation", "allocation=0", "allocation=1x0",
                             "allocation=1@", "write=2y", "device=-1", ","}) {
        EXPECT_THROW(set_faults(text, 0), ConfigError) << text;
    }
}
}  // namespace
}  // namespace sectile::core
