// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <string>

#include "sectile/engine/coadd.hpp"

namespace sectile::engine
{
/// How a step of a coadd ended on this rank; the worst of all ranks counts.
enum class Outcome : std::uint8_t
{
    good,
    halve,  ///< memory ran out: try again with half the rows
    failed
};

/// What is left to give up when memory, the device or the scratch disk fails (METHODS.md, section
/// 14.4): half the rows of a strip, down to a floor, which all ranks do together; then, on this
/// rank alone, half the workers down to one; the processor instead of the device; stacks on disk
/// instead of in memory; and at last rows again, down to one. Every step is logged and counted.
/// What was given up stays so for the rest of the coadd. The pixels do not depend on any of it.
class Ladder
{
  public:
    /// `spills`: the plan has given up memory for stacks already.
    Ladder(CoaddJob const& job, Team const& team, Route route, bool spills = false);
    /// Gives the workers back.
    ~Ladder();
    Ladder(Ladder const&) = delete;
    Ladder& operator=(Ladder const&) = delete;

    /// Runs `work` until it ends well, going down the ladder; `rows` of the strips of this round.
    /// Throws what is no lack of memory or device, and core::IoError when nothing is left to give
    /// up.
    [[nodiscard]] Outcome attempt(std::int64_t rows, std::function<void()> const& work);

    /// All ranks cut their strips of `rows` rows: for the log and the count.
    void note_halved(std::int64_t rows);

    [[nodiscard]] compute::Backend& backend() const { return *backend_; }
    [[nodiscard]] bool is_spilling() const { return is_spilling_; }
    /// One window at a time.
    [[nodiscard]] bool is_slim() const { return steps_.workers_halved > 0; }
    [[nodiscard]] LadderSteps const& steps() const { return steps_; }

  private:
    [[nodiscard]] Outcome give_up_something(std::int64_t rows, std::string const& reason);
    [[nodiscard]] bool give_up_workers(std::string const& reason);
    [[nodiscard]] bool give_up_memory(std::string const& reason);
    [[nodiscard]] bool give_up_device(std::string const& reason);

    Team const& team_;
    compute::Backend* backend_;
    int workers_;
    bool can_spill_;
    bool is_spilling_ = false;
    LadderSteps steps_;
};
}  // namespace sectile::engine
