// SPDX-License-Identifier: BSD-3-Clause
#include "comm/verdict.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <utility>

namespace sectile::comm
{
namespace
{
/// How many messages are quoted. More than there are exit codes, so that each code has its quote.
constexpr std::size_t most_quoted = 6;

/// The ranks that say the same.
struct Quote
{
    core::ExitCode code = core::ExitCode::internal;
    std::string message;
    std::vector<int> ranks;
};

/// By exit code and first rank, except that the first of every code comes before all others.
std::vector<Quote> quotes_of(std::span<RankCause const> causes)
{
    std::vector<Quote> all;
    std::map<std::pair<core::ExitCode, std::string>, std::size_t> known;
    for (auto const& [rank, cause] : causes) {
        auto const [entry, is_new] = known.try_emplace({cause.code, cause.message}, all.size());
        if (is_new) {
            all.push_back({cause.code, cause.message, {}});
        }
        all[entry->second].ranks.push_back(rank);
    }
    std::ranges::stable_sort(all, {}, &Quote::code);
    std::vector<Quote> firsts;
    std::vector<Quote> others;
    for (Quote& quote : all) {
        bool const is_first = firsts.empty() || firsts.back().code != quote.code;
        (is_first ? firsts : others).push_back(std::move(quote));
    }
    std::ranges::move(others, std::back_inserter(firsts));
    return firsts;
}

/// The stage that all causes come from, or else the one that is agreed on.
std::string stage_of(std::span<RankCause const> causes, std::string const& outer)
{
    std::string const& first = causes.front().cause.stage;
    bool const is_common = std::ranges::all_of(
        causes, [&](RankCause const& each) { return each.cause.stage == first; });
    return is_common ? first : outer;
}

std::string remainder_text(std::vector<Quote> const& quotes)
{
    std::vector<int> ranks;
    for (std::size_t i = most_quoted; i < quotes.size(); ++i) {
        ranks.insert(ranks.end(), quotes[i].ranks.begin(), quotes[i].ranks.end());
    }
    std::ranges::sort(ranks);
    return " | and " + std::to_string(quotes.size() - most_quoted) + " more from " +
           rank_list(ranks);
}

std::string text_of(std::span<RankCause const> causes, std::vector<Quote> const& quotes,
                    std::string const& outer, int ranks)
{
    if (quotes.size() == 1 && causes.size() == static_cast<std::size_t>(ranks)) {
        return quotes.front().message;
    }
    std::string text = "stage '" + stage_of(causes, outer) + "' failed on ";
    if (quotes.size() > 1) {
        text += std::to_string(causes.size()) + " of " + std::to_string(ranks) + " ranks: ";
    }
    for (std::size_t i = 0; i < std::min(quotes.size(), most_quoted); ++i) {
        text += (i == 0 ? "" : " | ") + rank_list(quotes[i].ranks) + ": " + quotes[i].message;
    }
    return quotes.size() > most_quoted ? text + remainder_text(quotes) : text;
}
}  // namespace

Verdict verdict_on(std::span<RankCause const> causes, std::string const& stage, int ranks)
{
    std::vector<Quote> const quotes = quotes_of(causes);
    return {quotes.front().code, text_of(causes, quotes, stage, ranks)};
}

std::string rank_list(std::span<int const> ranks)
{
    constexpr int most_ranges = 12;
    std::string text = ranks.size() == 1 ? "rank " : "ranks ";
    int ranges = 0;
    for (std::size_t first = 0; first < ranks.size();) {
        if (ranges == most_ranges) {
            return text + " and " + std::to_string(ranks.size() - first) + " more";
        }
        std::size_t last = first;
        while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1) {
            ++last;
        }
        text += (ranges == 0 ? "" : ", ") + std::to_string(ranks[first]);
        if (last > first) {
            text += '-';
            text += std::to_string(ranks[last]);
        }
        first = last + 1;
        ++ranges;
    }
    return text;
}
}  // namespace sectile::comm
