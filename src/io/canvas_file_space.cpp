// SPDX-License-Identifier: BSD-3-Clause
#include "io/canvas_file_space.hpp"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

#include "sectile/core/error.hpp"

#include "io/posix_file.hpp"

namespace sectile::io
{
namespace
{
/// errno's value, or 0; ENOTSUP where the file system or the platform cannot set blocks aside.
int set_blocks_aside(int descriptor, std::int64_t bytes)
{
#ifdef __linux__
    // Not posix_fallocate: where the file system cannot, that one writes every block.
    while (::fallocate(descriptor, 0, 0, bytes) != 0) {
        if (errno != EINTR) {
            return errno == ENOSYS || errno == EOPNOTSUPP ? ENOTSUP : errno;
        }
    }
    return 0;
#else
    (void)descriptor;
    (void)bytes;
    return ENOTSUP;
#endif
}

int check_free_space(std::string const& path, int descriptor, std::int64_t bytes)
{
    std::error_code error;
    std::filesystem::space_info const space = std::filesystem::space(path, error);
    if (!error && space.available < static_cast<std::uintmax_t>(bytes)) {
        return ENOSPC;
    }
    return ::ftruncate(descriptor, bytes) == 0 ? 0 : errno;
}
}  // namespace

void reserve_space(std::string const& path, std::int64_t bytes)
{
    int const descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    int why = descriptor < 0 ? errno : set_blocks_aside(descriptor, bytes);
    if (descriptor >= 0 && why == ENOTSUP) {
        why = check_free_space(path, descriptor, bytes);
    }
    if (descriptor >= 0) {
        ::close(descriptor);
    }
    if (why != 0) {
        auto const megabytes =
            static_cast<std::int64_t>(std::ceil(static_cast<double>(bytes) / 1e6));
        throw core::IoError(
            core::sentence("cannot reserve " + std::to_string(megabytes) + " MB for " + path,
                           error_text(why), "free space or choose another output directory"));
    }
}
}  // namespace sectile::io
