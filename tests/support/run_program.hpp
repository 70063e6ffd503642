// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <sys/wait.h>

#include "support/read_file.hpp"
#include "support/scratch_folder.hpp"

namespace sectile::test
{
/// What a command printed (both streams) and its exit code.
struct ProgramResult
{
    int exit_code = -1;
    std::string output;
};

/// Runs a shell command to its end.
inline ProgramResult run_program(std::string const& command)
{
    ProgramResult result;
    FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) {
        throw std::runtime_error("cannot run: " + command);
    }
    std::array<char, 4096> buffer{};
    while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr) {
        result.output += buffer.data();
    }
    int const status = ::pclose(pipe);
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}
}  // namespace sectile::test
