// SPDX-License-Identifier: BSD-3-Clause
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/plan/frame_verdict.hpp"

namespace
{
using namespace sectile;
using plan::VerdictCode;

TEST(FrameVerdict, CodeAloneDecidesWhetherAFrameIsUsed)
{
    EXPECT_TRUE(plan::FrameVerdict{}.accepted());
    EXPECT_TRUE((plan::FrameVerdict{VerdictCode::none, "no celestial WCS"}).accepted());
    EXPECT_FALSE((plan::FrameVerdict{VerdictCode::no_wcs, ""}).accepted());
}

TEST(FrameVerdict, EveryCodeHasANameOfItsOwn)
{
    constexpr int count = static_cast<int>(VerdictCode::untied) + 1;
    std::set<std::string> names;
    for (int code = 0; code < count; ++code) {
        names.insert(plan::name_of(static_cast<VerdictCode>(code)));
    }

    EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
    EXPECT_TRUE(names.contains("no_wcs"));
    EXPECT_THROW((void)plan::name_of(static_cast<VerdictCode>(count)), core::InternalError);
}
}  // namespace
