// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>

#include <gtest/gtest.h>

/// A run in which no test was selected is a failure: it would prove nothing.
int main(int argc, char** argv)
{
    ::testing::InitGoogleTest(&argc, argv);
    int const result = RUN_ALL_TESTS();
    if (::testing::UnitTest::GetInstance()->test_to_run_count() == 0) {
        std::fprintf(stderr, "no test was run\n");
        return 1;
    }
    return result;
}
