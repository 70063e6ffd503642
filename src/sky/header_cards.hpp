// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sectile/sky/card_value.hpp"

namespace sectile::sky
{
/// The cards of a FITS header as fixed 80-character records, with the few queries that have to be
/// answered before WCSLIB sees them. Unprintable bytes become blanks; END is not among the cards.
class HeaderCards
{
  public:
    explicit HeaderCards(std::string_view text);

    /// Value of the last card of that name as written, without quotes and trailing blanks.
    [[nodiscard]] std::optional<std::string> text(std::string const& name) const;
    [[nodiscard]] std::optional<double> number(std::string const& name) const;
    [[nodiscard]] bool has(std::string const& name) const { return values_.contains(name); }
    /// All names that occur, sorted.
    [[nodiscard]] std::vector<std::string> names() const;
    /// The records, except those whose name `unwanted` accepts, followed by END.
    template <class Predicate>
    [[nodiscard]] std::string without(Predicate unwanted) const
    {
        std::string kept;
        kept.reserve((records_.size() + 1) * record_length);
        for (std::string const& record : records_) {
            if (!unwanted(card_name(record))) {
                kept += record;
            }
        }
        return kept.append("END").append(record_length - 3, ' ');
    }

  private:
    static constexpr std::size_t record_length = 80;

    std::vector<std::string> records_;
    std::map<std::string, std::string> values_;
};
}  // namespace sectile::sky
