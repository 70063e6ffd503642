// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/compute/backend.hpp"
#include "sectile/core/error.hpp"

namespace sectile::compute
{
std::unique_ptr<Backend> make_cuda_backend(int device)
{
    throw core::DeviceError(
        core::sentence("CUDA device " + std::to_string(device) + " cannot be used",
                       "this build of sectile has no CUDA backend",
                       "use --use-gpu off, or build with SECTILE_CUDA=ON"));
}

int cuda_device_count() noexcept
{
    return 0;
}

std::string cuda_version_text()
{
    return "CUDA is not built in";
}
}  // namespace sectile::compute
