// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>

namespace sectile::core
{
/// Runs independent tasks on some threads: numerics say what can run at the same time, the machine
/// says on what (oneTBB).
class TaskRunner
{
  public:
    virtual ~TaskRunner() = default;
    /// Most tasks that run at the same time; `worker` below is smaller than it.
    [[nodiscard]] virtual int workers() const = 0;
    /// Calls task(index, worker) once for every index < count, in any order, and returns when all
    /// are done. No two tasks that run at the same time get the same worker number. An exception of
    /// a task is thrown again here.
    virtual void for_each(std::size_t count,
                          std::function<void(std::size_t index, int worker)> const& task) = 0;
};

/// Runs the tasks one after another on the calling thread.
class SerialRunner final : public TaskRunner
{
  public:
    [[nodiscard]] int workers() const override { return 1; }
    void for_each(std::size_t count, std::function<void(std::size_t, int)> const& task) override
    {
        for (std::size_t i = 0; i < count; ++i) {
            task(i, 0);
        }
    }
};
}  // namespace sectile::core
