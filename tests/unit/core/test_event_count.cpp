// SPDX-License-Identifier: BSD-3-Clause
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/event_count.hpp"

namespace sectile::core
{
namespace
{
TEST(EventCount, AddsUpOverThreadsAndKeepsKindsApart)
{
    constexpr int each = 10'000;
    reset_events();

    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([] {
            for (int k = 0; k < each; ++k) {
                count_event(Event::placement);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }

    EXPECT_EQ(events_so_far(Event::placement), 4 * each);
    EXPECT_EQ(events_so_far(Event::header_scan), 0);
    reset_events();
    EXPECT_EQ(events_so_far(Event::placement), 0);
}

TEST(EventCount, NamesEveryKindDifferently)
{
    std::set<std::string> names;
    for (std::size_t i = 0; i < event_kinds; ++i) {
        names.insert(name_of(static_cast<Event>(i)));
    }

    EXPECT_EQ(names.size(), event_kinds);
    EXPECT_FALSE(names.contains(""));
}
}  // namespace
}  // namespace sectile::core
