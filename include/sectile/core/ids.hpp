// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace sectile::core
{
/// A number that names one kind of thing and cannot be mistaken for another.
template <class Tag>
struct Id
{
    std::uint32_t value = 0;
    friend constexpr auto operator<=>(Id const&, Id const&) = default;
};

using FrameId = Id<struct FrameTag>;    ///< position in the sorted list of image HDUs of the input
using GroupId = Id<struct GroupTag>;    ///< position in the list of groups
using SourceId = Id<struct SourceTag>;  ///< input of one coadd; samples are combined in this order
}  // namespace sectile::core

template <class Tag>
struct std::hash<sectile::core::Id<Tag>>
{
    std::size_t operator()(sectile::core::Id<Tag> const& id) const noexcept { return id.value; }
};
