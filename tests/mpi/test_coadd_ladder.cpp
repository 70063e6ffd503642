// SPDX-License-Identifier: BSD-3-Clause
// The ladder of the coadd engine: memory, device and scratch disk fail on purpose, the bytes stay.
#include <filesystem>

#include "sectile/core/fault_injection.hpp"
#include "sectile/core/memory_budget.hpp"

#include "coadd_ranks.hpp"

namespace
{
using namespace sectile;

/// Stands in for a device: computes as the processor does, and fails when told to.
class FragileDevice final : public compute::Backend
{
  public:
    explicit FragileDevice(compute::Backend& real) : real_(real) {}
    [[nodiscard]] std::string name() const override { return "fragile"; }
    void resample(compute::SourceWindow const& source, compute::CoaddRecipe const& recipe,
                  compute::SampleOutput const& out) override
    {
        check();
        real_.resample(source, recipe, out);
    }
    void accumulate(std::span<compute::StripSource const> sources,
                    compute::CoaddRecipe const& recipe, compute::StripSums& sums) override
    {
        check();
        real_.accumulate(sources, recipe, sums);
    }
    void finish(compute::StripSums const& sums, compute::StripOutput const& out) override
    {
        check();
        real_.finish(sums, out);
    }
    void combine(std::span<compute::StripSource const> sources, compute::CoaddRecipe const& recipe,
                 compute::StripOutput const& out) override
    {
        check();
        real_.combine(sources, recipe, out);
    }
    [[nodiscard]] std::size_t scratch_bytes(int planes, std::size_t depth) const override
    {
        return real_.scratch_bytes(planes, depth);
    }

  private:
    static void check()
    {
        if (core::must_fail(core::FaultPoint::device_call)) {
            throw core::DeviceError("the device is out of memory");
        }
    }
    compute::Backend& real_;
};

/// Wide enough that strips at the floor of the ladder are still large buffers.
class CoaddLadder : public sectile::testing::CoaddRanks
{
  protected:
    CoaddLadder() : CoaddRanks(20) {}
    void SetUp() override
    {
        CoaddRanks::SetUp();
        robust_.rejection = compute::Rejection::kappa_sigma;
        scratch_ = std::filesystem::temp_directory_path().string();
    }
    void TearDown() override { core::set_faults("", 0); }

    /// The coadd under faults equals the undisturbed one.
    engine::LadderSteps run(compute::CombineRecipe const& recipe, engine::Route route,
                            std::string const& faults)
    {
        auto job = make_job(recipe);
        job.rejection_maps = maps_;
        core::set_faults("", 0);
        auto const expected = coadd(job, comm_, route, 64, 3000);
        EXPECT_EQ(statistics_.ladder.total(), 0);
        core::set_faults(faults, comm_.rank());
        auto const found = coadd(job, comm_, route, 64, 3000);
        core::set_faults("", 0);
        EXPECT_TRUE(found == expected) << faults;
        return statistics_.ladder;
    }

    compute::CombineRecipe mean_;
    compute::CombineRecipe robust_;
    bool maps_ = false;  ///< rejection maps are compared too
};

TEST_F(CoaddLadder, SurvivesTheFailureOfAnyAllocation)
{
    for (auto const& recipe : {mean_, robust_}) {
        for (auto const route : {engine::Route::pull, engine::Route::push}) {
            for (int nth = 1; nth <= 24; ++nth) {
                std::string fault = "allocation=" + std::to_string(nth);
                fault += "x1@" + std::to_string(nth % comm_.size());
                (void)run(recipe, route, fault);
            }
        }
    }
}

TEST_F(CoaddLadder, HalvesTheRowsTogetherWhenOneRankFails)
{
    auto const steps = run(robust_, engine::Route::pull, "allocation=1x1@0");

    EXPECT_EQ(steps.rows_halved, 1);
    EXPECT_EQ(steps.workers_halved, 0);
    EXPECT_EQ(steps.spilled, 0);
}

TEST_F(CoaddLadder, GoesDownToStacksOnDisk)
{
    // 64 rows to the floor of 16 takes two failures (fewer where bands are thinner), then one
    // worker and the disk.
    auto const steps = run(robust_, engine::Route::pull, "allocation=1x4@0");

    EXPECT_GE(steps.rows_halved, 1);
    if (comm_.rank() == 0) {
        EXPECT_EQ(steps.workers_halved, 1);
        EXPECT_EQ(steps.spilled, 1);
    }
    EXPECT_EQ(runner_.workers(), 2);
}

TEST_F(CoaddLadder, MakesTheSameRejectionMapsFromStacksOnDisk)
{
    maps_ = true;
    robust_.kappa_low = robust_.kappa_high = 1.5;

    auto const steps = run(robust_, engine::Route::pull, "allocation=1x4@0");

    EXPECT_EQ(steps.spilled, comm_.rank() == 0 ? 1 : 0);
}

TEST_F(CoaddLadder, KeepsStacksOnDiskFromTheStartWhereThePlanSaysSo)
{
    auto const job = make_job(robust_);
    auto const expected = coadd(job, comm_, engine::Route::pull, 64, 3000);
    plans_disk_ = true;
    auto const found = coadd(job, comm_, engine::Route::pull, 64, 3000);

    EXPECT_TRUE(found == expected);
    EXPECT_EQ(statistics_.ladder.total(), 0) << "nothing had to be given up";
}

TEST_F(CoaddLadder, LeavesTheDeviceThatFails)
{
    device_ = std::make_unique<FragileDevice>(*backend_);

    for (auto const& recipe : {mean_, robust_}) {
        auto const steps = run(recipe, engine::Route::pull, "device=1x1@0");
        EXPECT_EQ(steps.left_device, comm_.rank() == 0 ? 1 : 0);
        EXPECT_EQ(steps.total(), steps.left_device);
    }
}

TEST_F(CoaddLadder, LeavesTheDeviceInTheMiddleOfAStrip)
{
    device_ = std::make_unique<FragileDevice>(*backend_);

    // Sums take several calls a strip: sources in batches, then finish().
    auto const steps = run(mean_, engine::Route::pull, "device=2x1@0");

    EXPECT_EQ(steps.left_device, comm_.rank() == 0 ? 1 : 0);
    EXPECT_EQ(steps.total(), steps.left_device);
}

TEST_F(CoaddLadder, MakesSmallerStacksWhenTheScratchDiskIsFull)
{
    auto const steps = run(robust_, engine::Route::pull, "allocation=1x4@0,write=1x1@0");

    EXPECT_GE(steps.rows_halved, comm_.size() == 1 ? 3 : 1);
}

TEST_F(CoaddLadder, EndsWithASentenceWhenNothingIsLeft)
{
    core::set_faults("allocation=1x100000", comm_.rank());

    EXPECT_THROW((void)coadd(make_job(robust_), comm_, engine::Route::pull, 64, 3000),
                 core::StageFailed);
}

TEST_F(CoaddLadder, KeepsToARealBudget)
{
    auto const job = make_job(robust_);
    auto const expected = coadd(job, comm_, engine::Route::pull, 64, 3000);
    auto& budget = core::MemoryBudget::of_process();

    budget.reset_peak();
    std::int64_t const before = budget.in_use();
    std::int64_t const limit = std::int64_t{2} << 20;
    budget.set_limit(before + limit);
    auto const found = coadd(job, comm_, engine::Route::pull, 120, 3000);
    budget.set_limit(0);

    EXPECT_TRUE(found == expected);
    // The picture that the test itself keeps is drawn from it too.
    EXPECT_LE(budget.peak() - before, limit + 120 * 3008 * 4);
}
}  // namespace
