// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/shared_value.hpp"

namespace sectile::core
{
namespace
{
TEST(SharedValue, IsHeldOnceByAllCopies)
{
    Shared<std::string> const first(std::string("text"));
    Shared<std::string> const second = first;

    EXPECT_EQ(&*first, &*second);
    EXPECT_EQ(second->size(), 4U);
}

TEST(SharedValue, IsADefaultOneWhereThereIsNone)
{
    Shared<std::vector<int>> const none;

    EXPECT_TRUE(none->empty());
    EXPECT_FALSE(none.is_held());
}

TEST(SharedList, ChangesNoCopyOfItself)
{
    SharedList<int> list{1, 2};
    SharedList<int> const copy = list;

    list.push_back(3);

    EXPECT_EQ(list.items(), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(copy.items(), (std::vector<int>{1, 2}));
    list.clear();
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(copy.size(), 2U);
    EXPECT_EQ(copy[1], 2);
}

TEST(SharedList, SharesItsItemsWithCopies)
{
    SharedList<int> const list{1, 2};
    SharedList<int> const copy = list;

    EXPECT_EQ(list.items().data(), copy.items().data());
}
}  // namespace
}  // namespace sectile::core
