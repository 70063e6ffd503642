// SPDX-License-Identifier: BSD-3-Clause
// What the program says, and does not leave behind, when it is used in the wrong way.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/file.h>
#include <vector>

#include <gtest/gtest.h>

#include "support/run_program.hpp"

namespace
{
using sectile::test::read_file;
using sectile::test::run_program;
using sectile::test::ScratchFolder;
namespace fs = std::filesystem;

std::string const sectile = SECTILE_BINARY;

/// What a command wrote, stream by stream.
struct Outcome
{
    int exit_code = -1;
    std::string out;
    std::vector<std::string> errors;  ///< lines of standard error
};

std::vector<std::string> lines_of(std::string const& text)
{
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t const end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

Outcome run(ScratchFolder const& scratch, std::string const& command)
{
    std::string const out = scratch / "stdout.txt";
    std::string const err = scratch / "stderr.txt";
    Outcome outcome;
    outcome.exit_code = run_program("( " + command + " >'" + out + "' 2>'" + err + "' )").exit_code;
    outcome.out = read_file(out);
    outcome.errors = lines_of(read_file(err));
    return outcome;
}

/// The program's own complaint: the lines "sectile: …". A good message is one line, said once.
std::vector<std::string> complaints(Outcome const& outcome)
{
    std::vector<std::string> found;
    std::ranges::copy_if(outcome.errors, std::back_inserter(found),
                         [](std::string const& line) { return line.starts_with("sectile: "); });
    return found;
}

std::string all(Outcome const& outcome)
{
    std::string text = outcome.out;
    for (std::string const& line : outcome.errors) {
        text += "\n" + line;
    }
    return text;
}

/// The exit code and one line that holds `part`.
void expect_complaint(Outcome const& outcome, int exit_code, std::string const& part)
{
    EXPECT_EQ(outcome.exit_code, exit_code) << all(outcome);
    std::vector<std::string> const found = complaints(outcome);
    ASSERT_EQ(found.size(), 1U) << all(outcome);
    EXPECT_NE(found.front().find(part), std::string::npos) << found.front();
}

/// No product and no temporary file, whatever else is there.
void expect_no_products(fs::path const& folder)
{
    if (!fs::exists(folder)) {
        return;
    }
    for (auto const& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) {
            continue;
        }
        std::string const name = entry.path().filename();
        EXPECT_TRUE(name == "lock" || name == "sectile.log" || name == "report.json")
            << entry.path();
    }
}

void simulate(std::string const& folder, std::string const& options)
{
    auto const made = run_program(sectile + " simulate --width 96 --height 64 --output " + folder +
                                  " " + options);
    ASSERT_EQ(made.exit_code, 0) << made.output;
}

std::string run_of(std::string const& input, std::string const& output)
{
    return sectile + " run --input '" + input + "' --output '" + output + "'";
}

TEST(BadCommandLine, NothingAtAllShowsTheUsage)
{
    ScratchFolder const scratch("cli_usage");

    Outcome const outcome = run(scratch, sectile);

    EXPECT_EQ(outcome.exit_code, 2);
    ASSERT_FALSE(outcome.errors.empty());
    EXPECT_EQ(outcome.errors.front(), "usage: sectile SUBCOMMAND [options]");
    EXPECT_TRUE(outcome.out.empty());
}

TEST(BadCommandLine, UnknownSubcommandGetsASuggestion)
{
    ScratchFolder const scratch("cli_subcommand");

    expect_complaint(run(scratch, sectile + " simulat"), 2,
                     "unknown subcommand 'simulat'; did you mean simulate?");
}

TEST(BadCommandLine, WrongOptionIsOneLineBeforeAnyWork)
{
    ScratchFolder const scratch("cli_option");
    fs::create_directories(scratch / "in");

    Outcome const outcome =
        run(scratch, run_of(scratch / "in", scratch / "out") + " --stacking-kapa-low 2");

    expect_complaint(outcome, 2, "unknown option --stacking-kapa-low; did you mean");
    EXPECT_EQ(outcome.errors.size(), 1U) << all(outcome);
    EXPECT_FALSE(fs::exists(scratch / "out"));
}

TEST(BadCommandLine, SeveralProblemsAreSaidTogether)
{
    ScratchFolder const scratch("cli_many");

    Outcome const outcome = run(scratch, sectile + " run --mode sds --feather-px -1");

    expect_complaint(outcome, 2, "there are 4 problems with the options:");
    EXPECT_EQ(outcome.errors.size(), 5U) << all(outcome);
}

TEST(BadCommandLine, UnknownKeyOfAFileNamesTheFile)
{
    ScratchFolder const scratch("cli_key");
    std::ofstream(scratch / "run.ini") << "feather_pixels = 3\n";

    Outcome const outcome =
        run(scratch, run_of(scratch.path(), scratch / "out") + " --config " + scratch / "run.ini");

    expect_complaint(outcome, 2, "unknown option feather_pixels in " + scratch / "run.ini");
    EXPECT_FALSE(fs::exists(scratch / "out"));
}

TEST(BadCommandLine, RanksSpeakWithOneVoice)
{
    ScratchFolder const scratch("cli_ranks");

    Outcome const outcome = run(scratch, std::string(SECTILE_MPIEXEC) + " -n 2 " +
                                             run_of("x", scratch / "out") + " --mode sds");

    EXPECT_NE(outcome.exit_code, 0);
    ASSERT_EQ(complaints(outcome).size(), 1U) << all(outcome);
    EXPECT_FALSE(fs::exists(scratch / "out"));
}

TEST(BadInput, MissingPathIsNoUsableInput)
{
    ScratchFolder const scratch("cli_missing");

    expect_complaint(run(scratch, run_of(scratch / "nowhere", scratch / "out")), 3, "nowhere");
    expect_no_products(scratch / "out");
}

TEST(BadInput, EmptyDirectoryIsNoUsableInput)
{
    ScratchFolder const scratch("cli_empty");
    fs::create_directories(scratch / "in");

    expect_complaint(run(scratch, run_of(scratch / "in", scratch / "out")), 3,
                     "no FITS file in " + scratch / "in");
    expect_no_products(scratch / "out");
}

TEST(BadInput, TextNamedFitsIsNoUsableInputAlone)
{
    ScratchFolder const scratch("cli_text");
    fs::create_directories(scratch / "in");
    std::ofstream(scratch / "in/note.fits") << "dear diary\n";

    Outcome const outcome = run(scratch, run_of(scratch / "in", scratch / "out"));

    expect_complaint(outcome, 3, "");
    EXPECT_NE(all(outcome).find("note.fits"), std::string::npos) << "the log names the bad file";
    expect_no_products(scratch / "out");
}

TEST(BadInput, TruncatedFrameIsNoUsableInputAloneAndQuarantinedAmongOthers)
{
    ScratchFolder const scratch("cli_truncated");
    simulate(scratch / "frames", "--frames 3");
    std::string const whole = read_file(scratch / "frames/frame_00000.fits");
    fs::create_directories(scratch / "alone");
    for (char const* const name : {"alone/cut.fits", "frames/cut.fits"}) {
        std::ofstream(scratch / name, std::ios::binary) << whole.substr(0, whole.size() / 2);
    }

    Outcome const alone = run(scratch, run_of(scratch / "alone", scratch / "out"));
    Outcome const strict =
        run(scratch, run_of(scratch / "frames", scratch / "strict") + " --strict");
    Outcome const among = run(scratch, run_of(scratch / "frames", scratch / "among"));

    expect_complaint(alone, 3, "");
    expect_no_products(scratch / "out");
    expect_complaint(strict, 5, "");
    expect_no_products(scratch / "strict");
    EXPECT_EQ(among.exit_code, 0) << all(among);
    EXPECT_TRUE(complaints(among).empty()) << all(among);
    EXPECT_TRUE(fs::exists(scratch / "among/mosaic.fits"));
}

TEST(BadInput, RanksAgreeThatThereIsNothingToDo)
{
    ScratchFolder const scratch("cli_ranks_empty");
    fs::create_directories(scratch / "in");
    std::ofstream(scratch / "in/note.fits") << "dear diary\n";

    Outcome const outcome = run(
        scratch, std::string(SECTILE_MPIEXEC) + " -n 2 " + run_of(scratch / "in", scratch / "out"));

    EXPECT_EQ(outcome.exit_code, 3) << all(outcome);
    EXPECT_EQ(complaints(outcome).size(), 1U) << all(outcome);
    EXPECT_EQ(all(outcome).find("MPI_ABORT"), std::string::npos)
        << "the ranks end together, none has to end the others: " << all(outcome);
    expect_no_products(scratch / "out");
}

TEST(BadOutput, UnwritablePlaceIsAnInputOutputError)
{
    ScratchFolder const scratch("cli_unwritable");
    simulate(scratch / "frames", "--frames 1");
    std::ofstream(scratch / "file") << "not a directory\n";

    // A file where a directory should be refuses root too, which permissions do not.
    expect_complaint(run(scratch, run_of(scratch / "frames", scratch / "file/out")), 4,
                     scratch / "file/out");
    EXPECT_EQ(read_file(scratch / "file"), "not a directory\n");
}

TEST(BadOutput, DirectoryInUseIsRefusedAndLeftAlone)
{
    ScratchFolder const scratch("cli_in_use");
    simulate(scratch / "frames", "--frames 1");
    fs::create_directories(scratch / "out/.sectile");
    int const lock = ::open((scratch / "out/.sectile/lock").c_str(), O_RDWR | O_CREAT, 0666);
    ASSERT_GE(lock, 0);
    ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);

    Outcome const outcome = run(scratch, run_of(scratch / "frames", scratch / "out"));
    ::close(lock);

    expect_complaint(outcome, 4, "another run is writing into it");
    expect_no_products(scratch / "out");
}

TEST(BadProduct, VerifySaysWhatIsMissing)
{
    ScratchFolder const scratch("cli_verify");
    fs::create_directories(scratch / "empty");
    std::ofstream(scratch / "mosaic.fits") << "not a mosaic\n";

    expect_complaint(run(scratch, sectile + " verify"), 2, "nothing to verify");
    expect_complaint(run(scratch, sectile + " verify " + scratch / "empty"), 4, "");
    expect_complaint(run(scratch, sectile + " verify " + scratch / "mosaic.fits"), 4, "");
    expect_complaint(run(scratch, sectile + " verify " + scratch / "nowhere"), 4, "nowhere");
}

TEST(GoodCommandLine, HelpVersionAndPrintConfigSucceed)
{
    ScratchFolder const scratch("cli_help");

    for (char const* const words :
         {"--help", "run --help", "plan -h", "probe --help", "simulate --help", "verify --help"}) {
        Outcome const outcome = run(scratch, sectile + " " + words);
        EXPECT_EQ(outcome.exit_code, 0) << words;
        EXPECT_TRUE(outcome.out.starts_with("usage: sectile ")) << words;
        EXPECT_TRUE(outcome.errors.empty()) << words;
    }
    Outcome const version = run(scratch, sectile + " --version");
    EXPECT_EQ(version.exit_code, 0);
    for (char const* const library : {"MPI", "HDF5", "CFITSIO", "WCSLIB", "Boost", "CUDA"}) {
        EXPECT_NE(version.out.find(library), std::string::npos) << library;
    }
}

TEST(GoodCommandLine, PrintedConfigurationIsReadBack)
{
    ScratchFolder const scratch("cli_print");

    Outcome const first =
        run(scratch, sectile + " run --print-config --feather-px 7 --input 'a #1'");
    std::ofstream(scratch / "printed.ini") << first.out;
    Outcome const second =
        run(scratch, sectile + " run --print-config --config " + scratch / "printed.ini");

    EXPECT_EQ(first.exit_code, 0) << all(first);
    EXPECT_EQ(second.exit_code, 0) << all(second);
    EXPECT_EQ(first.out, second.out);
    EXPECT_NE(first.out.find("\nfeather_px = 7\n"), std::string::npos) << first.out;
}

TEST(GoodCommandLine, ProbeAndPlanTouchNothing)
{
    ScratchFolder const scratch("cli_plan");
    simulate(scratch / "frames", "--frames 4");

    Outcome const probe = run(scratch, sectile + " probe");
    Outcome const plan = run(scratch, sectile + " plan --input " + scratch / "frames");
    Outcome const dry = run(scratch, run_of(scratch / "frames", scratch / "out") + " --dry-run");

    EXPECT_EQ(probe.exit_code, 0) << all(probe);
    EXPECT_NE(probe.out.find("processors allowed"), std::string::npos) << probe.out;
    EXPECT_EQ(plan.exit_code, 0) << all(plan);
    EXPECT_EQ(dry.exit_code, 0) << all(dry);
    EXPECT_FALSE(fs::exists(scratch / "out"));
}
}  // namespace
