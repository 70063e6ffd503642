// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

struct wcsprm;

namespace sectile::sky
{
class HeaderCards;
class PixelDistortion;

/// Frees what WCSLIB allocated inside a wcsprm, and the wcsprm itself.
struct ReleaseWcs
{
    void operator()(wcsprm* wcs) const;
};
using OwnedWcs = std::unique_ptr<wcsprm, ReleaseWcs>;

/// The two celestial axes of a header alone, in the order in which they stand there, as WCSLIB's
/// wcsprm, set up for its transforms.
struct CelestialPair
{
    OwnedWcs wcs;
    std::string projection;  ///< its three letters, before WCSLIB replaces the names of old ones
};

/// Reads the cards, except those that `distortion` handles. Refuses what WCSLIB would pass over in
/// silence or crash on. Throws core::InputError with the reason. Thread-safe: holds the lock of
/// WCSLIB's parsers.
[[nodiscard]] CelestialPair read_celestial_pair(HeaderCards const& cards,
                                                PixelDistortion const& distortion);

/// A copy that is set up too. Thread-safe: holds the same lock.
[[nodiscard]] OwnedWcs copy_of(wcsprm const& wcs);

/// Throws core::InputError: the header holds no usable celestial WCS (why).
[[noreturn]] void refuse_wcs(std::string const& why);
}  // namespace sectile::sky
