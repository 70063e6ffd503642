// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace sectile::io
{
/// Makes sure that `path` (an existing file) can be written up to `bytes` and makes it that long;
/// the new part reads as zeros. Where the file system can, the blocks are set aside; elsewhere the
/// free space is looked at. Collective writes must not meet a full disk: MPI libraries are known to
/// wait for ever when one of several writers fails (Open MPI 4.1's ompio). Throws core::IoError.
void reserve_space(std::string const& path, std::int64_t bytes);
}  // namespace sectile::io
