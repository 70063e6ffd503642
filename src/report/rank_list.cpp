// SPDX-License-Identifier: BSD-3-Clause
#include "report/rank_list.hpp"

#include <cstddef>

namespace sectile::report
{
std::string rank_list(std::vector<int> const& ranks)
{
    constexpr std::size_t longest = 400;
    std::string text;
    for (std::size_t first = 0; first < ranks.size();) {
        if (text.size() > longest) {
            return text.append(" and ").append(std::to_string(ranks.size() - first)).append(" more");
        }
        std::size_t last = first;
        while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1) {
            ++last;
        }
        text.append(text.empty() ? "" : ",").append(std::to_string(ranks[first]));
        if (last > first) {
            text.append("-").append(std::to_string(ranks[last]));
        }
        first = last + 1;
    }
    return text;
}

std::string shortened(std::string_view text)
{
    constexpr std::size_t longest = 1000;
    std::string kept(text.substr(0, longest));
    return text.size() <= longest ? kept : kept.append(" ...");
}
}  // namespace sectile::report
