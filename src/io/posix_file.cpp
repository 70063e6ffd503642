// SPDX-License-Identifier: BSD-3-Clause
#include "io/posix_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/core/fault_injection.hpp"

namespace sectile::io
{
namespace
{
/// Linux transfers at most 2 GiB - 4 KiB in one call.
constexpr std::size_t largest_transfer = std::size_t{1} << 30;

[[noreturn]] void fail(std::string const& doing, std::string const& path, int error_number)
{
    std::string const problem = "cannot " + doing + " " + path;
    if (error_number == ENOSPC || error_number == EDQUOT) {
        throw core::DiskFull(
            core::sentence(problem, error_text(error_number), "free some space and run again"));
    }
    throw core::IoError(core::sentence(problem, error_text(error_number)));
}
}  // namespace

std::string error_text(int error_number)
{
    return std::generic_category().message(error_number);
}

PosixFile::PosixFile(int descriptor, std::string path)
    : descriptor_(descriptor), path_(std::move(path))
{}

PosixFile PosixFile::open_for_reading(std::string const& path)
{
    int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        fail("read", path, errno);
    }
    return {descriptor, path};
}

PosixFile PosixFile::create(std::string const& path)
{
    int const descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        fail("write", path, errno);
    }
    return {descriptor, path};
}

PosixFile::~PosixFile()
{
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

PosixFile::PosixFile(PosixFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_))
{}

PosixFile& PosixFile::operator=(PosixFile&& other) noexcept
{
    std::swap(descriptor_, other.descriptor_);
    std::swap(path_, other.path_);
    return *this;
}

std::int64_t PosixFile::size() const
{
    struct stat info = {};
    if (::fstat(descriptor_, &info) != 0) {
        fail("read", path_, errno);
    }
    return info.st_size;
}

void PosixFile::read_at(void* target, std::size_t count, std::int64_t offset) const
{
    auto* position = static_cast<char*>(target);
    while (count > 0) {
        ssize_t const done =
            ::pread(descriptor_, position, std::min(count, largest_transfer), offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            fail("read", path_, errno);
        }
        if (done == 0) {
            throw core::IoError(core::sentence("cannot read " + path_, "the file ends too early"));
        }
        position += done;
        offset += done;
        count -= static_cast<std::size_t>(done);
    }
}

void PosixFile::write_at(void const* source, std::size_t count, std::int64_t offset)
{
    auto const* position = static_cast<char const*>(source);
    if (core::must_fail(core::FaultPoint::write)) {
        fail("write", path_, ENOSPC);
    }
    while (count > 0) {
        ssize_t const done =
            ::pwrite(descriptor_, position, std::min(count, largest_transfer), offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            fail("write", path_, done < 0 ? errno : ENOSPC);
        }
        position += done;
        offset += done;
        count -= static_cast<std::size_t>(done);
    }
}

void PosixFile::set_size(std::int64_t size)
{
    if (::ftruncate(descriptor_, size) != 0) {
        fail("write", path_, errno);
    }
}

void PosixFile::close()
{
    int const descriptor = std::exchange(descriptor_, -1);
    if (descriptor >= 0 && ::close(descriptor) != 0 && errno != EINTR) {
        fail("write", path_, errno);
    }
}
}  // namespace sectile::io
