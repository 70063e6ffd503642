// SPDX-License-Identifier: BSD-3-Clause
// Stands in for libnvidia-ml.so.1 with three devices, signatures in the layout of the NVML
// interface: device i is i * 10 % busy and uses i GiB; device 2, like a MIG slice, does not tell
// how busy it is.
#include <cstring>

namespace
{
int devices[3] = {0, 1, 2};
constexpr int success = 0;
constexpr int not_supported = 3;
constexpr int not_found = 6;

int select(int index, void** device)
{
    *device = &devices[index];
    return success;
}
}  // namespace

extern "C" {
struct Utilization
{
    unsigned int gpu, memory;
};
struct Memory
{
    unsigned long long total, free, used;
};

int nvmlInit_v2()
{
    return success;
}
int nvmlShutdown()
{
    return success;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** device)
{
    return index < 3 ? select(static_cast<int>(index), device) : not_found;
}
int nvmlDeviceGetHandleByUUID(char const* uuid, void** device)
{
    return std::strcmp(uuid, "MIG-2") == 0 ? select(2, device) : not_found;
}
int nvmlDeviceGetHandleByPciBusId_v2(char const* bus, void** device)
{
    return std::strcmp(bus, "0000:65:00.0") == 0 ? select(1, device) : not_found;
}
int nvmlDeviceGetUtilizationRates(void* device, Utilization* rates)
{
    int const index = *static_cast<int*>(device);
    *rates = {static_cast<unsigned int>(index) * 10U, 99U};
    return index == 2 ? not_supported : success;
}
int nvmlDeviceGetMemoryInfo(void* device, Memory* memory)
{
    *memory = {80ULL << 30U, 7, static_cast<unsigned long long>(*static_cast<int*>(device)) << 30U};
    return success;
}
}
