// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "sectile/core/error.hpp"
#include "sectile/solve/wcs_fit.hpp"

#include "solve/wcs_cards.hpp"

namespace sectile::solve
{
namespace
{
constexpr int highest_order = 20;

/// sum of c_pq u^p v^q, p + q <= order, at [p][q].
using Polynomial = std::vector<std::vector<double>>;

Polynomial empty_polynomial(int order)
{
    auto const n = static_cast<std::size_t>(order) + 1;
    return Polynomial(n, std::vector<double>(n, 0.0));
}

/// Coefficients of (a x + b y)^n: x^k y^(n-k) at [k].
std::vector<double> power_of_line(double a, double b, std::size_t n)
{
    std::vector<double> power{1.0};
    for (std::size_t i = 0; i < n; ++i) {
        std::vector<double> next(power.size() + 1, 0.0);
        for (std::size_t k = 0; k < power.size(); ++k) {
            next[k + 1] += a * power[k];
            next[k] += b * power[k];
        }
        power = std::move(next);
    }
    return power;
}

/// The polynomial in (x, y) that p(u, v) is, u and v being linear in x and y: same order, exact.
Polynomial substituted(Polynomial const& p, PlaneAffine const& map)
{
    Polynomial result(p.size(), std::vector<double>(p.size(), 0.0));
    for (std::size_t i = 0; i < p.size(); ++i) {
        for (std::size_t j = 0; i + j < p.size(); ++j) {
            if (p[i][j] == 0.0) {
                continue;
            }
            std::vector<double> const u = power_of_line(map.xx, map.xy, i);
            std::vector<double> const v = power_of_line(map.yx, map.yy, j);
            for (std::size_t k = 0; k <= i; ++k) {
                for (std::size_t l = 0; l <= j; ++l) {
                    result[k + l][i + j - k - l] += p[i][j] * u[k] * v[l];
                }
            }
        }
    }
    return result;
}

std::string sip_name(char letter, std::size_t i, std::size_t j)
{
    return letter + std::string("_") + std::to_string(i) + "_" + std::to_string(j);
}

Polynomial read_sip(CardList const& cards, char letter, int order)
{
    Polynomial p = empty_polynomial(order);
    auto const own = cards.number(letter + std::string("_ORDER")).value_or(0.0);
    for (std::size_t i = 0; i < p.size(); ++i) {
        for (std::size_t j = 0; static_cast<double>(i + j) <= own; ++j) {
            p[i][j] = cards.number(sip_name(letter, i, j)).value_or(0.0);
        }
    }
    return p;
}

bool is_sip_card(std::string_view name)
{
    std::size_t const bar = name.find('_');
    if (bar == std::string_view::npos) {
        return false;
    }
    std::string_view const letter = name.substr(0, bar);
    std::string_view const rest = name.substr(bar + 1);
    return (letter == "A" || letter == "B" || letter == "AP" || letter == "BP") &&
           (rest == "ORDER" || rest == "DMAX" ||
            (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front())) != 0));
}

/// With u = L x the corrected pixel L^-1 (u + f(u)) is x + g(x), g = L^-1 f(L x).
void transfer_sip(CardList& cards, PlaneAffine const& map)
{
    double const orders =
        std::max(cards.number("A_ORDER").value_or(0.0), cards.number("B_ORDER").value_or(0.0));
    // Orders below 2 carry no distortion for SkyWcs, which has refused absurd ones.
    int const order = static_cast<int>(std::clamp(orders, 0.0, static_cast<double>(highest_order)));
    Polynomial const a = substituted(read_sip(cards, 'A', order), map);
    Polynomial const b = substituted(read_sip(cards, 'B', order), map);
    cards.remove_if(is_sip_card);
    if (order < 2) {
        return;
    }
    PlaneAffine const back = map.inverse();
    cards.set_whole("A_ORDER", order);
    cards.set_whole("B_ORDER", order);
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; i + j < a.size(); ++j) {
            double const x = back.xx * a[i][j] + back.xy * b[i][j];
            double const y = back.yx * a[i][j] + back.yy * b[i][j];
            if (x != 0.0) {
                cards.set(sip_name('A', i, j), x);
            }
            if (y != 0.0) {
                cards.set(sip_name('B', i, j), y);
            }
        }
    }
}

/// Look-up distortions stand in pixels of the reference's detector.
void drop_look_up(CardList& cards)
{
    for (char const* name : {"CPDIS1", "CPDIS2"}) {
        std::string kind = cards.text(name).value_or("lookup");
        std::transform(kind.begin(), kind.end(), kind.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (kind != "lookup") {
            throw core::InputError(core::sentence(
                "the WCS cannot be carried over to another frame",
                std::string(name) + " is a distortion of the pixels of its own detector"));
        }
    }
    cards.remove_if([](std::string_view name) {
        return name.starts_with("D2IM") || name.starts_with("CPDIS") || name.starts_with("CPERR") ||
               name == "DP1" || name == "DP2" || name.starts_with("DP1.") ||
               name.starts_with("DP2.");
    });
}
}  // namespace

sky::WcsDescription transferred_wcs(sky::WcsDescription const& reference,
                                    PlaneAffine const& moving_to_reference, int width, int height)
{
    PlaneAffine const back = moving_to_reference.inverse();
    CardList cards(reference.cards.text());
    drop_look_up(cards);
    sky::WcsDescription plain = reference;
    plain.pixel_lookup.clear();
    plain.detector_lookup.clear();
    plain.cards = cards.joined();
    EditableWcs const solved(plain);

    LinearWcs linear = solved.linear();
    sky::PixelPos const crpix = back.apply({linear.crpix[0] - 1.0, linear.crpix[1] - 1.0});
    linear.crpix = {crpix.x + 1.0, crpix.y + 1.0};
    std::array<double, 4> const m = linear.matrix;
    PlaneAffine const& a = moving_to_reference;
    linear.matrix = {m[0] * a.xx + m[1] * a.yx, m[0] * a.xy + m[1] * a.yy,
                     m[2] * a.xx + m[3] * a.yx, m[2] * a.xy + m[3] * a.yy};

    CardList moved(solved.with(linear).cards.text());
    transfer_sip(moved, moving_to_reference);
    for (auto const& [name, size] :
         {std::pair{"NAXIS" + std::to_string(linear.x_axis()), width},
          std::pair{"NAXIS" + std::to_string(linear.y_axis()), height},
          std::pair{std::string("IMAGEW"), width}, std::pair{std::string("IMAGEH"), height}}) {
        if (moved.number(name)) {
            moved.set_whole(name, size);
        }
    }
    sky::WcsDescription result = plain;
    result.cards = moved.joined();
    result.width = width;
    result.height = height;
    static_cast<void>(sky::SkyWcs(result));  // throws what the reader would
    return result;
}
}  // namespace sectile::solve
