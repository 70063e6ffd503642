// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "comm/verdict.hpp"

namespace sectile::comm
{
namespace
{
/// Every rank of `ranks` fails in its own way.
std::vector<RankCause> different_causes(int ranks)
{
    std::vector<RankCause> causes;
    causes.reserve(static_cast<std::size_t>(ranks));
    for (int rank = 0; rank < ranks; ++rank) {
        causes.push_back(
            {rank, {core::ExitCode::io_error, "read", "cannot read " + std::to_string(rank)}});
    }
    return causes;
}

TEST(Verdict, QuotesSomeOfManyMessagesAndNamesTheOtherRanks)
{
    Verdict const verdict = verdict_on(different_causes(1000), "run", 1024);

    EXPECT_EQ(verdict.code, core::ExitCode::io_error);
    EXPECT_EQ(verdict.text,
              "stage 'read' failed on 1000 of 1024 ranks: rank 0: cannot read 0 | rank 1: cannot "
              "read 1 | rank 2: cannot read 2 | rank 3: cannot read 3 | rank 4: cannot read 4 | "
              "rank 5: cannot read 5 | and 994 more from ranks 6-999");
}

TEST(Verdict, QuotesAMessageOfEveryExitCode)
{
    auto causes = different_causes(1000);
    causes[998].cause = {core::ExitCode::internal, "read", "a contract was broken"};
    causes[999].cause = {core::ExitCode::usage, "read", "unknown option"};

    Verdict const verdict = verdict_on(causes, "run", 1000);

    EXPECT_EQ(verdict.code, core::ExitCode::usage);
    EXPECT_EQ(
        verdict.text,
        "stage 'read' failed on 1000 of 1000 ranks: rank 999: unknown option | rank 0: cannot "
        "read 0 | rank 998: a contract was broken | rank 1: cannot read 1 | rank 2: cannot "
        "read 2 | rank 3: cannot read 3 | and 994 more from ranks 4-997");
}

TEST(Verdict, MergesWhatManyRanksSay)
{
    auto causes = different_causes(1000);
    for (RankCause& each : causes) {
        each.cause.message = each.rank == 700 ? "the disk is gone" : "the file is cut off";
    }

    EXPECT_EQ(
        verdict_on(causes, "run", 1000).text,
        "stage 'read' failed on 1000 of 1000 ranks: ranks 0-699, 701-999: the file is cut off "
        "| rank 700: the disk is gone");
}

TEST(Verdict, NamesNeitherRanksNorStageForWhatAllSay)
{
    auto causes = different_causes(3);
    for (RankCause& each : causes) {
        each.cause.message = "no such file";
    }

    EXPECT_EQ(verdict_on(causes, "run", 3).text, "no such file");
    EXPECT_EQ(verdict_on(causes, "run", 4).text, "stage 'read' failed on ranks 0-2: no such file");
}

TEST(RankList, JoinsNeighbours)
{
    EXPECT_EQ(rank_list(std::vector{5}), "rank 5");
    EXPECT_EQ(rank_list(std::vector{1, 2, 3, 4, 7}), "ranks 1-4, 7");
    EXPECT_EQ(rank_list(std::vector{0, 2, 3}), "ranks 0, 2-3");
}

TEST(RankList, CountsTheRestOfManyPieces)
{
    std::vector<int> ranks(20);
    std::iota(ranks.begin(), ranks.end(), 0);
    std::ranges::transform(ranks, ranks.begin(), [](int i) { return 2 * i; });

    EXPECT_EQ(rank_list(ranks), "ranks 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22 and 8 more");
}
}  // namespace
}  // namespace sectile::comm
