// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "sectile/core/box.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::io
{
/// Windowed access to a data-quality image: whole numbers with all their bits, which floats would
/// lose beyond the 24th. One object per thread.
class FlagReader
{
  public:
    /// Throws core::IoError when the image is not the one of `partner` any more, and for an image
    /// of more than one plane.
    explicit FlagReader(sky::FramePartner const& partner);
    ~FlagReader();
    FlagReader(FlagReader const&) = delete;
    FlagReader& operator=(FlagReader const&) = delete;

    /// Calls take(y, x0, flags) for the rows of the part of `window` that lies in the image, in
    /// order; the flags are those of pixels x0, x0 + 1, ... BLANK and NaN have all bits set.
    /// Holds half a mebibyte. Throws core::IoError.
    void read(
        core::Box const& window,
        std::function<void(std::int64_t, std::int64_t, std::span<std::int64_t const>)> const& take);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};
}  // namespace sectile::io
