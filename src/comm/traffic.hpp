// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

namespace sectile::comm::detail
{
/// For traffic_so_far(). Any thread.
void count_sent(std::size_t bytes) noexcept;
void count_received(std::size_t bytes) noexcept;
}  // namespace sectile::comm::detail
