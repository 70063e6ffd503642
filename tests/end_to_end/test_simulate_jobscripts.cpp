// SPDX-License-Identifier: BSD-3-Clause
// The scripts a user starts: they are well-formed and hand over what they were given, unchanged.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/run_program.hpp"

namespace
{
using sectile::test::ProgramResult;
using sectile::test::run_program;
using sectile::test::ScratchFolder;

std::string const source_folder = SECTILE_SOURCE_FOLDER;

/// An executable that prints its name and its arguments, each in brackets, on one line.
std::string make_echo(std::string const& path)
{
    std::ofstream(path) << "#!/bin/sh\n"
                           "line=\"$(basename \"$0\"):\"\n"
                           "for word in \"$@\"; do line=\"$line [$word]\"; done\n"
                           "echo \"$line\"\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
}

std::size_t times_in(std::string const& text, std::string const& part)
{
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

TEST(Jobscripts, AllScriptsAreWellFormedAndExecutable)
{
    std::vector<std::string> const scripts = {"tools/setup",
                                              "tools/demo",
                                              "tools/test",
                                              "tools/bench/memory_plan",
                                              "tools/bench/vs_swarp",
                                              ".ci/run",
                                              "jobscripts/local/run.sh",
                                              "jobscripts/slurm/mosaic.sbatch"};
    for (std::string const& script : scripts) {
        std::string const path = source_folder + "/" + script;
        ASSERT_TRUE(std::filesystem::exists(path)) << script;
        auto const permissions = std::filesystem::status(path).permissions();
        std::ifstream in(path);
        std::string first_line;
        std::getline(in, first_line);

        EXPECT_NE(permissions & std::filesystem::perms::owner_exec, std::filesystem::perms::none)
            << script;
        if (first_line.find("bash") != std::string::npos) {
            ProgramResult const result =
                run_program(std::string("bash -n '").append(path).append("'"));
            EXPECT_EQ(result.exit_code, 0) << script << "\n" << result.output;
        }
    }
}

TEST(Jobscripts, SlurmJobHandsItsArgumentsToSrun)
{
    ScratchFolder const scratch("job scripts");
    make_echo(scratch / "srun");
    std::string const program = make_echo(scratch / "sectile");
    std::string const output = scratch / "out dir";

    ProgramResult const result =
        run_program("PATH='" + scratch.path().string() + "':$PATH SECTILE='" + program +
                    "' SLURM_CPUS_PER_TASK=7 bash '" + source_folder +
                    "/jobscripts/slurm/mosaic.sbatch' '/data/my survey' '" + output +
                    "' --mode mosaic-first --feather-px 0");

    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_NE(result.output.find("srun: [--mpi=pmix] [--cpus-per-task=7]"), std::string::npos)
        << result.output;
    std::string const handed = "[" + program + "] [run] [--input] [/data/my survey] [--output] [" +
                               output + "] [--mode] [mosaic-first] [--feather-px] [0]";
    EXPECT_NE(result.output.find(handed), std::string::npos) << result.output;
    EXPECT_TRUE(std::filesystem::is_directory(output));
}

TEST(Jobscripts, SlurmJobWithoutProgramSaysWhatToDo)
{
    ScratchFolder const scratch("job_without_program");

    ProgramResult const result =
        run_program("SECTILE='" + scratch / "absent" + "' bash '" + source_folder +
                    "/jobscripts/slurm/mosaic.sbatch' in '" + scratch / "out" + "'");

    EXPECT_EQ(result.exit_code, 2) << result.output;
    EXPECT_NE(result.output.find("SECTILE"), std::string::npos) << result.output;
}

TEST(Jobscripts, LocalRunStartsTheAskedNumberOfRanks)
{
    ScratchFolder const scratch("local_run");
    std::string const program = make_echo(scratch / "sectile");

    ProgramResult const result =
        run_program("SECTILE='" + program + "' '" + source_folder +
                    "/jobscripts/local/run.sh' 'in dir' 'out dir' 3 --mode mosaic-first");

    EXPECT_EQ(result.exit_code, 0) << result.output;
    std::string const line =
        "sectile: [run] [--input] [in dir] [--output] [out dir] [--mode] [mosaic-first]";
    EXPECT_EQ(times_in(result.output, line), 3U) << result.output;
}

TEST(Jobscripts, LocalRunRefusesAStrangeNumberOfRanks)
{
    for (std::string const ranks : {"0", "two", "-1"}) {
        ProgramResult const result =
            run_program("'" + source_folder + "/jobscripts/local/run.sh' in out " + ranks);

        EXPECT_EQ(result.exit_code, 2) << ranks << "\n" << result.output;
    }
}
}  // namespace
