// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>

#include "sectile/core/task_runner.hpp"

namespace sectile::machine
{
/// The threads of a rank: a oneTBB arena of as many workers as the plan says.
class TbbRunner final : public core::TaskRunner
{
  public:
    explicit TbbRunner(int workers);
    ~TbbRunner() override;
    [[nodiscard]] int workers() const override;
    /// Changes the number of threads. Main thread, while nothing runs.
    void set_workers(int workers);
    void for_each(std::size_t count, std::function<void(std::size_t, int)> const& task) override;

    /// Work that runs beside the caller's; wait() returns when it is done and throws what it threw.
    /// Waiting threads help. Destruction waits too, and drops the exception.
    class Background
    {
      public:
        Background(TbbRunner& runner, std::function<void()> work);
        ~Background();
        Background(Background const&) = delete;
        Background& operator=(Background const&) = delete;
        void wait();

      private:
        struct State;
        std::unique_ptr<State> state_;
    };

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};
}  // namespace sectile::machine
