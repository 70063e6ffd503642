// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "sectile/sky/sky_wcs.hpp"

#include "sky/pair.hpp"

namespace sectile::sky
{
class HeaderCards;

/// One polynomial of the Simple Imaging Polynomial convention (Shupe et al. 2005, ADASS XIV):
/// sum of c_pq u^p v^q for p + q <= order.
struct SipPolynomial
{
    int order = 0;
    std::vector<double> coefficients;  ///< c_pq at [p * (order + 1) + q]

    [[nodiscard]] double at(double u, double v) const;
};

/// Distortions that act on pixels before the linear transformation, applied as astropy does: the
/// detector look-up (D2IM) first; then the SIP and the pixel look-up (CPDIS) corrections, both
/// evaluated at the D2IM-corrected pixel and added. Pixels here are 1-based as in the header.
class PixelDistortion
{
  public:
    /// Throws core::InputError when a polynomial is malformed or a look-up table of the header is
    /// missing from the description.
    PixelDistortion(HeaderCards const& cards, WcsDescription const& description);

    [[nodiscard]] bool empty() const
    {
        return !sip_ && detector_lookup_.empty() && pixel_lookup_.empty();
    }
    [[nodiscard]] bool has_sip() const { return sip_.has_value(); }
    [[nodiscard]] Pair forward(Pair const& pixel) const;

    /// True for the cards that this class handles and WCSLIB must not see.
    [[nodiscard]] bool handles(std::string_view card_name) const;

  private:
    struct Sip
    {
        Pair origin{};  ///< CRPIX
        SipPolynomial x;
        SipPolynomial y;
    };

    std::optional<Sip> sip_;
    core::SharedList<LookupTable> detector_lookup_;
    core::SharedList<LookupTable> pixel_lookup_;
    std::array<bool, 2> lookup_axis_{};  ///< CPDISn = 'Lookup'
};
}  // namespace sectile::sky
