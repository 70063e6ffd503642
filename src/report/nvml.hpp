// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sectile::report
{
/// What NVIDIA's management library says about one device; none where the device does not say
/// (utilisation of a MIG slice, for one).
struct GpuSample
{
    std::optional<double> utilisation;      ///< 0..1, share of time with a kernel running
    std::optional<std::int64_t> vram_used;  ///< bytes, of all processes
};

/// The management library, looked for at run time: no driver is needed to build or to start.
/// Nothing here throws but for want of memory. Thread-safe, as the library is.
class Nvml
{
  public:
    /// `device`: PCI bus id; empty: the first that CUDA_VISIBLE_DEVICES names, or device 0. None
    /// without library, driver or device.
    [[nodiscard]] static std::optional<Nvml> open(std::string const& device,
                                                  char const* library = "libnvidia-ml.so.1");
    Nvml(Nvml&&) noexcept;
    Nvml& operator=(Nvml&&) noexcept;
    ~Nvml();

    [[nodiscard]] GpuSample sample() const noexcept;

  private:
    struct Library;
    explicit Nvml(std::unique_ptr<Library> library) noexcept;
    std::unique_ptr<Library> library_;
};
}  // namespace sectile::report
