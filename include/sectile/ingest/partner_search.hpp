// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Rules that say where the weight map or the mask of a frame is:
///   ".weight"     a file whose name has this behind the stem: a.fits -> a.weight.fits; a rule that
///                 ends as a FITS file does stands for the ending too (.weight.fits)
///   "_ooi=_oow"   a file in whose name the last "_ooi" has become "_oow"
///   "[DQ]"        the extension of that EXTNAME (any case) of the frame's own file
namespace sectile::ingest
{
/// Why the text is no such rule ("it must …"); empty when it is one, or empty.
[[nodiscard]] std::string reason_bad_partner_rule(std::string_view rule);

/// EXTNAME that a rule of that kind names; empty for the others.
[[nodiscard]] std::string extension_of_rule(std::string_view rule);

/// Names that the partner of the file `path` may have, the likeliest first: with the frame's own
/// ending, then without compression, then with .fz and .gz. Empty where the rule does not apply.
[[nodiscard]] std::vector<std::string> partner_paths(std::string const& path,
                                                     std::string_view rule);

/// The first of them that exists; empty when there is none.
[[nodiscard]] std::string existing_partner(std::string const& path, std::string_view rule);

/// `files` without those that are the partner of another file of the list by one of the rules; the
/// order is kept. The names left out are appended to `partners`.
[[nodiscard]] std::vector<std::string> without_partners(std::vector<std::string> files,
                                                        std::vector<std::string> const& rules,
                                                        std::vector<std::string>& partners);
}  // namespace sectile::ingest
