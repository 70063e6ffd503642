// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sectile::report
{
/// Tells the user how far a phase is: on a terminal one bar line that is drawn anew at most 10
/// times a second, in a log one line per 5 % step, without carriage returns. Log lines are at least
/// one second apart and come only from phases that last 2 seconds. A default constructed Progress
/// does nothing.
class Progress
{
  public:
    /// Gets text to show as it is: pieces of the bar line on a terminal, else whole lines without
    /// their end. Never called by two threads at once.
    using Output = std::function<void(std::string_view)>;
    /// Seconds from any start; never goes back.
    using Seconds = std::function<double()>;

    Progress() noexcept;
    /// Without `output`: stderr on a terminal, else core::log_world(info). Without `clock`: time.
    explicit Progress(bool is_terminal, Output output = {}, Seconds clock = {});
    ~Progress();  ///< ends the phase
    Progress(Progress&&) noexcept;
    Progress& operator=(Progress&&) noexcept;

    /// Starts a phase, and ends the one before if it is open. `total` items, 0: not known. Begin
    /// and end belong to one thread, while no other one advances.
    void begin(std::string phase, std::int64_t total);
    /// `n` more items are done. Any thread; one atomic addition and a look at the clock, more only
    /// when something is to be shown.
    void advance(std::int64_t n = 1);
    /// Shows where the phase ended; a bar is finished with a newline.
    void end();
    /// Wipes the bar off the terminal so that a log line can be written; it comes back with the
    /// next item. Any thread, but not from within `output`. Does nothing in a log.
    void wipe();
    /// Items of the phase done, and all of them (0: not known). Any thread.
    [[nodiscard]] std::pair<std::int64_t, std::int64_t> items() const;

    struct State;

  private:
    friend Progress make_progress(int rank);
    std::unique_ptr<State> state_;
};

/// The Progress of this process: counts only but on rank 0, a bar if stderr is a terminal. Log
/// lines of LogFile wipe this bar.
[[nodiscard]] Progress make_progress(int rank);
}  // namespace sectile::report
