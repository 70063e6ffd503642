// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sectile/core/log.hpp"

namespace sectile::report
{
/// What was said, how often, and by whom.
struct LoggedLine
{
    std::int64_t time = 0;  ///< of the first time, nanoseconds since 1970 UTC
    core::LogLevel level = core::LogLevel::info;
    std::string text;
    std::int64_t count = 0;
    std::vector<int> ranks;  ///< ascending; empty: about the whole run
};

/// Log lines to the terminal (rank 0) and to a file; installs itself as the core log sink. All
/// lines for the terminal go to stderr, so that stdout stays free for results (`plan --json`).
/// Lines of other ranks' local channel are written to stderr with the rank in front. What other
/// ranks say for the file, and their warnings, wait for the end of the run (add_ranks()). Time
/// stamps are in the file only.
class LogFile
{
  public:
    /// `level`: debug, info, warning or error; throws core::ConfigError for another word.
    LogFile(int rank, std::string const& level);
    /// Closes the file; later lines still reach the terminal.
    ~LogFile();
    LogFile(LogFile const&) = delete;
    LogFile& operator=(LogFile const&) = delete;
    /// Starts writing at the end of `path`, so that earlier runs keep their lines; what was said
    /// before is written first. Every line is flushed: a killed run leaves a whole log. Rank 0.
    /// Throws core::IoError.
    void open(std::string const& path);

    /// What this rank said for the file of rank 0, in about `most_bytes`: equal lines once, those
    /// that find no room are counted. Nothing on rank 0. For add_ranks() there.
    [[nodiscard]] std::vector<std::byte> share(std::size_t most_bytes) const;
    /// Rank 0, at the end: writes what the other ranks said into the file, with their time and
    /// "ranks 1-3:" in front, equal lines once. `shares` are in the order of the ranks. Once.
    void add_ranks(std::vector<std::vector<std::byte>> const& shares);
    /// Rank 0: what was said at warning level or above so far, in order of first appearance.
    [[nodiscard]] std::vector<LoggedLine> warnings() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};
}  // namespace sectile::report
