// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sectile/core/box.hpp"
#include "sectile/image/image.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::engine
{
/// Pixels of a part of a source, all with the same box; weight, coverage and alpha (1 plane) may be
/// empty (1 everywhere).
struct SourcePixels
{
    image::Image<float> science;
    image::Image<float> weight;
    image::Image<float> coverage;
    image::Image<float> alpha;
};

/// An input of a coadd as the engine sees it: pixels on demand, nothing held.
class PixelSource
{
  public:
    virtual ~PixelSource() = default;
    [[nodiscard]] virtual core::Box bounds() const = 0;
    [[nodiscard]] virtual int planes() const = 0;
    /// Float planes held per source pixel by the result of read().
    [[nodiscard]] virtual int held_planes() const = 0;
    /// Whether read() gives a weight plane: then the noise of each pixel is known.
    [[nodiscard]] virtual bool has_weight() const { return false; }
    /// Float planes held beside the result while read() works: 1 for a mosaic that is debayered.
    [[nodiscard]] virtual int planes_while_reading() const = 0;
    /// Bytes held besides while read() works whatever the window: an unpacked .gz file.
    [[nodiscard]] virtual std::int64_t bytes_while_open() const = 0;
    /// Physical pixel values of `window`, NaN where masked and outside bounds(). Thread-safe: every
    /// call opens its own handle, so that open files stay few at any number of sources. Throws
    /// core::IoError.
    [[nodiscard]] virtual SourcePixels read(core::Box const& window) const = 0;
};

/// Bytes of the file behind a header that are in memory while it is open: all of a .gz file.
[[nodiscard]] std::int64_t bytes_while_open(sky::FrameHeader const& header);

/// A raw frame: stored planes, or a colour mosaic debayered to R, G, B on reading.
[[nodiscard]] std::shared_ptr<PixelSource const> make_frame_source(sky::FrameHeader header);

/// A master tile with its partner files (see tile_store.hpp); a missing partner means 1
/// everywhere.
[[nodiscard]] std::shared_ptr<PixelSource const> make_tile_source(sky::FrameHeader header);
}  // namespace sectile::engine
