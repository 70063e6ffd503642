// SPDX-License-Identifier: BSD-3-Clause
#include "engine/ladder.hpp"

#include <new>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"

namespace sectile::engine
{
namespace
{
/// Rows below which workers are given up first: thinner strips read the margins of their windows
/// again and again.
constexpr std::int64_t row_floor = 16;

void say(std::string const& step, std::string const& reason)
{
    core::log_local(core::LogLevel::warning, core::sentence(step, reason));
}
}  // namespace

Ladder::Ladder(CoaddJob const& job, Team const& team, Route route, bool spills)
    : team_(team),
      backend_(team.backend),
      workers_(team.runner->workers()),
      can_spill_(route == Route::pull && !job.recipe.combine.is_running_mean() &&
                 !team.scratch.empty()),
      is_spilling_(spills && can_spill_)
{}

Ladder::~Ladder()
{
    team_.runner->set_workers(workers_);
}

Outcome Ladder::attempt(std::int64_t rows, std::function<void()> const& work)
{
    while (true) {
        try {
            work();
            return Outcome::good;
        } catch (core::DeviceError const& error) {
            if (!give_up_device(error.what())) {
                throw;
            }
        } catch (core::DiskFull const& error) {
            if (rows <= 1) {
                throw;
            }
            steps_.last_reason = error.what();
            return Outcome::halve;
        } catch (std::bad_alloc const& error) {
            if (Outcome const next = give_up_something(rows, error.what()); next != Outcome::good) {
                return next;
            }
        }
    }
}

Outcome Ladder::give_up_something(std::int64_t rows, std::string const& reason)
{
    if (rows > row_floor) {
        steps_.last_reason = reason;
        return Outcome::halve;
    }
    if (give_up_workers(reason) || give_up_device(reason) || give_up_memory(reason)) {
        return Outcome::good;
    }
    if (rows > 1) {
        steps_.last_reason = reason;
        return Outcome::halve;
    }
    throw core::IoError(core::sentence("memory ran out even for one row with one worker", reason,
                                       "give the job more memory, or start fewer ranks per node"));
}

bool Ladder::give_up_workers(std::string const& reason)
{
    int const now = team_.runner->workers();
    if (now <= 1) {
        return false;
    }
    team_.runner->set_workers(now / 2);
    ++steps_.workers_halved;
    say("going on with " + std::to_string(now / 2) + " of " + std::to_string(now) + " workers",
        reason);
    return true;
}

bool Ladder::give_up_device(std::string const& reason)
{
    if (team_.fallback == nullptr || backend_ == team_.fallback) {
        return false;
    }
    backend_ = team_.fallback;
    ++steps_.left_device;
    say("going on without the device", reason);
    return true;
}

bool Ladder::give_up_memory(std::string const& reason)
{
    if (!can_spill_ || is_spilling_) {
        return false;
    }
    is_spilling_ = true;
    ++steps_.spilled;
    say("going on with stacks on disk", reason);
    return true;
}

void Ladder::note_halved(std::int64_t rows)
{
    ++steps_.rows_halved;
    core::log_world(core::LogLevel::warning,
                    core::sentence("going on with strips of " + std::to_string((rows + 1) / 2) +
                                       " instead of " + std::to_string(rows) + " rows",
                                   steps_.last_reason.empty() ? "memory ran out on another rank"
                                                              : steps_.last_reason));
    steps_.last_reason.clear();
}
}  // namespace sectile::engine
