// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/core/error.hpp"

namespace sectile::core
{
std::string sentence(std::string_view problem, std::string_view why, std::string_view suggestion)
{
    std::string text(problem);
    if (!why.empty()) {
        text.append(" (").append(why).append(")");
    }
    if (!suggestion.empty()) {
        text.append("; ").append(suggestion);
    }
    return text;
}
}  // namespace sectile::core
