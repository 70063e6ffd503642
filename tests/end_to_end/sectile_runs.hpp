// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/run_program.hpp"

/// The program as a user starts it. SECTILE_BINARY is its path.
namespace sectile::test
{
/// A synthetic survey; the test fails where it cannot be made.
inline void simulate(std::string const& folder, std::string const& options)
{
    ProgramResult const made =
        run_program(std::string(SECTILE_BINARY) + " simulate --output " + folder + " " + options);
    ASSERT_EQ(made.exit_code, 0) << made.output;
}

/// A run over some ranks; over none it is started without a launcher.
inline ProgramResult run_sectile(std::string const& input, std::string const& output,
                                 std::string const& options, int ranks = 0)
{
    std::string const launcher = ranks > 0 ? "mpirun -n " + std::to_string(ranks) + " " : "";
    return run_program(launcher + SECTILE_BINARY + " run --input " + input + " --output " + output +
                       " " + options);
}

inline nlohmann::json report_of(std::string const& output)
{
    return nlohmann::json::parse(read_file(output + "/report.json"));
}
}  // namespace sectile::test
