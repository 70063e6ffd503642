// SPDX-License-Identifier: BSD-3-Clause
// A coadd that fails on one rank: every rank is told the reason of that one.
#include "coadd_ranks.hpp"

namespace
{
using namespace sectile;

class CoaddFailure : public sectile::testing::CoaddRanks
{
  protected:
    /// Every source cannot be read on the last rank, which has one at home.
    engine::CoaddJob make_failing_job()
    {
        int const last = comm_.size() - 1;
        engine::CoaddJob job = make_job({});
        job.inputs.back().home = last;
        if (comm_.rank() == last) {
            for (engine::PlacedSource& input : job.inputs) {
                input.pixels = std::make_shared<sectile::testing::PatternSource>(
                    input.id.value, core::Box{0, 0, width_, 60}, true);
            }
        }
        return job;
    }

    /// What the ranks throw together, with an agreement around it as phases have one.
    std::string text_of_failure(engine::CoaddJob const& job, engine::Route route)
    {
        try {
            comm::agree(comm_, "assembly", [&] { (void)coadd(job, comm_, route, 10, 150); });
            return "nothing";
        } catch (core::StageFailed const& error) {
            EXPECT_EQ(error.code(), core::ExitCode::io_error);
            return error.what();
        }
    }

    [[nodiscard]] std::string expected() const
    {
        return comm_.size() == 1 ? "the disk is gone"
                                 : "stage 'coadd' failed on rank " +
                                       std::to_string(comm_.size() - 1) + ": the disk is gone";
    }
};

TEST_F(CoaddFailure, OfAReadIsToldByEveryRank)
{
    auto const job = make_failing_job();

    EXPECT_EQ(text_of_failure(job, engine::Route::pull), expected());
    EXPECT_EQ(text_of_failure(job, engine::Route::push), expected());
}

/// Cannot be written on the last rank. Of the others every one knows it, as with a file that is
/// written by all.
class FragileSink final : public engine::StripSink
{
  public:
    explicit FragileSink(comm::Communicator comm) : comm_(std::move(comm)) {}
    void write(core::Box const& /*strip*/, compute::StripOutput const& /*rows*/) override
    {
        comm::agree(comm_, "write", [&] {
            if (comm_.rank() == comm_.size() - 1) {
                throw core::DiskFull("the disk is full");
            }
        });
    }

  private:
    comm::Communicator comm_;
};

TEST_F(CoaddFailure, OfAWriteIsToldByEveryRank)
{
    auto const job = make_job({});
    std::vector<core::Box> footprints;
    for (auto const& input : job.inputs) {
        footprints.push_back(input.footprint);
    }
    auto const decomposition =
        plan::decompose_canvas(job.canvas, footprints, comm_.size(), 10, 150, 1);
    FragileSink sink(comm_);
    engine::Team const team{comm_, backend_.get(), &runner_, nullptr, {}};
    std::string text;

    try {
        (void)engine::coadd(job, team, plan::ParallelPlan{}, decomposition, engine::Route::pull,
                            sink);
    } catch (core::StageFailed const& error) {
        text = error.what();
    }

    EXPECT_EQ(text, comm_.size() == 1
                        ? "the disk is full"
                        : "stage 'write' failed on rank " + std::to_string(comm_.size() - 1) +
                              ": the disk is full");
}
}  // namespace
