// SPDX-License-Identifier: BSD-3-Clause
// The few calls of the NVML API that we need; its binary interface is kept
// stable by versioned names, so the structs are repeated here instead of requiring the header.
#include "nvml.hpp"

#include <charconv>
#include <cstdlib>
#include <dlfcn.h>
#include <string_view>
#include <utility>

namespace sectile::report
{
namespace
{
using Device = void*;

struct UtilizationRates  // nvmlUtilization_t, percent
{
    unsigned int gpu;
    unsigned int memory;
};

struct MemoryInfo  // nvmlMemory_t, bytes
{
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
};

constexpr int success = 0;

template <class Function>
bool find(void* library, char const* name, Function*& function)
{
    function = reinterpret_cast<Function*>(dlsym(library, name));
    return function != nullptr;
}
}  // namespace

struct Nvml::Library
{
    Library() = default;
    Library(Library const&) = delete;
    Library& operator=(Library const&) = delete;
    ~Library()
    {
        if (initialised) {
            shutdown();
        }
        if (handle != nullptr) {
            dlclose(handle);
        }
    }

    bool load(char const* name)
    {
        handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr || !find(handle, "nvmlInit_v2", init) ||
            !find(handle, "nvmlShutdown", shutdown) ||
            !find(handle, "nvmlDeviceGetHandleByIndex_v2", by_index) ||
            !find(handle, "nvmlDeviceGetHandleByUUID", by_uuid) ||
            !find(handle, "nvmlDeviceGetHandleByPciBusId_v2", by_bus) ||
            !find(handle, "nvmlDeviceGetUtilizationRates", utilisation) ||
            !find(handle, "nvmlDeviceGetMemoryInfo", memory)) {
            return false;
        }
        initialised = init() == success;
        return initialised;
    }

    bool select(std::string const& bus_id)
    {
        if (!bus_id.empty()) {
            return by_bus(bus_id.c_str(), &device) == success;
        }
        char const* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
        if (visible == nullptr) {
            return by_index(0, &device) == success;
        }
        std::string_view const list(visible);
        std::string const first(list.substr(0, list.find(',')));
        unsigned int index = 0;
        auto const [end, problem] =
            std::from_chars(first.data(), first.data() + first.size(), index);
        if (problem == std::errc{} && end == first.data() + first.size()) {
            return by_index(index, &device) == success;
        }
        // What is left is an identifier, or a way to say "no device": "", "-1", "none".
        return by_uuid(first.c_str(), &device) == success;
    }

    void* handle = nullptr;
    bool initialised = false;
    Device device = nullptr;
    int (*init)() = nullptr;
    int (*shutdown)() = nullptr;
    int (*by_index)(unsigned int, Device*) = nullptr;
    int (*by_uuid)(char const*, Device*) = nullptr;
    int (*by_bus)(char const*, Device*) = nullptr;
    int (*utilisation)(Device, UtilizationRates*) = nullptr;
    int (*memory)(Device, MemoryInfo*) = nullptr;
};

Nvml::Nvml(std::unique_ptr<Library> library) noexcept : library_(std::move(library)) {}
Nvml::Nvml(Nvml&&) noexcept = default;
Nvml& Nvml::operator=(Nvml&&) noexcept = default;
Nvml::~Nvml() = default;

std::optional<Nvml> Nvml::open(std::string const& device, char const* library)
{
    auto loaded = std::make_unique<Library>();
    if (!loaded->load(library) || !loaded->select(device)) {
        return std::nullopt;
    }
    return Nvml(std::move(loaded));
}

GpuSample Nvml::sample() const noexcept
{
    GpuSample sample;
    UtilizationRates rates{};
    if (library_->utilisation(library_->device, &rates) == success) {
        sample.utilisation = rates.gpu / 100.0;
    }
    MemoryInfo memory{};
    if (library_->memory(library_->device, &memory) == success) {
        sample.vram_used = static_cast<std::int64_t>(memory.used);
    }
    return sample;
}
}  // namespace sectile::report
