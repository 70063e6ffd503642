// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"

namespace
{
using namespace sectile::core;

TEST(Sentence, JoinsProblemReasonAndSuggestion)
{
    EXPECT_EQ(sentence("a.fits is unreadable", "truncated", "copy it again"),
              "a.fits is unreadable (truncated); copy it again");
}

TEST(Sentence, LeavesOutWhatIsEmpty)
{
    EXPECT_EQ(sentence("problem", "", "do this"), "problem; do this");
    EXPECT_EQ(sentence("problem", "why"), "problem (why)");
    EXPECT_EQ(sentence("problem", ""), "problem");
}

TEST(Error, CarriesTheExitCodeOfItsKind)
{
    EXPECT_EQ(ConfigError("x").code(), ExitCode::usage);
    EXPECT_EQ(InputError("x").code(), ExitCode::no_usable_input);
    EXPECT_EQ(IoError("x").code(), ExitCode::io_error);
    EXPECT_EQ(InternalError("x").code(), ExitCode::internal);
    EXPECT_EQ(MpiError("x").code(), ExitCode::internal);
    EXPECT_EQ(DeviceError("x").code(), ExitCode::internal);
    EXPECT_EQ(StageFailed(ExitCode::io_error, "x").code(), ExitCode::io_error);
}

TEST(Error, ExitCodesAreThoseOfTheUserInterface)
{
    EXPECT_EQ(static_cast<int>(ExitCode::done), 0);
    EXPECT_EQ(static_cast<int>(ExitCode::usage), 2);
    EXPECT_EQ(static_cast<int>(ExitCode::no_usable_input), 3);
    EXPECT_EQ(static_cast<int>(ExitCode::io_error), 4);
    EXPECT_EQ(static_cast<int>(ExitCode::strict_quarantine), 5);
    EXPECT_EQ(static_cast<int>(ExitCode::internal), 70);
}

TEST(Require, ThrowsAnInternalErrorThatNamesTheContract)
{
    EXPECT_NO_THROW(require(true, "never"));
    try {
        require(false, "counts match");
        FAIL() << "a broken contract went unnoticed";
    } catch (InternalError const& error) {
        EXPECT_NE(std::string(error.what()).find("counts match"), std::string::npos);
    }
}
}  // namespace
