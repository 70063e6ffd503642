// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/atomic_file.hpp"

#include "fits_bytes.hpp"
#include "support/read_file.hpp"

namespace sectile::io
{
namespace
{
namespace fs = std::filesystem;

std::string message_of(std::string const& directory)
{
    try {
        OutputLock const lock(directory);
    } catch (core::IoError const& error) {
        return error.what();
    }
    return {};
}

TEST(AtomicFile, TemporaryNameIsHiddenInTheSameFolder)
{
    fs::path const temporary = temporary_name("/a/b/mosaic.fits");

    EXPECT_EQ(temporary.parent_path(), "/a/b");
    EXPECT_TRUE(temporary.filename().string().starts_with(".mosaic.fits"));
    EXPECT_EQ(fs::path(temporary_name("mosaic.fits")).parent_path(), "");
}

TEST(AtomicFile, TextReplacesTheOldFileAndLeavesNothingElse)
{
    test::ScratchFolder const folder("atomic_file");
    std::string const path = folder / "report.json";
    test::write_bytes(path, "old and longer than the new one");

    write_text_file(path, "new");

    EXPECT_EQ(test::read_file(path), "new");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(AtomicFile, FailureKeepsTheOldFile)
{
    test::ScratchFolder const folder("atomic_file");
    std::string const path = folder / "taken";
    fs::create_directories(fs::path(path) / "content");

    EXPECT_THROW(write_text_file(path, "text"), core::IoError);
    EXPECT_THROW(write_text_file(folder / "missing/file", "text"), core::IoError);

    EXPECT_TRUE(fs::is_directory(path));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(AtomicFile, TextMayComeInPieces)
{
    test::ScratchFolder const folder("atomic_file");
    std::string const path = folder / "report.json";
    std::string expected;
    for (int i = 0; i < 50'000; ++i) {
        expected += std::to_string(i);
    }

    write_text_file(path, [](TextSink const& out) {
        for (int i = 0; i < 50'000; ++i) {
            out(std::to_string(i));
        }
    });

    EXPECT_EQ(test::read_file(path), expected);
}

TEST(AtomicFile, TextThatCannotBeMadeKeepsTheOldFile)
{
    test::ScratchFolder const folder("atomic_file");
    std::string const path = folder / "report.json";
    write_text_file(path, "old");

    EXPECT_THROW(write_text_file(path,
                                 [](TextSink const& out) {
                                     out("new");
                                     throw core::InternalError("no more");
                                 }),
                 core::InternalError);

    EXPECT_EQ(test::read_file(path), "old");
    EXPECT_FALSE(fs::exists(temporary_name(path)));
}

TEST(AtomicFile, PublishingNeedsTheTemporaryFile)
{
    test::ScratchFolder const folder("atomic_file");

    EXPECT_THROW(publish_file(folder / "nothing"), core::IoError);
}

TEST(OutputLock, MakesTheDirectoryAndRefusesASecondRun)
{
    test::ScratchFolder const folder("atomic_file");
    std::string const output = folder / "deep/output";

    auto first = std::make_unique<OutputLock>(output);
    std::string const refusal = message_of(output);
    first.reset();

    EXPECT_NE(refusal.find("another run is writing into it"), std::string::npos) << refusal;
    EXPECT_EQ(message_of(output), "");
    EXPECT_TRUE(fs::exists(fs::path(output) / ".sectile" / "lock"));
}

TEST(OutputLock, SaysWhenAFileIsInTheWay)
{
    test::ScratchFolder const folder("atomic_file");
    test::write_bytes(folder / "output", "a file");

    std::string const refusal = message_of(folder / "output");

    EXPECT_NE(refusal.find("a file of this name is in its place"), std::string::npos) << refusal;
}

TEST(OutputLock, SaysWhenTheDirectoryCannotBeWritten)
{
    // /proc refuses new files even to the superuser, whom permission bits do not stop.
    std::string const refusal = message_of("/proc/self");

    EXPECT_NE(refusal.find("cannot write into output directory /proc/self"), std::string::npos)
        << refusal;
}
}  // namespace
}  // namespace sectile::io
