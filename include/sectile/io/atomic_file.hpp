// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sectile::io
{
/// Name under which `path` is written until it is complete: same folder, hidden, fixed suffix.
[[nodiscard]] std::string temporary_name(std::string const& path);

/// fsync of the finished temporary file, rename to `path`, fsync of the folder. Throws
/// core::IoError.
void publish_file(std::string const& path);

/// Writes a whole small text file atomically. Throws core::IoError.
void write_text_file(std::string const& path, std::string_view text);

/// Takes the next piece of a text.
using TextSink = std::function<void(std::string_view)>;
/// The same for a text that is made piece by piece, of which little is held. Throws what `write`
/// throws, too; there is no file then, or the one that was.
void write_text_file(std::string const& path, std::function<void(TextSink const&)> const& write);

/// Holds the output directory for this run: makes it when missing, checks that it is writable,
/// takes an advisory lock on <directory>/.sectile/lock (released by the kernel when the process
/// ends, however it ends). Throws core::IoError when it cannot be written or another run holds it.
/// Rank 0 only.
class OutputLock
{
  public:
    explicit OutputLock(std::string const& directory);
    ~OutputLock();
    OutputLock(OutputLock const&) = delete;
    OutputLock& operator=(OutputLock const&) = delete;

  private:
    int descriptor_ = -1;
};
}  // namespace sectile::io
