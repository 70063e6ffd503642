// SPDX-License-Identifier: BSD-3-Clause
#include "photometry/partner_graph.hpp"

#include <algorithm>
#include <optional>

#include "sectile/core/hash.hpp"

namespace sectile::photometry
{
namespace
{
/// Places in the list of those that share a cell at which all are compared; beyond, each is twice
/// as far as the one before.
constexpr std::size_t near_partners = 8;

/// Who shares the cells of one row of the lattice after the other, so that only a row is held.
class CellRowMembers
{
  public:
    CellRowMembers(std::vector<SourceCells> const& all, CellLattice const& lattice)
        : all_(all), lattice_(lattice), next_(all.size(), 0)
    {}

    /// (cell, source) of the next row that has any, ascending; empty after the last.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> const& next_row()
    {
        members_.clear();
        std::optional<std::uint32_t> row;
        for (std::size_t i = 0; i < all_.size(); ++i) {
            if (has_more(i)) {
                std::uint32_t const own = row_of(i);
                row = row ? std::min(*row, own) : own;
            }
        }
        for (std::size_t i = 0; row && i < all_.size(); ++i) {
            for (; has_more(i) && row_of(i) == *row; ++next_[i]) {
                members_.emplace_back(all_[i].front()[next_[i]].cell,
                                      static_cast<std::uint32_t>(i));
            }
        }
        std::ranges::sort(members_);
        return members_;
    }

  private:
    [[nodiscard]] bool has_more(std::size_t i) const
    {
        return !all_[i].empty() && next_[i] < all_[i].front().size();
    }
    [[nodiscard]] std::uint32_t row_of(std::size_t i) const
    {
        return all_[i].front()[next_[i]].cell / lattice_.columns;
    }

    std::vector<SourceCells> const& all_;
    CellLattice const& lattice_;
    std::vector<std::size_t> next_;  ///< of each source, the first cell not yet met
    std::vector<std::pair<std::uint32_t, std::uint32_t>> members_;
};
}  // namespace

void PartnerSet::offer(std::size_t partner)
{
    entries_.push_back({hash_of(partner), partner});
    if (entries_.size() >= 2 * most) {
        compact();
    }
}

std::vector<std::size_t> PartnerSet::take()
{
    compact();
    std::vector<std::size_t> partners;
    partners.reserve(entries_.size());
    for (auto const& [hash, partner] : entries_) {
        partners.push_back(partner);
    }
    std::ranges::sort(partners);
    entries_ = {};
    return partners;
}

std::uint64_t PartnerSet::hash_of(std::size_t partner) const
{
    core::ContentHash hash;
    hash.add(owner_).add(partner);
    return hash.value();
}

void PartnerSet::compact()
{
    std::ranges::sort(entries_);
    auto const repeated = std::ranges::unique(entries_);
    entries_.erase(repeated.begin(), repeated.end());
    entries_.resize(std::min(entries_.size(), most));
}

std::vector<std::vector<std::size_t>> candidate_partners(std::vector<SourceCells> const& all,
                                                         CellLattice const& lattice)
{
    std::vector<PartnerSet> sets;
    for (std::size_t i = 0; i < all.size(); ++i) {
        sets.emplace_back(i);
    }
    CellRowMembers rows(all, lattice);
    for (auto const* row = &rows.next_row(); !row->empty(); row = &rows.next_row()) {
        for (auto first = row->begin(); first != row->end();) {
            auto const last = std::find_if(first, row->end(), [&](auto const& member) {
                return member.first != first->first;
            });
            auto const count = static_cast<std::size_t>(last - first);
            for (std::size_t k = 0; k < count; ++k) {
                for (std::size_t gap = 1; k + gap < count;
                     gap = gap < near_partners ? gap + 1 : gap * 2) {
                    sets[first[static_cast<std::ptrdiff_t>(k)].second].offer(
                        first[static_cast<std::ptrdiff_t>(k + gap)].second);
                }
            }
            first = last;
        }
    }
    std::vector<std::vector<std::size_t>> partners;
    partners.reserve(sets.size());
    for (PartnerSet& set : sets) {
        partners.push_back(set.take());
    }
    return partners;
}
}  // namespace sectile::photometry
