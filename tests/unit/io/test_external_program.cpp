// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/external_program.hpp"

#include "support/run_program.hpp"
#include "support/scratch_folder.hpp"

namespace sectile::io
{
namespace
{
using Kind = ProgramEnd::Kind;

class ExternalProgram : public ::testing::Test
{
  protected:
    std::string script(std::string const& text) const
    {
        std::string const path = folder / "program";
        std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
        ::chmod(path.c_str(), 0755);
        return path;
    }
    test::ScratchFolder folder{"external"};
    std::string log = folder / "log";
};

TEST_F(ExternalProgram, GivesArgumentsAndCatchesBothStreams)
{
    std::string const program = script("echo \"first $1\"; echo \"second $2\" >&2; exit 0");

    ProgramEnd const end = run_external_program({program, "a b", "$HOME"}, log, 10.0);

    EXPECT_TRUE(end.succeeded()) << end.reason;
    EXPECT_EQ(test::read_file(log), "first a b\nsecond $HOME\n");
    EXPECT_EQ(last_line_of(log), "second $HOME");
}

TEST_F(ExternalProgram, TellsHowItEnded)
{
    ProgramEnd const failed = run_external_program({script("echo no luck; exit 7")}, log, 10.0);
    ProgramEnd const crashed = run_external_program({script("kill -SEGV $$")}, log, 10.0);
    ProgramEnd const missing = run_external_program({folder / "absent"}, log, 10.0);
    ProgramEnd const unknown = run_external_program({"no-such-program-of-sectile"}, log, 10.0);

    EXPECT_EQ(failed.kind, Kind::exited);
    EXPECT_EQ(failed.exit_code, 7);
    EXPECT_FALSE(failed.succeeded());
    EXPECT_EQ(crashed.kind, Kind::killed);
    EXPECT_EQ(crashed.signal, SIGSEGV);
    EXPECT_EQ(missing.kind, Kind::not_run);
    EXPECT_EQ(unknown.kind, Kind::not_run);
    for (ProgramEnd const& end : {failed, crashed, missing, unknown}) {
        EXPECT_FALSE(end.reason.empty());
    }
}

TEST_F(ExternalProgram, RefusesWhatIsNoProgram)
{
    std::ofstream(folder / "text") << "not executable";

    ProgramEnd const end = run_external_program({folder / "text"}, log, 10.0);

    EXPECT_EQ(end.kind, Kind::not_run);
    EXPECT_NE(end.reason.find("cannot be executed"), std::string::npos) << end.reason;
}

TEST_F(ExternalProgram, StopsAProgramThatHangsWithItsChildren)
{
    // The child ignores the polite signals, and would write a file later.
    std::string const late = folder / "late";
    std::string const program =
        script("(trap '' TERM INT HUP; sleep 1.5; echo late >" + late + ") & sleep 60");
    auto const start = std::chrono::steady_clock::now();

    ProgramEnd const end = run_external_program({program}, log, 0.3);

    EXPECT_EQ(end.kind, Kind::timed_out);
    EXPECT_NE(end.reason.find("within 0.3 s"), std::string::npos) << end.reason;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
    std::this_thread::sleep_for(std::chrono::seconds(2));
    EXPECT_FALSE(std::filesystem::exists(late));
}

TEST_F(ExternalProgram, LeavesNoChildrenOfAProgramThatEnded)
{
    std::string const late = folder / "late";
    std::string const program = script("(sleep 1; echo late >" + late + ") & exit 0");

    ProgramEnd const end = run_external_program({program}, log, 10.0);

    EXPECT_TRUE(end.succeeded());
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    EXPECT_FALSE(std::filesystem::exists(late));
}

TEST_F(ExternalProgram, HidesTheVariablesOfTheMpiLauncher)
{
    ::setenv("OMPI_COMM_WORLD_RANK", "3", 1);
    ::setenv("PMIX_RANK", "3", 1);
    ::setenv("SECTILE_KEPT", "yes", 1);
    std::string const program =
        script("echo \"${OMPI_COMM_WORLD_RANK-none} ${PMIX_RANK-none} $SECTILE_KEPT\"");

    ProgramEnd const end = run_external_program({program}, log, 10.0);

    EXPECT_TRUE(end.succeeded());
    EXPECT_EQ(last_line_of(log), "none none yes");
    EXPECT_STREQ(std::getenv("PMIX_RANK"), "3");
}

TEST_F(ExternalProgram, GivesNoDescriptorsAndNoInput)
{
    // Not marked close-on-exec, as those of some libraries.
    FILE* const open = ::popen("cat", "w");
    std::string const program = script("ls /proc/self/fd | wc -l; cat");

    ProgramEnd const end = run_external_program({program}, log, 10.0);
    ::pclose(open);

    EXPECT_TRUE(end.succeeded());
    EXPECT_EQ(last_line_of(log), "4");  // the three streams, and the folder that ls reads
}

TEST_F(ExternalProgram, SaysWhenTheLogCannotBeWritten)
{
    EXPECT_THROW(static_cast<void>(run_external_program({"true"}, folder / "no/log", 1.0)),
                 core::IoError);
}

TEST_F(ExternalProgram, LastLineIsPlainAndShort)
{
    std::ofstream(log) << "first\n\x1b[31m" << std::string(500, 'x') << "\n \n";

    std::string const line = last_line_of(log, 20);

    EXPECT_EQ(line.substr(0, 6), " [31mx");
    EXPECT_LE(line.size(), 20U);
    EXPECT_EQ(last_line_of(folder / "absent"), "");
}
}  // namespace
}  // namespace sectile::io
