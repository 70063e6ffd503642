// SPDX-License-Identifier: BSD-3-Clause
// Memory and CPU quota from /proc and the control groups, versions 2 and 1 (kernel documentation
// admin-guide/cgroup-v2.rst and admin-guide/cgroup-v1/), the process from /proc/self (proc(5)).
#include <algorithm>
#include <fstream>
#include <malloc.h>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "sectile/core/system.hpp"

namespace sectile::core
{
namespace
{
namespace fs = std::filesystem;

/// The number at the start of a file; none when it is missing or says "max".
std::optional<std::int64_t> read_number(fs::path const& file)
{
    std::ifstream stream(file);
    std::int64_t value = 0;
    return stream >> value ? std::optional(value) : std::nullopt;
}

/// The value after `key` in a file of "key value" lines; ':' after the key is dropped.
std::optional<std::int64_t> read_field(fs::path const& file, std::string const& key)
{
    std::ifstream stream(file);
    std::string line;
    while (std::getline(stream, line)) {
        std::istringstream words(line);
        std::string name;
        std::int64_t value = 0;
        if (words >> name >> value && (name == key || name == key + ":")) {
            return value;
        }
    }
    return std::nullopt;
}

/// Where one controller of this process lives: the mount point and the path below it.
struct GroupPlace
{
    fs::path mount;
    fs::path path;
    bool version2 = false;
};

/// /proc/self/cgroup: "0::/path" for version 2, "4:memory:/path" or "3:cpu,cpuacct:/path" for
/// version 1.
std::vector<GroupPlace> find_groups(fs::path const& root, std::string const& controller)
{
    std::vector<GroupPlace> places;
    std::ifstream stream(root / "proc/self/cgroup");
    std::string line;
    while (std::getline(stream, line)) {
        auto const first = line.find(':');
        auto const second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        std::string const controllers = line.substr(first + 1, second - first - 1);
        fs::path const path = fs::path(line.substr(second + 1)).relative_path();
        fs::path const base = root / "sys/fs/cgroup";
        if (controllers.empty()) {
            fs::path const unified = base / "unified";
            std::error_code missing;
            places.push_back({fs::exists(unified, missing) ? unified : base, path, true});
        } else if (("," + controllers + ",").find("," + controller + ",") != std::string::npos) {
            std::error_code missing;
            fs::path const joined = base / controllers;
            places.push_back(
                {fs::exists(joined, missing) ? joined : base / controller, path, false});
        }
    }
    return places;
}

/// The group and all its parents up to the mount point: each of them may limit. Inside a container
/// the path of the host is not visible, then only the mount point answers.
std::vector<fs::path> folders_of(GroupPlace const& place)
{
    std::vector<fs::path> folders{place.mount};
    fs::path folder = place.mount;
    for (auto const& part : place.path) {
        folder /= part;
        std::error_code missing;
        if (!fs::is_directory(folder, missing)) {
            break;
        }
        folders.push_back(folder);
    }
    return folders;
}

struct GroupMemory
{
    std::int64_t limit = 0;
    std::int64_t free = 0;
};

std::optional<GroupMemory> read_group_memory(fs::path const& folder, bool version2)
{
    auto const limit = read_number(folder / (version2 ? "memory.max" : "memory.limit_in_bytes"));
    auto const used = read_number(folder / (version2 ? "memory.current" : "memory.usage_in_bytes"));
    if (!limit || !used) {
        return std::nullopt;
    }
    std::int64_t const droppable =
        read_field(folder / "memory.stat", version2 ? "inactive_file" : "total_inactive_file")
            .value_or(0);
    std::int64_t const held = std::max<std::int64_t>(0, *used - droppable);
    return GroupMemory{*limit, std::max<std::int64_t>(0, *limit - held)};
}

std::optional<double> read_group_quota(fs::path const& folder, bool version2)
{
    if (version2) {
        std::ifstream stream(folder / "cpu.max");
        double quota = 0.0;
        double period = 0.0;
        return stream >> quota >> period && quota > 0.0 && period > 0.0
                   ? std::optional(quota / period)
                   : std::nullopt;
    }
    auto const quota = read_number(folder / "cpu.cfs_quota_us");
    auto const period = read_number(folder / "cpu.cfs_period_us");
    if (!quota || !period || *quota <= 0 || *period <= 0) {
        return std::nullopt;
    }
    return static_cast<double>(*quota) / static_cast<double>(*period);
}
constexpr std::int64_t kibibyte = 1024;

/// What `ulimit -v` leaves of the address space; none without a limit.
std::optional<std::int64_t> free_address_space(fs::path const& root)
{
    rlimit limit{};
    auto const used = read_field(root / "proc/self/status", "VmSize");
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || !used) {
        return std::nullopt;
    }
    return std::max<std::int64_t>(0, static_cast<std::int64_t>(limit.rlim_cur) - *used * kibibyte);
}

double seconds(timeval const& value)
{
    return static_cast<double>(value.tv_sec) + 1e-6 * static_cast<double>(value.tv_usec);
}
}  // namespace

NodeMemory read_node_memory(fs::path const& root)
{
    fs::path const meminfo = root / "proc/meminfo";
    NodeMemory memory;
    memory.total = read_field(meminfo, "MemTotal").value_or(0) * kibibyte;
    auto const available = read_field(meminfo, "MemAvailable");
    memory.available =
        (available ? *available : read_field(meminfo, "MemFree").value_or(0)) * kibibyte;
    for (GroupPlace const& place : find_groups(root, "memory")) {
        for (fs::path const& folder : folders_of(place)) {
            auto const group = read_group_memory(folder, place.version2);
            // Version 1 writes "no limit" as a number larger than any machine.
            if (!group || group->limit >= memory.total) {
                continue;
            }
            memory.cgroup_limit =
                std::min(memory.cgroup_limit.value_or(group->limit), group->limit);
            memory.available = std::min(memory.available, group->free);
        }
    }
    memory.available =
        std::min(memory.available, free_address_space(root).value_or(memory.available));
    return memory;
}

std::optional<double> read_cpu_quota(fs::path const& root)
{
    std::optional<double> tightest;
    for (GroupPlace const& place : find_groups(root, "cpu")) {
        for (fs::path const& folder : folders_of(place)) {
            if (auto const quota = read_group_quota(folder, place.version2)) {
                tightest = std::min(tightest.value_or(*quota), *quota);
            }
        }
    }
    return tightest;
}

ProcessUsage read_process_usage()
{
    ProcessUsage usage;
    rusage times{};
    getrusage(RUSAGE_SELF, &times);
    usage.cpu_time = seconds(times.ru_utime) + seconds(times.ru_stime);
    fs::path const self = "/proc/self";
    // ru_maxrss survives exec(), so a big launcher would be counted as ours: VmHWM first.
    usage.peak_resident = read_field(self / "status", "VmHWM").value_or(times.ru_maxrss) * kibibyte;
    usage.resident = read_field(self / "status", "VmRSS").value_or(0) * kibibyte;
    usage.bytes_read = read_field(self / "io", "rchar").value_or(0);
    usage.bytes_written = read_field(self / "io", "wchar").value_or(0);
    return usage;
}

bool reset_peak_resident()
{
    std::ofstream stream("/proc/self/clear_refs");
    stream << "5" << std::flush;
    return stream.good();
}

void tune_heap()
{
#ifdef __GLIBC__
    // glibc raises the threshold up to 32 MiB by itself when such blocks are freed, and the heap
    // then keeps what lies below the topmost block in use.
    // Windows of small frames count too: small results that stay between them would keep each one.
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    mallopt(M_ARENA_MAX, 4);
#endif
}

void trim_heap()
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
}  // namespace sectile::core
