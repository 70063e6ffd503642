// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace sectile::io
{
/// A nameless file for what does not fit into memory: it is gone when the object is, or the process
/// ends, however it ends. One thread writes, any number may read what was written.
class ScratchFile
{
  public:
    /// In an existing folder. Throws core::IoError.
    explicit ScratchFile(std::string const& folder);
    ~ScratchFile();
    ScratchFile(ScratchFile const&) = delete;
    ScratchFile& operator=(ScratchFile const&) = delete;

    /// Throws core::DiskFull, core::IoError.
    void append(std::span<std::byte const> bytes);
    /// Throws core::IoError, also when the file ends earlier.
    void read(std::int64_t offset, std::span<std::byte> bytes) const;
    [[nodiscard]] std::int64_t size() const;  ///< bytes appended so far

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};
}  // namespace sectile::io
