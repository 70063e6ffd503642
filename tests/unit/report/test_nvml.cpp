// SPDX-License-Identifier: BSD-3-Clause
#include <cstdint>
#include <cstdlib>

#include <gtest/gtest.h>

#include "report/nvml.hpp"

namespace sectile::report
{
namespace
{
constexpr std::int64_t gibi = std::int64_t{1} << 30U;

class NvmlTest : public ::testing::Test
{
  protected:
    void SetUp() override { unsetenv("CUDA_VISIBLE_DEVICES"); }
    void TearDown() override { unsetenv("CUDA_VISIBLE_DEVICES"); }

    /// Bytes used on the device that is chosen, -1 without one.
    static std::int64_t used(std::string const& device = {})
    {
        auto const nvml = Nvml::open(device, SECTILE_FAKE_NVML);
        return nvml ? nvml->sample().vram_used.value_or(-2) : -1;
    }
};

TEST_F(NvmlTest, WithoutTheLibraryThereIsNone)
{
    EXPECT_FALSE(Nvml::open("", "libsectile-no-such-library.so.1"));
}

TEST_F(NvmlTest, DeviceIsTheOneAskedForOrTheFirstVisible)
{
    EXPECT_EQ(used(), 0);
    EXPECT_EQ(used("0000:65:00.0"), gibi);
    EXPECT_EQ(used("0000:99:00.0"), -1);
    setenv("CUDA_VISIBLE_DEVICES", "1,0", 1);
    EXPECT_EQ(used(), gibi);
    setenv("CUDA_VISIBLE_DEVICES", "MIG-2", 1);
    EXPECT_EQ(used(), 2 * gibi);
    for (char const* none : {"", "-1", "9", "NoDevFiles"}) {
        setenv("CUDA_VISIBLE_DEVICES", none, 1);
        EXPECT_EQ(used(), -1) << none;
    }
}

TEST_F(NvmlTest, SampleHoldsWhatTheDeviceTells)
{
    auto const whole = Nvml::open("0000:65:00.0", SECTILE_FAKE_NVML);
    setenv("CUDA_VISIBLE_DEVICES", "MIG-2", 1);
    auto const slice = Nvml::open("", SECTILE_FAKE_NVML);

    ASSERT_TRUE(whole && slice);
    EXPECT_DOUBLE_EQ(whole->sample().utilisation.value_or(-1.0), 0.1);
    EXPECT_FALSE(slice->sample().utilisation);
    EXPECT_TRUE(slice->sample().vram_used);
}
}  // namespace
}  // namespace sectile::report
