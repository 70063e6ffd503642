// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "sectile/core/box.hpp"
#include "sectile/image/bayer.hpp"
#include "sectile/image/image.hpp"

namespace sectile::compute
{
/// How a colour filter array becomes three planes. In all methods a masked (not finite) sample
/// contributes nothing, what lies outside the raw window counts as masked, and boxes are in
/// full-frame coordinates (they fix the phase of the pattern), so that a pixel is the same in every
/// window that holds margin_of(method) raw pixels around it or ends where the frame ends.
enum class DebayerMethod : std::uint8_t
{
    /// Each missing colour is the mean of the valid nearest pixels of that colour in the 3x3
    /// neighbourhood (2 or 4 of them; fewer at the frame's edge). NaN where the own sample is
    /// masked.
    bilinear,
    /// Variable number of gradients (Chang, Cheung and Pang, "Color filter array recovery using a
    /// threshold-based variable number of gradients", Proc. SPIE 3650, 1999): gradients g of the
    /// eight directions in the 5x5 neighbourhood; of the directions with
    /// g <= 1.5 min g + 0.5 (max g - min g) the mean colour differences are added to the own
    /// sample. Half the colour fringe of bilinear at edges for seven times its time. Not for
    /// photometry: the choice of directions is not linear, and without noise the flux of a star
    /// of FWHM 2.5 px comes out 6 % too large (FWHM 4 px: 4 %), that of the fainter colours of a
    /// coloured star up to 13 %; bilinear and superpixel conserve it.
    /// Masked samples: a gradient is scaled up from its valid terms, a mean is that of its valid
    /// samples, and a colour that no chosen direction knows is taken from `bilinear`. NaN where
    /// the own sample is masked.
    vng,
    /// Each 2x2 cell becomes one pixel of half size: no interpolation, greens averaged. Output
    /// boxes are in half-size pixels: cell (X,Y) is raw pixels 2X..2X+1, 2Y..2Y+1, so that raw
    /// position x (0-based, centres at whole numbers) lies at (x - 0.5) / 2. A colour without
    /// valid sample is NaN.
    superpixel,
};

/// Raw pixels needed on each side of those under the output.
[[nodiscard]] constexpr int margin_of(DebayerMethod method)
{
    switch (method) {
        case DebayerMethod::bilinear:
            return 1;
        case DebayerMethod::vng:
            return 2;
        case DebayerMethod::superpixel:
            break;
    }
    return 0;
}

/// The raw pixels that the output window `out` needs, margin included; not clipped to the frame.
[[nodiscard]] constexpr core::Box raw_box_of(DebayerMethod method, core::Box const& out)
{
    if (method == DebayerMethod::superpixel) {
        return {2 * out.x0, 2 * out.y0, 2 * out.x1, 2 * out.y1};
    }
    return out.grown_by(margin_of(method));
}

/// The output pixels of a frame of raw pixels: a half cell at the end gives no superpixel.
[[nodiscard]] constexpr core::Box debayered_box_of(DebayerMethod method, core::Box const& frame)
{
    if (method == DebayerMethod::superpixel) {
        // Shifts round down for cells left of or above the origin too.
        return {(frame.x0 + 1) >> 1, (frame.y0 + 1) >> 1, frame.x1 >> 1, frame.y1 >> 1};
    }
    return frame;
}

/// Fills the planes R, G, B of `out` from the one plane `raw`. The views must not overlap. Throws
/// core::InternalError for pattern none or a wrong number of planes. Thread-safe; threads are the
/// caller's (one window each).
void debayer(DebayerMethod method, image::BayerPattern pattern, image::ImageView<float const> raw,
             image::ImageView<float> out);

/// debayer() with DebayerMethod::bilinear.
void debayer_bilinear(image::BayerPattern pattern, image::ImageView<float const> raw,
                      image::ImageView<float> out);
}  // namespace sectile::compute
