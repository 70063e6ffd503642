// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sectile::io
{
/// How an external program ended.
struct ProgramEnd
{
    enum class Kind
    {
        exited,     ///< by itself, with exit_code
        killed,     ///< by a signal that was not ours: it crashed
        timed_out,  ///< we killed it
        not_run     ///< it is missing or cannot be executed
    };
    Kind kind = Kind::not_run;
    int exit_code = -1;  ///< when exited
    int signal = 0;      ///< when killed
    std::string reason;  ///< one sentence without the program's name; empty for exit code 0

    [[nodiscard]] bool succeeded() const { return kind == Kind::exited && exit_code == 0; }
};

/// Runs `command` (program, then its arguments; the program is looked for in PATH when it has no
/// slash) to its end. It gets a process group of its own, no input, both output streams in
/// `log_path` (replaced), no descriptors of ours and none of the variables by which MPI launchers
/// talk to their processes, which another MPI program would misread. After `timeout` seconds, or
/// when the program ends and leaves children behind, the whole group is killed. Throws
/// core::IoError when the log cannot be written. Any thread; nothing is forked, so a process under
/// MPI may call it.
[[nodiscard]] ProgramEnd run_external_program(std::vector<std::string> const& command,
                                              std::string const& log_path, double timeout);

/// Last line of a log that says something, without control characters and of at most `most`
/// characters; empty when there is none, or no log.
[[nodiscard]] std::string last_line_of(std::string const& log_path, std::size_t most = 160);
}  // namespace sectile::io
