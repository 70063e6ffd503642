// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sectile/report/log_file.hpp"

namespace sectile::report
{
/// Lines of the log that are kept in memory, equal ones once. Not thread-safe.
class KeptLines
{
  public:
    /// Of `most_lines` different lines on, further ones are only counted.
    explicit KeptLines(std::size_t most_lines) : most_lines_(most_lines) {}

    /// `ranks`: who says it; empty: the whole run.
    void add(LoggedLine line);
    /// In order of first appearance.
    [[nodiscard]] std::vector<LoggedLine> const& lines() const { return lines_; }

    /// Everything but the ranks, as far as it fits into about `most_bytes`.
    [[nodiscard]] std::vector<std::byte> packed(std::size_t most_bytes) const;

  private:
    std::size_t most_lines_;
    std::vector<LoggedLine> lines_;
    std::map<std::pair<core::LogLevel, std::string>, std::size_t> index_;
    std::int64_t left_out_ = 0;
};

/// What packed() made, said by `rank`; what found no room is one more line.
[[nodiscard]] std::vector<LoggedLine> unpacked_lines(std::vector<std::byte> const& bytes, int rank);
}  // namespace sectile::report
