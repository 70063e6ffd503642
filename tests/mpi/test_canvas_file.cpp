// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/atomic_file.hpp"
#include "sectile/io/canvas_file.hpp"

#include "mpi/canvas_pixels.hpp"
#include "support/mpi_scratch_folder.hpp"

namespace sectile::io
{
namespace
{
using comm::Communicator;
using core::Box;
using test::CanvasPixels;
using test::MpiScratchFolder;

/// The boxes of one rank, one per round; all ranks give the same number of rounds.
using Rounds = std::vector<Box>;
using Deal = std::function<Rounds(CanvasLayout const&, int rank, int ranks)>;

Deal bands_of(std::int64_t rows)
{
    return [rows](CanvasLayout const& layout, int rank, int ranks) {
        std::int64_t const bands = (layout.height + rows - 1) / rows;
        Rounds rounds(static_cast<std::size_t>((bands + ranks - 1) / ranks));
        for (std::size_t i = 0; i < rounds.size(); ++i) {
            // Every other round the other way round, so that ranks do not keep to their part.
            int const place = i % 2 == 0 ? rank : ranks - 1 - rank;
            std::int64_t const y = (static_cast<std::int64_t>(i) * ranks + place) * rows;
            if (y < layout.height) {
                rounds[i] = {0, y, layout.width, std::min(y + rows, layout.height)};
            }
        }
        return rounds;
    };
}

/// Each rank a contiguous part, in one round.
Rounds contiguous(CanvasLayout const& layout, int rank, int ranks)
{
    Box const box{0, layout.height * rank / ranks, layout.width,
                  layout.height * (rank + 1) / ranks};
    return {box.empty() ? Box{} : box};
}

/// Column blocks of all rows, whose borders are no borders of chunks.
Rounds columns(CanvasLayout const& layout, int rank, int ranks)
{
    Box const left{layout.width * rank / ranks, 0, layout.width * (rank + 1) / ranks,
                   layout.height / 2};
    Box const right{left.x0, layout.height / 2, left.x1, layout.height};
    return {right.empty() ? Box{} : right, left.empty() ? Box{} : left};
}

/// The last rank has everything, in two rounds; the others take part with nothing.
Rounds last_only(CanvasLayout const& layout, int rank, int ranks)
{
    if (rank != ranks - 1 || layout.height < 2) {
        return {rank == ranks - 1 ? Box{0, 0, layout.width, layout.height} : Box{}, Box{}};
    }
    return {{0, 0, layout.width, 1}, {0, 1, layout.width, layout.height}};
}

struct DealCase
{
    char const* name;
    Deal deal;
    bool is_clipped;
};

struct Shape
{
    std::int64_t width;
    std::int64_t height;
    int planes;
    bool wide;
};

class CanvasBytes : public ::testing::TestWithParam<std::tuple<Shape, DealCase>>
{};

TEST_P(CanvasBytes, DependOnLayoutAndPixelsOnly)
{
    auto const& [shape, deal] = GetParam();
    auto const world = Communicator::world();
    MpiScratchFolder const folder(world);
    CanvasLayout const layout =
        test::make_layout(shape.width, shape.height, shape.planes, shape.wide);
    if (world.is_root()) {
        test::write_serially(folder.file("serial.h5"), layout);
    }

    std::string cause;
    {
        CanvasWriter writer(world, folder.file("parallel.h5"), layout);
        for (Box const& box : deal.deal(layout, world.rank(), world.size())) {
            writer.write(CanvasPixels(box, layout, 3).strip(deal.is_clipped));
        }
        cause = writer.independent_cause();
        writer.commit();
    }

    EXPECT_EQ(cause, "");
    std::string const serial = test::read_file(folder.file("serial.h5"));
    std::string const parallel = test::read_file(folder.file("parallel.h5"));
    EXPECT_FALSE(serial.empty());
    ASSERT_EQ(parallel.size(), serial.size());
    EXPECT_TRUE(parallel == serial)
        << "first difference at byte "
        << std::mismatch(serial.begin(), serial.end(), parallel.begin()).first - serial.begin();
}

// Sizes below, at and above a chunk of at most 64 x 1024, with and without overhang.
INSTANTIATE_TEST_SUITE_P(
    Shapes, CanvasBytes,
    ::testing::Combine(::testing::Values(Shape{1, 1, 1, false}, Shape{100, 37, 3, true},
                                         Shape{1025, 65, 1, false}, Shape{2051, 131, 3, false}),
                       ::testing::Values(DealCase{"thin_bands", bands_of(7), true},
                                         DealCase{"chunk_bands", bands_of(64), true},
                                         DealCase{"contiguous", contiguous, false},
                                         DealCase{"columns", columns, true},
                                         DealCase{"last_only", last_only, false})),
    [](auto const& test_case) {
        Shape const shape = std::get<0>(test_case.param);
        return std::to_string(shape.width) + "x" + std::to_string(shape.height) + "x" +
               std::to_string(shape.planes) + "_" + std::get<1>(test_case.param).name;
    });

/// What a collective call threw on this rank.
struct Outcome
{
    core::ExitCode code = core::ExitCode::done;
    std::string text;
};

Outcome outcome_of(std::function<void()> const& call)
{
    try {
        call();
        return {};
    } catch (core::StageFailed const& error) {
        return {error.code(), error.what()};
    }
}

bool is_same_on_all_ranks(Communicator const& comm, std::string const& text)
{
    auto const all = comm::all_gather(comm, std::as_bytes(std::span(text)));
    return std::all_of(all.begin(), all.end(),
                       [&](auto const& bytes) { return bytes == all.front(); });
}

TEST(CanvasWriter, WithoutCommitNothingRemains)
{
    auto const world = Communicator::world();
    MpiScratchFolder const folder(world);
    CanvasLayout const layout = test::make_layout(50, 40, 1, false);

    {
        CanvasWriter writer(world, folder.file("mosaic.h5"), layout);
        writer.write({});
    }
    comm::barrier(world);

    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(CanvasWriter, AnAgreedErrorElsewhereRemovesTheTemporaryFile)
{
    auto const world = Communicator::world();
    MpiScratchFolder const folder(world);
    CanvasLayout const layout = test::make_layout(50, 40, 1, false);
    auto const stage = [&] {
        CanvasWriter const writer(world, folder.file("mosaic.h5"), layout);
        comm::agree(world, "combine", [&] {
            if (world.rank() == world.size() - 1) {
                throw core::DeviceError("the device is gone");
            }
        });
    };

    EXPECT_THROW(stage(), core::StageFailed);
    comm::barrier(world);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    comm::barrier(world);

    // The run falls back to another way and writes the same file.
    test::CanvasPixels const pixels(
        world.is_root() ? Box{0, 0, layout.width, layout.height} : Box{}, layout, 0);
    CanvasWriter writer(world, folder.file("mosaic.h5"), layout);
    writer.write(pixels.strip());
    writer.commit();
    EXPECT_TRUE(std::filesystem::exists(folder.file("mosaic.h5")));
}

TEST(CanvasWriter, LeftoverOfAKilledRunDoesNotShow)
{
    auto const world = Communicator::world();
    MpiScratchFolder const folder(world);
    CanvasLayout const layout = test::make_layout(70, 66, 1, false);
    if (world.is_root()) {
        test::write_serially(folder.file("serial.h5"), layout);
        std::ofstream(temporary_name(folder.file("mosaic.h5"))) << std::string(3000000, 'x');
    }
    comm::barrier(world);

    CanvasWriter writer(world, folder.file("mosaic.h5"), layout);
    Box const box = contiguous(layout, world.rank(), world.size()).front();
    writer.write(CanvasPixels(box, layout, 0).strip());
    writer.commit();

    EXPECT_TRUE(test::read_file(folder.file("mosaic.h5")) ==
                test::read_file(folder.file("serial.h5")));
}

TEST(CanvasWriter, MissingFolderIsToldAlikeOnAllRanks)
{
    auto const world = Communicator::world();
    MpiScratchFolder const folder(world);
    CanvasLayout const layout = test::make_layout(50, 40, 1, false);

    Outcome const outcome = outcome_of(
        [&] { CanvasWriter const writer(world, folder.file("missing/mosaic.h5"), layout); });

    EXPECT_EQ(outcome.code, core::ExitCode::io_error);
    EXPECT_NE(outcome.text.find("No such file or directory"), std::string::npos) << outcome.text;
    EXPECT_TRUE(is_same_on_all_ranks(world, outcome.text));
}

TEST(CanvasWriter, CoverageBeyondSixteenBitsIsRefusedNotCut)
{
    auto const world = Communicator::world();
    MpiScratchFolder const folder(world);
    CanvasLayout const narrow = test::make_layout(50, 40, 1, false);
    CanvasLayout const wide = test::make_layout(50, 40, 1, true);
    bool const is_last = world.rank() == world.size() - 1;
    CanvasPixels const pixels(is_last ? Box{0, 0, 50, 40} : Box{}, wide, 0);

    CanvasWriter writer(world, folder.file("narrow.h5"), narrow);
    Outcome const outcome = outcome_of([&] { writer.write(pixels.strip()); });

    EXPECT_EQ(outcome.code, core::ExitCode::internal);
    EXPECT_NE(outcome.text.find("coverage does not fit 16 bits"), std::string::npos)
        << outcome.text;
    EXPECT_TRUE(is_same_on_all_ranks(world, outcome.text));
    EXPECT_NO_THROW(writer.write({})) << "nothing was written, the file is as good as before";
}

TEST(CanvasWriter, StripsThatBreakTheContractAreRefused)
{
    auto const world = Communicator::world();
    MpiScratchFolder const folder(world);
    CanvasLayout const layout = test::make_layout(50, 40, 3, false);
    CanvasPixels const outside({0, 0, 51, 40}, layout, 0);
    CanvasPixels const mono({0, 0, 50, 40}, test::make_layout(50, 40, 1, false), 0);
    CanvasPixels const good({0, 0, 50, 40}, layout, 0);
    CanvasStrip without_alpha = good.strip();
    without_alpha.alpha = {};
    CanvasWriter writer(world, folder.file("mosaic.h5"), layout);

    EXPECT_THROW(writer.write(outside.strip()), core::StageFailed);
    EXPECT_THROW(writer.write(mono.strip()), core::StageFailed);
    EXPECT_THROW(writer.write(without_alpha), core::StageFailed);

    writer.write(world.is_root() ? good.strip() : CanvasStrip{});
    writer.commit();
    EXPECT_THROW(writer.write({}), core::StageFailed);
    EXPECT_THROW(writer.commit(), core::StageFailed);
    EXPECT_THROW(CanvasWriter(world, folder.file("no.h5"), CanvasLayout{}), core::StageFailed);
}

/// Makes writes beyond a size fail in this process while it lives, as a full disk does.
class FileSizeLimit
{
  public:
    explicit FileSizeLimit(rlim_t bytes)
    {
        previous_handler_ = std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &previous_);
        rlimit limit = previous_;
        limit.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit()
    {
        ::setrlimit(RLIMIT_FSIZE, &previous_);
        std::signal(SIGXFSZ, previous_handler_);
    }
    FileSizeLimit(FileSizeLimit const&) = delete;
    FileSizeLimit& operator=(FileSizeLimit const&) = delete;

  private:
    rlimit previous_{};
    void (*previous_handler_)(int) = nullptr;
};

TEST(CanvasWriter, AFullDiskIsToldAlikeOnAllRanksAndLeavesNothing)
{
    auto const world = Communicator::world();
    MpiScratchFolder const folder(world);
    CanvasLayout const layout = test::make_layout(1000, 1000, 1, false);
    Box const box = contiguous(layout, world.rank(), world.size()).front();
    CanvasPixels const pixels(box, layout, 0);

    Outcome outcome;
    {
        // Above the attributes, below the first dataset's end.
        FileSizeLimit const limit(rlim_t{3} << 20);
        outcome = outcome_of([&] {
            CanvasWriter writer(world, folder.file("mosaic.h5"), layout);
            writer.write(pixels.strip());
            writer.commit();
        });
    }
    comm::barrier(world);

    EXPECT_EQ(outcome.code, core::ExitCode::io_error) << outcome.text;
    EXPECT_NE(outcome.text.find("mosaic.h5"), std::string::npos) << outcome.text;
    EXPECT_TRUE(is_same_on_all_ranks(world, outcome.text));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}
TEST(CanvasWriter, AFailedWriteOfASerialCanvasEndsIt)
{
    auto const world = Communicator::world();
    MpiScratchFolder const folder(world);
    CanvasLayout const layout = test::make_layout(1000, 1000, 1, false);
    CanvasPixels const pixels({0, 0, 1000, 1000}, layout, 0);
    std::string const path = folder.file(std::to_string(world.rank()) + ".h5");

    {
        CanvasWriter writer({}, path, layout);
        Outcome outcome;
        {
            FileSizeLimit const limit(rlim_t{3} << 20);
            outcome = outcome_of([&] { writer.write(pixels.strip()); });
        }

        EXPECT_EQ(outcome.code, core::ExitCode::io_error);
        EXPECT_EQ(outcome.text, "cannot write /science of " + path + " (File too large)");
        EXPECT_THROW(writer.write({}), core::StageFailed);
        EXPECT_THROW(writer.commit(), core::StageFailed);
    }
    comm::barrier(world);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}
}  // namespace
}  // namespace sectile::io
