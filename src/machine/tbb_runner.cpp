// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/machine/tbb_runner.hpp"

#include <algorithm>
#include <utility>

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

namespace sectile::machine
{
struct TbbRunner::Impl
{
    explicit Impl(int count) : workers(std::max(1, count)), arena(workers, 1) {}
    int workers;
    tbb::task_arena arena;
};

TbbRunner::TbbRunner(int workers) : impl_(std::make_unique<Impl>(workers)) {}
TbbRunner::~TbbRunner() = default;

int TbbRunner::workers() const
{
    return impl_->workers;
}

void TbbRunner::set_workers(int workers)
{
    if (workers != impl_->workers) {
        impl_->workers = std::max(1, workers);
        impl_->arena.terminate();
        impl_->arena.initialize(impl_->workers, 1);
    }
}

void TbbRunner::for_each(std::size_t count, std::function<void(std::size_t, int)> const& task)
{
    impl_->arena.execute([&] {
        // Isolation keeps a waiting thread from running tasks of another loop inside one of its
        // own, which would give two running tasks the same worker number.
        tbb::this_task_arena::isolate([&] {
            tbb::parallel_for(
                std::size_t{0}, count,
                [&](std::size_t index) {
                    task(index, tbb::this_task_arena::current_thread_index());
                },
                tbb::simple_partitioner());
        });
    });
}

struct TbbRunner::Background::State
{
    explicit State(Impl& owner) : impl(owner) {}
    Impl& impl;
    tbb::task_group group;
    std::function<void()>
        postponed;  ///< a rank with one worker does the work when it is waited for
    bool waited = false;
};

TbbRunner::Background::Background(TbbRunner& runner, std::function<void()> work)
    : state_(std::make_unique<State>(*runner.impl_))
{
    if (runner.workers() == 1) {
        state_->postponed = std::move(work);
    } else {
        runner.impl_->arena.execute([&] { state_->group.run(std::move(work)); });
    }
}

TbbRunner::Background::~Background()
{
    if (!state_->waited) {
        try {
            wait();
        } catch (...) {  // NOLINT(bugprone-empty-catch): another exception is already under way
        }
    }
}

void TbbRunner::Background::wait()
{
    state_->waited = true;
    if (state_->postponed) {
        std::exchange(state_->postponed, nullptr)();
    } else {
        state_->impl.arena.execute([&] { state_->group.wait(); });
    }
}
}  // namespace sectile::machine
