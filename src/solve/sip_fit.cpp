// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/solve/sip_fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include <Eigen/Dense>

#include "sectile/core/error.hpp"
#include "sectile/core/robust.hpp"
#include "sectile/sky/card_value.hpp"

namespace sectile::solve
{
namespace
{
constexpr std::size_t card_length = 80;
constexpr Eigen::Index terms = 6;  // 1, u, v, u^2, uv, v^2

bool is_sip_card(std::string_view keyword)
{
    constexpr std::array<std::string_view, 4> starts = {"A_", "B_", "AP_", "BP_"};
    return std::ranges::any_of(starts,
                               [&](std::string_view start) { return keyword.starts_with(start); });
}

bool is_type(std::string_view keyword)
{
    return keyword == "CTYPE1" || keyword == "CTYPE2";
}

/// The value of a card that holds a number.
double number_in(std::string_view card)
{
    return sky::parse_card_number(sky::parse_card_text(card.substr(9))).value_or(0.0);
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

std::string card_of(char const* keyword, double value)
{
    std::array<char, card_length + 1> text = {};
    std::snprintf(text.data(), text.size(), "%-8s= %20.12E", keyword, value);
    std::string card = text.data();
    card.resize(card_length, ' ');
    return card;
}

/// q = c + M u + Q(u) by weighted least squares.
class QuadraticMap
{
  public:
    QuadraticMap(std::vector<sky::PixelPos> const& from, std::vector<sky::PixelPos> const& to,
                 std::vector<double> const& weight, double scale)
        : scale_(scale)
    {
        auto const count = static_cast<Eigen::Index>(from.size());
        Eigen::MatrixXd left(count, terms);
        Eigen::MatrixXd right(count, 2);
        for (Eigen::Index i = 0; i < count; ++i) {
            auto const k = static_cast<std::size_t>(i);
            double const root = std::sqrt(weight[k]);
            left.row(i) = root * row(from[k]);
            right(i, 0) = root * to[k].x;
            right(i, 1) = root * to[k].y;
        }
        Eigen::ColPivHouseholderQR<Eigen::MatrixXd> solver(left);
        solver.setThreshold(1e-6);
        if (count < 2 * terms || solver.rank() < terms) {
            throw core::InputError("the matches do not fix a distortion");
        }
        coefficients_ = solver.solve(right);
    }

    [[nodiscard]] sky::PixelPos at(sky::PixelPos const& p) const
    {
        Eigen::RowVector2d const value = row(p) * coefficients_;
        return {value(0), value(1)};
    }
    [[nodiscard]] Eigen::Vector2d shift() const { return coefficients_.row(0).transpose(); }
    /// d(q) / d(u)
    [[nodiscard]] Eigen::Matrix2d linear() const
    {
        return coefficients_.middleRows(1, 2).transpose() / scale_;
    }
    /// Columns: u^2, uv, v^2.
    [[nodiscard]] Eigen::Matrix<double, 2, 3> quadratic() const
    {
        return coefficients_.bottomRows(3).transpose() / (scale_ * scale_);
    }

  private:
    [[nodiscard]] Eigen::RowVectorXd row(sky::PixelPos const& p) const
    {
        double const u = p.x / scale_;
        double const v = p.y / scale_;
        Eigen::RowVectorXd values(terms);
        values << 1.0, u, v, u * u, u * v, v * v;
        return values;
    }

    double scale_;  ///< pixels; keeps the columns of one size
    Eigen::MatrixXd coefficients_;
};

/// Places of the matches relative to the origin, with and without distortion.
struct Places
{
    std::vector<sky::PixelPos> from;
    std::vector<sky::PixelPos> to;
    std::vector<double> weight;
};

Places places_of(sky::SkyWcs const& linear, sky::PixelPos const& origin,
                 std::span<SkyMatch const> matches)
{
    Places places;
    for (SkyMatch const& match : matches) {
        sky::PixelPos const straight = linear.sky_to_pixel(match.sky);
        if (std::isfinite(straight.x) && std::isfinite(straight.y) &&
            std::isfinite(match.pixel.x) && std::isfinite(match.pixel.y) && match.weight > 0.0) {
            places.from.push_back({match.pixel.x - origin.x, match.pixel.y - origin.y});
            places.to.push_back({straight.x - origin.x, straight.y - origin.y});
            places.weight.push_back(match.weight);
        }
    }
    return places;
}

QuadraticMap robust_map(Places places, double scale)
{
    constexpr double limit = 4.0;
    QuadraticMap const first(places.from, places.to, places.weight, scale);
    std::vector<double> apart;
    for (std::size_t i = 0; i < places.from.size(); ++i) {
        sky::PixelPos const p = first.at(places.from[i]);
        apart.push_back(std::hypot(p.x - places.to[i].x, p.y - places.to[i].y));
    }
    std::vector<double> sorted = apart;
    double const scatter = core::median_in_place(sorted);
    Places kept;
    for (std::size_t i = 0; i < apart.size(); ++i) {
        if (apart[i] <= limit * scatter) {
            kept.from.push_back(places.from[i]);
            kept.to.push_back(places.to[i]);
            kept.weight.push_back(places.weight[i]);
        }
    }
    return {kept.from, kept.to, kept.weight, scale};
}

std::string sip_cards(Eigen::Matrix<double, 2, 3> const& pixels)
{
    return card_of("A_ORDER", 2).replace(10, 20, "                   2") +
           card_of("A_2_0", pixels(0, 0)) + card_of("A_1_1", pixels(0, 1)) +
           card_of("A_0_2", pixels(0, 2)) +
           card_of("B_ORDER", 2).replace(10, 20, "                   2") +
           card_of("B_2_0", pixels(1, 0)) + card_of("B_1_1", pixels(1, 1)) +
           card_of("B_0_2", pixels(1, 2));
}
}  // namespace

SipCards split_sip(std::string const& cards)
{
    SipCards parts;
    for (std::size_t at = 0; at < cards.size(); at += card_length) {
        std::string card = cards.substr(at, card_length);
        std::string_view const keyword = sky::card_name(card);
        if (is_sip_card(keyword)) {
            parts.sip += keyword.starts_with("A_") || keyword.starts_with("B_") ? card : "";
            continue;
        }
        if (keyword == "CRPIX1") {
            parts.origin.x = number_in(card) - 1.0;
        } else if (keyword == "CRPIX2") {
            parts.origin.y = number_in(card) - 1.0;
        }
        parts.linear += is_type(keyword) ? with_type_suffix(card, false) : card;
    }
    return parts;
}

std::string joined_sip(std::string const& linear, std::string const& sip)
{
    std::string cards;
    for (std::size_t at = 0; at < linear.size(); at += card_length) {
        std::string const card = linear.substr(at, card_length);
        std::string_view const keyword = sky::card_name(card);
        if (keyword != "END") {
            cards += is_type(keyword) ? with_type_suffix(card, true) : card;
        }
    }
    return cards + sip;
}

WcsFit fit_sip(sky::WcsDescription const& start, std::span<SkyMatch const> matches)
{
    SipCards const parts = split_sip(start.cards);
    sky::WcsDescription linear{parts.linear, {}, {}, start.width, start.height};
    double const scale = static_cast<double>(std::max(start.width, start.height)) / 2.0;
    QuadraticMap const map =
        robust_map(places_of(sky::SkyWcs(linear), parts.origin, matches), scale);

    // In terms of the linear WCS: the pixel goes to origin + c + M (u + M^-1 Q(u)).
    Eigen::Matrix2d const matrix = map.linear();
    Eigen::Vector2d const origin(parts.origin.x, parts.origin.y);
    Eigen::Vector2d const shift = map.shift() + origin - matrix * origin;
    PlaneAffine const affine{matrix(0, 0), matrix(0, 1), shift(0),
                             matrix(1, 0), matrix(1, 1), shift(1)};
    sky::WcsDescription result = transferred_wcs(linear, affine, static_cast<int>(start.width),
                                                 static_cast<int>(start.height));
    result.cards = joined_sip(result.cards, sip_cards(matrix.inverse() * map.quadratic()));
    return fit_wcs(result, matches);
}
}  // namespace sectile::solve
