// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sectile/core/box.hpp"
#include "sectile/image/image.hpp"
#include "sectile/sky/frame_header.hpp"
#include "sectile/source/frame_preparation.hpp"

namespace sectile::source
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
    /// Float planes held beside the result while read() works: 1 for a mosaic that is debayered,
    /// 4 for one that becomes superpixels.
    [[nodiscard]] virtual int planes_while_reading() const = 0;
    /// Source pixels by which those planes reach beyond the window on each side.
    [[nodiscard]] virtual int margin_while_reading() const = 0;
    /// Bytes of a pixel in the files that read() reads, all planes of all of them.
    [[nodiscard]] virtual std::int64_t stored_bytes() const
    {
        return held_planes() * static_cast<std::int64_t>(sizeof(float));
    }
    /// Bytes held besides while read() works whatever the window: an unpacked .gz file.
    [[nodiscard]] virtual std::int64_t bytes_while_open() const = 0;
    /// Physical pixel values of `window`, NaN where masked and outside bounds(). Thread-safe: every
    /// call opens its own handle, so that open files stay few at any number of sources. Throws
    /// core::IoError.
    [[nodiscard]] virtual SourcePixels read(core::Box const& window) const = 0;
    /// The science of read() alone, with the same NaN, for those who want nothing else.
    [[nodiscard]] virtual image::Image<float> read_science(core::Box const& window) const
    {
        return read(window).science;
    }
};

/// Bytes of the file behind a header that are in memory while it is open: all of a .gz file.
[[nodiscard]] std::int64_t bytes_while_open(sky::FrameHeader const& header);

/// A frame as the coadd wants it: stored planes, or the R, G, B of a colour mosaic, calibrated,
/// repaired and masked as `preparation` says, with the weight map that the header names. Every
/// pixel is the same in any window.
///
/// Weight: inverse variance of the calibrated values. A pixel without positive weight is NaN, like
/// one that is masked, before anything looks at its neighbours. Planes: those of the map; one for
/// the interpolated colours of a mosaic (the weight of the own sample), three for superpixels (that
/// of the mean of both greens).
///
/// The header of superpixels has the size after debayering (stored_width and stored_height are
/// set). Throws core::InternalError when that and `preparation` do not agree, or masters or
/// partners have not the shape of the frame.
[[nodiscard]] std::shared_ptr<PixelSource const> make_frame_source(
    sky::FrameHeader header, FramePreparation preparation = {});

/// The same before colours are made of it: the stored planes, in stored pixels. For measurements
/// of the sensor (noise, hot pixels).
[[nodiscard]] std::shared_ptr<PixelSource const> make_raw_source(sky::FrameHeader header,
                                                                 FramePreparation preparation);
}  // namespace sectile::source
