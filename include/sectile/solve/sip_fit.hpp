// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>

#include "sectile/sky/sky_wcs.hpp"
#include "sectile/solve/wcs_fit.hpp"

namespace sectile::solve
{
/// The cards of a WCS with SIP distortion taken apart.
struct SipCards
{
    std::string linear;    ///< without SIP, in CTYPE neither; NAXIS and the like stay
    std::string sip;       ///< A_ and B_ cards; the inverse (AP_, BP_) is dropped. Empty: no SIP
    sky::PixelPos origin;  ///< CRPIX, 0-based: where the polynomials begin
};
[[nodiscard]] SipCards split_sip(std::string const& cards);
/// Cards of a linear WCS with the SIP cards added, and -SIP to the CTYPEs.
[[nodiscard]] std::string joined_sip(std::string const& linear, std::string const& sip);

/// Fits the linear part and a SIP distortion of second order (Shupe et al. 2005, ASP Conf. 347,
/// 491) anew, so that pixel_to_sky goes through the matches: twelve parameters by weighted least
/// squares, those further off than four times the median distance left out in a second pass, and
/// fit_wcs() at the end. `start` gives the projection and must be right to a few pixels; its CRPIX
/// moves by as much as its linear part was wrong. Look-up tables are dropped.
///
/// Throws core::InputError as fit_wcs() does, and when the matches do not fix the parameters
/// (fewer than 12, or in too small a part of a line).
[[nodiscard]] WcsFit fit_sip(sky::WcsDescription const& start, std::span<SkyMatch const> matches);
}  // namespace sectile::solve
