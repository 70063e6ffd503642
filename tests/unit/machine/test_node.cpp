// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <fstream>
#include <numeric>
#include <unistd.h>

#include <gtest/gtest.h>

#include "sectile/machine/node.hpp"

namespace sectile::machine
{
namespace
{
namespace fs = std::filesystem;

constexpr std::int64_t gibibyte = std::int64_t{1} << 30;

/// A file system with the files of the kernel, as a machine that does not exist would have them.
class FakeSystem : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        root_ = fs::temp_directory_path() / ("sectile_probe_test_" + std::to_string(::getpid()));
        fs::remove_all(root_);
        write("proc/meminfo",
              "MemTotal:       67108864 kB\nMemFree:         1048576 kB\n"
              "MemAvailable:   33554432 kB\n");
    }
    void TearDown() override { fs::remove_all(root_); }

    void write(std::string const& path, std::string const& text) const
    {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
    }

    fs::path root_;
};

#ifdef __linux__
TEST_F(FakeSystem, ReadsMemoryWithoutControlGroups)
{
    core::NodeMemory const memory = core::read_node_memory(root_);

    EXPECT_EQ(memory.total, 64 * gibibyte);
    EXPECT_EQ(memory.available, 32 * gibibyte);
    EXPECT_FALSE(memory.cgroup_limit.has_value());
    EXPECT_FALSE(core::read_cpu_quota(root_).has_value());
}

TEST_F(FakeSystem, HonoursTheTightestGroupOfVersion2)
{
    write("proc/self/cgroup", "0::/slurm/job_7/step_0\n");
    write("sys/fs/cgroup/slurm/memory.max", "max\n");
    write("sys/fs/cgroup/slurm/memory.current", "60000000000\n");
    write("sys/fs/cgroup/slurm/job_7/memory.max", std::to_string(8 * gibibyte) + "\n");
    write("sys/fs/cgroup/slurm/job_7/memory.current", std::to_string(5 * gibibyte) + "\n");
    write("sys/fs/cgroup/slurm/job_7/memory.stat",
          "anon 1\ninactive_file " + std::to_string(3 * gibibyte) + "\n");
    write("sys/fs/cgroup/slurm/job_7/cpu.max", "350000 100000\n");
    write("sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n");
    write("sys/fs/cgroup/slurm/job_7/step_0/cpu.max", "max 100000\n");

    core::NodeMemory const memory = core::read_node_memory(root_);

    EXPECT_EQ(memory.cgroup_limit, 8 * gibibyte);
    EXPECT_EQ(memory.available, 6 * gibibyte) << "page cache that can be dropped is not used up";
    EXPECT_EQ(core::read_cpu_quota(root_), 3.5);
}

TEST_F(FakeSystem, HonoursGroupsOfVersion1)
{
    write("proc/self/cgroup", "9:memory:/box\n4:cpu,cpuacct:/box\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n");
    write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", std::to_string(4 * gibibyte) + "\n");
    write("sys/fs/cgroup/memory/box/memory.usage_in_bytes", std::to_string(gibibyte) + "\n");
    write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "200000\n");
    write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");

    core::NodeMemory const memory = core::read_node_memory(root_);

    EXPECT_EQ(memory.cgroup_limit, 4 * gibibyte);
    EXPECT_EQ(memory.available, 3 * gibibyte);
    EXPECT_EQ(core::read_cpu_quota(root_), 2.0);
}

TEST_F(FakeSystem, InsideAContainerTheMountPointAnswers)
{
    write("proc/self/cgroup", "0::/docker/0123abcd\n");
    write("sys/fs/cgroup/memory.max", std::to_string(2 * gibibyte) + "\n");
    write("sys/fs/cgroup/memory.current", std::to_string(gibibyte / 2) + "\n");

    EXPECT_EQ(core::read_node_memory(root_).available, gibibyte * 3 / 2);
}

TEST_F(FakeSystem, AnOverdrawnGroupHasNothingLeft)
{
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/memory.max", "1000\n");
    write("sys/fs/cgroup/memory.current", "2000\n");

    EXPECT_EQ(core::read_node_memory(root_).available, 0);
}
#endif

TEST(NodeProbe, SharesProcessorsThatRanksHaveInCommon)
{
    std::vector<int> all(8);
    std::iota(all.begin(), all.end(), 0);

    EXPECT_EQ(share_cores({all}, {}), (std::vector<int>{8}));
    EXPECT_EQ(share_cores({all, all, all}, {}), (std::vector<int>{3, 3, 2}));
}

TEST(NodeProbe, LeavesBoundRanksTheirOwn)
{
    EXPECT_EQ(share_cores({{0, 1}, {2, 3}, {4}}, {}), (std::vector<int>{2, 2, 1}));
    EXPECT_EQ(share_cores({{0, 1, 2, 3}, {2, 3}}, {}), (std::vector<int>{2, 2}));
}

TEST(NodeProbe, GivesEveryRankACoreAndHonoursAQuota)
{
    EXPECT_EQ(share_cores({{0}, {0}, {0}}, {}), (std::vector<int>{1, 1, 1}));
    EXPECT_EQ(share_cores({{0, 1, 2, 3, 4, 5, 6, 7}}, 2.5), (std::vector<int>{2}));
    EXPECT_EQ(share_cores({{0, 1, 2, 3}, {4, 5, 6, 7}}, 4.0), (std::vector<int>{2, 2}));
    EXPECT_EQ(share_cores({{0, 1}}, 16.0), (std::vector<int>{2}));
}

TEST(NodeProbe, SeesThisMachine)
{
    NodeFacts const facts = read_node_facts();
    plan::Capabilities const capabilities = detect_capabilities({});

    EXPECT_GE(facts.cpus.size(), 1U);
    EXPECT_GE(facts.numa_nodes, 1);
    EXPECT_GT(facts.memory.total, 0);
    EXPECT_GT(capabilities.ram_available, 0);
    EXPECT_LE(capabilities.ram_available, capabilities.ram_total);
    EXPECT_GE(capabilities.cores, 1);
    EXPECT_LE(capabilities.cores, static_cast<int>(facts.cpus.size()));
    EXPECT_EQ(capabilities.ranks_on_node, 1);
    EXPECT_NE(describe_nodes({}).find("processors allowed"), std::string::npos);
}
}  // namespace
}  // namespace sectile::machine
