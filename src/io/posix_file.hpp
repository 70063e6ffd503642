// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sectile::io
{
/// Move-only owner of a POSIX file descriptor with transfers that finish or throw core::IoError
/// naming the file. pread/pwrite: no shared file position, so several windows may be read from one
/// object in turn.
class PosixFile
{
  public:
    PosixFile() = default;
    /// Throws core::IoError when the file cannot be opened.
    [[nodiscard]] static PosixFile open_for_reading(std::string const& path);
    /// Makes or empties the file. Throws core::IoError.
    [[nodiscard]] static PosixFile create(std::string const& path);
    ~PosixFile();
    PosixFile(PosixFile&& other) noexcept;
    PosixFile& operator=(PosixFile&& other) noexcept;
    PosixFile(PosixFile const&) = delete;
    PosixFile& operator=(PosixFile const&) = delete;

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] std::int64_t size() const;
    /// Throws also when the file ends before `count` bytes.
    void read_at(void* target, std::size_t count, std::int64_t offset) const;
    void write_at(void const* source, std::size_t count, std::int64_t offset);
    void set_size(std::int64_t size);
    void close();  ///< reports what the kernel reports late, unlike the destructor

  private:
    PosixFile(int descriptor, std::string path);

    int descriptor_ = -1;
    std::string path_;
};

/// Text of an errno value; thread-safe.
[[nodiscard]] std::string error_text(int error_number);
}  // namespace sectile::io
