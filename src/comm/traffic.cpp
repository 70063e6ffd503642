// SPDX-License-Identifier: BSD-3-Clause
#include "comm/traffic.hpp"

#include <atomic>

#include "sectile/comm/communicator.hpp"

namespace sectile::comm
{
namespace
{
std::atomic<std::int64_t>& sent()
{
    static std::atomic<std::int64_t> bytes = 0;
    return bytes;
}

std::atomic<std::int64_t>& received()
{
    static std::atomic<std::int64_t> bytes = 0;
    return bytes;
}
}  // namespace

namespace detail
{
void count_sent(std::size_t bytes) noexcept
{
    sent().fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
}

void count_received(std::size_t bytes) noexcept
{
    received().fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
}
}  // namespace detail

TrafficCount traffic_so_far()
{
    return {sent().load(std::memory_order_relaxed), received().load(std::memory_order_relaxed)};
}
}  // namespace sectile::comm
