// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "photometry/sky_cells.hpp"

namespace sectile::photometry
{
/// Partners of one source, offered in any order and many times. Of more than `most` the ones with
/// the smallest hash stay: a choice that is the same in any order and takes from every part of the
/// overlaps in proportion. Never holds more than about twice that.
class PartnerSet
{
  public:
    /// Partners of a source. More tie the graph tighter; each costs a fit and an entry of the
    /// normal equations.
    static constexpr std::size_t most = 32;

    explicit PartnerSet(std::size_t owner) : owner_(owner) {}

    void offer(std::size_t partner);
    /// Ascending, each once. Nothing is left.
    [[nodiscard]] std::vector<std::size_t> take();

  private:
    [[nodiscard]] std::uint64_t hash_of(std::size_t partner) const;
    void compact();

    std::uint64_t owner_;
    std::vector<std::pair<std::uint64_t, std::size_t>> entries_;
};

/// Who is compared with whom: to every source those with a higher index, ascending, that share
/// cells of its first plane with it and are 1 to 8, then 16, 32, 64 … places away in the list of
/// those that share a cell. That keeps the graph tightly connected with N log N pairs instead of N
/// squared. Holds one row of the lattice at a time. Pure.
[[nodiscard]] std::vector<std::vector<std::size_t>> candidate_partners(
    std::vector<SourceCells> const& all, CellLattice const& lattice);
}  // namespace sectile::photometry
