// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/scratch_file.hpp"

#include <atomic>
#include <cstdio>
#include <unistd.h>

#include "io/posix_file.hpp"

namespace sectile::io
{
struct ScratchFile::Impl
{
    PosixFile file;
    std::int64_t size = 0;
};

ScratchFile::ScratchFile(std::string const& folder) : impl_(std::make_unique<Impl>())
{
    static std::atomic<int> made = 0;
    std::string const path =
        folder + "/.stack_" + std::to_string(::getpid()) + "_" + std::to_string(made++);
    impl_->file = PosixFile::create(path);
    // The name goes at once; the kernel keeps the content until the descriptor is closed.
    std::remove(path.c_str());
}

ScratchFile::~ScratchFile() = default;

void ScratchFile::append(std::span<std::byte const> bytes)
{
    impl_->file.write_at(bytes.data(), bytes.size(), impl_->size);
    impl_->size += static_cast<std::int64_t>(bytes.size());
}

void ScratchFile::read(std::int64_t offset, std::span<std::byte> bytes) const
{
    impl_->file.read_at(bytes.data(), bytes.size(), offset);
}

std::int64_t ScratchFile::size() const
{
    return impl_->size;
}
}  // namespace sectile::io
