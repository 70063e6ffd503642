// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/frame_tie.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/solve/star_match.hpp"
#include "sectile/solve/wcs_fit.hpp"

namespace sectile::pipeline
{
namespace
{
using solve::PlaneAffine;

constexpr double largest_rms = 1.0;  // pixels: more is no tie but a chance
constexpr std::size_t card_length = 80;

std::vector<solve::StarPosition> positions_of(std::vector<plan::FrameStar> const& stars)
{
    std::vector<solve::StarPosition> positions;
    positions.reserve(stars.size());
    for (plan::FrameStar const& star : stars) {
        double flux = 0.0;
        for (float const value : star.flux) {
            flux += std::isfinite(value) ? value : 0.0;
        }
        positions.push_back({star.x, star.y, flux});
    }
    return positions;
}

std::string_view keyword_of(std::string_view card)
{
    std::string_view keyword = card.substr(0, 8);
    return keyword.substr(0, keyword.find_last_not_of(' ') + 1);
}

bool is_sip_card(std::string_view keyword)
{
    for (std::string_view const start : {"A_", "B_", "AP_", "BP_"}) {
        if (keyword.starts_with(start) && keyword.size() > start.size()) {
            return true;
        }
    }
    return false;
}

/// Cards of a WCS with SIP taken apart.
struct SipCards
{
    std::string linear;  ///< without SIP, in CTYPE neither
    std::string sip;     ///< A_i_j, B_i_j; the inverse is left out
    double crpix_x = 0.0;
    double crpix_y = 0.0;
};

/// The value of a card that holds a number.
double number_in(std::string_view card)
{
    return std::strtod(std::string(card.substr(10)).c_str(), nullptr);
}

std::string with_type_suffix(std::string card, bool wanted)
{
    constexpr std::string_view suffix = "-SIP";
    std::size_t const at = card.find(suffix);
    if (!wanted && at != std::string::npos) {
        card.erase(at, suffix.size());
        card.resize(card_length, ' ');
    } else if (wanted && at == std::string::npos) {
        // After the projection code: CTYPE1  = 'RA---TAN'
        constexpr std::size_t code_end = 19;
        card.insert(code_end, suffix).resize(card_length);
    }
    return card;
}

SipCards split_sip(std::string const& cards)
{
    SipCards parts;
    for (std::size_t at = 0; at < cards.size(); at += card_length) {
        std::string card = cards.substr(at, card_length);
        std::string_view const keyword = keyword_of(card);
        if (is_sip_card(keyword)) {
            parts.sip += keyword.starts_with("A_") || keyword.starts_with("B_") ? card : "";
            continue;
        }
        if (keyword == "CRPIX1") {
            parts.crpix_x = number_in(card);
        } else if (keyword == "CRPIX2") {
            parts.crpix_y = number_in(card);
        }
        parts.linear += keyword == "CTYPE1" || keyword == "CTYPE2"
                            ? with_type_suffix(std::move(card), false)
                            : card;
    }
    return parts;
}

std::string joined_sip(std::string const& linear, std::string const& sip)
{
    std::string cards;
    for (std::size_t at = 0; at < linear.size(); at += card_length) {
        std::string card = linear.substr(at, card_length);
        std::string_view const keyword = keyword_of(card);
        if (keyword == "END") {
            continue;
        }
        cards += keyword == "CTYPE1" || keyword == "CTYPE2" ? with_type_suffix(card, true) : card;
    }
    return cards + sip;
}

/// The reference's WCS turned and scaled about its reference pixel as the frame is, with the
/// distortion at the same pixels: right but for a shift, which the fit finds. None where the
/// reference has no SIP, or the frame is no image of the same camera mode.
std::optional<sky::WcsDescription> with_fixed_distortion(sky::WcsDescription const& reference,
                                                         PlaneAffine const& map, int width,
                                                         int height)
{
    SipCards const parts = split_sip(reference.cards);
    if (parts.sip.empty() || reference.width != width || reference.height != height) {
        return std::nullopt;
    }
    sky::WcsDescription linear = reference;
    linear.cards = parts.linear;
    PlaneAffine turn = map;
    double const x = parts.crpix_x - 1.0;
    double const y = parts.crpix_y - 1.0;
    turn.x0 = x - turn.xx * x - turn.xy * y;
    turn.y0 = y - turn.yx * x - turn.yy * y;
    sky::WcsDescription result = solve::transferred_wcs(linear, turn, width, height);
    result.cards = joined_sip(result.cards, parts.sip);
    return result;
}

/// The fit that keeps the distortion with the pixels, where there is one that goes through the
/// stars.
std::optional<solve::WcsFit> fit_with_fixed_distortion(sky::WcsDescription const& reference,
                                                       PlaneAffine const& map, int width,
                                                       int height,
                                                       std::vector<solve::SkyMatch> const& matches)
{
    try {
        auto const start = with_fixed_distortion(reference, map, width, height);
        if (!start) {
            return std::nullopt;
        }
        solve::WcsFit fit = solve::fit_wcs(*start, matches);
        bool const is_good = fit.converged && fit.rms_pixels <= largest_rms;
        return is_good ? std::optional(std::move(fit)) : std::nullopt;
    } catch (core::InputError const&) {
        return std::nullopt;  // cards in an order or form of their own: the other way knows them
    }
}

solve::WcsFit fit_of(sky::WcsDescription const& reference, PlaneAffine const& map, int width,
                     int height, std::vector<solve::SkyMatch> const& matches)
{
    auto fixed = fit_with_fixed_distortion(reference, map, width, height, matches);
    return fixed ? std::move(*fixed)
                 : solve::fit_wcs(solve::transferred_wcs(reference, map, width, height), matches);
}

FrameTie refused(std::string reason)
{
    FrameTie tie;
    tie.reason = std::move(reason);
    return tie;
}
}  // namespace

FrameTie tie_frame(plan::FrameRecord const& frame, plan::FrameRecord const& reference,
                   sky::WcsLimits const& limits)
{
    auto const moving = positions_of(frame.stars);
    auto const fixed = positions_of(reference.stars);
    solve::StarMatch const match = solve::match_pattern(fixed, moving);
    if (!match.accepted) {
        return refused(match.reason);
    }
    try {
        sky::SkyWcs const reference_wcs(reference.header.wcs);
        std::vector<solve::SkyMatch> matches;
        for (auto const& [own, other] : match.pairs) {
            matches.push_back({{moving[own].x, moving[own].y},
                               reference_wcs.pixel_to_sky({fixed[other].x, fixed[other].y})});
        }
        solve::WcsFit fit = fit_of(reference.header.wcs, match.transform,
                                   static_cast<int>(frame.header.geometry.width),
                                   static_cast<int>(frame.header.geometry.height), matches);
        if (!fit.converged || fit.rms_pixels > largest_rms) {
            return refused("no WCS goes through the common stars");
        }
        if (auto const reason = sky::reason_unusable(sky::SkyWcs(fit.wcs), limits)) {
            return refused(*reason);
        }
        return {std::move(fit.wcs), {}, fit.used, fit.rms_pixels};
    } catch (core::InputError const& error) {
        return refused(error.what());
    }
}
}  // namespace sectile::pipeline
