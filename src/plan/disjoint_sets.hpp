// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

namespace sectile::plan
{
/// Union-find (Tarjan 1975) whose representative is always the smallest member, so that the outcome
/// does not depend on the order of the unions.
class DisjointSets
{
  public:
    explicit DisjointSets(std::size_t count) : parent_(count)
    {
        std::iota(parent_.begin(), parent_.end(), std::size_t{0});
    }

    [[nodiscard]] std::size_t find(std::size_t item)
    {
        while (parent_[item] != item) {
            parent_[item] = parent_[parent_[item]];
            item = parent_[item];
        }
        return item;
    }

    void unite(std::size_t a, std::size_t b)
    {
        std::size_t const root_a = find(a);
        std::size_t const root_b = find(b);
        if (root_a < root_b) {
            parent_[root_b] = root_a;
        } else {
            parent_[root_a] = root_b;
        }
    }

  private:
    std::vector<std::size_t> parent_;
};
}  // namespace sectile::plan
