// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sectile::app
{
/// Edit distance of two words (Levenshtein 1966): insertions, deletions and substitutions.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word of `known` nearest to `word`, the first of equals; empty when none is near enough to be
/// what was meant (more than a third of the letters differ).
[[nodiscard]] std::string nearest_word(std::string const& word,
                                       std::vector<std::string> const& known);
}  // namespace sectile::app
