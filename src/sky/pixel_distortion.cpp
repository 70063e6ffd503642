// SPDX-License-Identifier: BSD-3-Clause
#include "sky/pixel_distortion.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "sectile/core/error.hpp"

#include "sky/header_cards.hpp"

namespace sectile::sky
{
namespace
{
constexpr int max_sip_order = 20;  // The convention stops at 9; more is a damaged header.

[[noreturn]] void refuse(std::string const& why)
{
    throw core::InputError(core::sentence("the distortion in the header cannot be used", why));
}

bool is_lookup(std::optional<std::string> kind)
{
    if (!kind) {
        return false;
    }
    std::transform(kind->begin(), kind->end(), kind->begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return *kind == "lookup";
}

SipPolynomial read_polynomial(HeaderCards const& cards, std::string const& letter)
{
    SipPolynomial polynomial;
    double const order = cards.number(letter + "_ORDER").value_or(0.0);
    if (order < 0.0 || order > max_sip_order || order != std::floor(order)) {
        refuse(letter + "_ORDER is not a small whole number");
    }
    polynomial.order = static_cast<int>(order);
    auto const terms = static_cast<std::size_t>(polynomial.order) + 1;
    polynomial.coefficients.assign(terms * terms, 0.0);
    for (std::size_t p = 0; p < terms; ++p) {
        for (std::size_t q = 0; p + q < terms; ++q) {
            std::string const name = letter + "_" + std::to_string(p) + "_" + std::to_string(q);
            std::optional<double> const value = cards.number(name);
            if (!value && cards.has(name)) {
                refuse(name + " is not a number");
            }
            polynomial.coefficients[p * terms + q] = value.value_or(0.0);
        }
    }
    return polynomial;
}

/// 0-based place in the table, clamped to it, of a 1-based image coordinate. By the standard the
/// 1-based place is (image - CRVAL) / CDELT + CRPIX. The tables of the Hubble archive say CRPIX =
/// 0, which is no entry of a table counted from 1, and mean that all counting starts from 0 (the
/// reading of astropy before 6.1); taken literally they would be shifted by one entry.
double table_place(double image, double crval, double cdelt, double crpix, int size)
{
    double const place =
        crpix == 0.0 ? (image - 1.0 - crval) / cdelt : (image - crval) / cdelt + crpix - 1.0;
    return std::clamp(place, 0.0, size - 1.0);
}

/// Bilinear value of the table at a 1-based image pixel; constant beyond its borders.
double lookup_at(LookupTable const& table, Pair const& pixel)
{
    double const x =
        table_place(pixel[0], table.crval_x, table.cdelt_x, table.crpix_x, table.columns);
    double const y = table_place(pixel[1], table.crval_y, table.cdelt_y, table.crpix_y, table.rows);
    if (!std::isfinite(x) || !std::isfinite(y)) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    int const x0 = static_cast<int>(x);
    int const y0 = static_cast<int>(y);
    int const x1 = std::min(x0 + 1, table.columns - 1);
    int const y1 = std::min(y0 + 1, table.rows - 1);
    double const fx = x - x0;
    double const fy = y - y0;
    auto const value = [&table](int column, int row) {
        return static_cast<double>(
            table.values[static_cast<std::size_t>(row) * static_cast<std::size_t>(table.columns) +
                         static_cast<std::size_t>(column)]);
    };
    return (1.0 - fy) * ((1.0 - fx) * value(x0, y0) + fx * value(x1, y0)) +
           fy * ((1.0 - fx) * value(x0, y1) + fx * value(x1, y1));
}

void check_tables(core::SharedList<LookupTable> const& tables)
{
    for (LookupTable const& table : tables) {
        auto const cells = static_cast<std::size_t>(std::max(table.columns, 0)) *
                           static_cast<std::size_t>(std::max(table.rows, 0));
        if (cells == 0 || table.values.size() != cells || table.axis < 0 || table.axis > 1 ||
            table.cdelt_x == 0.0 || table.cdelt_y == 0.0) {
            refuse("a look-up table is empty or its geometry is damaged");
        }
    }
}

bool covers_axis(core::SharedList<LookupTable> const& tables, int axis)
{
    return std::any_of(tables.begin(), tables.end(),
                       [axis](LookupTable const& table) { return table.axis == axis; });
}
}  // namespace

double SipPolynomial::at(double u, double v) const
{
    // Horner in u over the coefficients of u^p, each of them Horner in v.
    auto const stride = static_cast<std::size_t>(order) + 1;
    double sum = 0.0;
    for (int p = order; p >= 0; --p) {
        std::size_t const at_row = static_cast<std::size_t>(p) * stride;
        double row = 0.0;
        for (int q = order - p; q >= 0; --q) {
            row = row * v + coefficients[at_row + static_cast<std::size_t>(q)];
        }
        sum = sum * u + row;
    }
    return sum;
}

PixelDistortion::PixelDistortion(HeaderCards const& cards, WcsDescription const& description)
    : detector_lookup_(description.detector_lookup), pixel_lookup_(description.pixel_lookup)
{
    check_tables(detector_lookup_);
    check_tables(pixel_lookup_);
    for (int axis = 0; axis < 2; ++axis) {
        std::string const number = std::to_string(axis + 1);
        lookup_axis_[static_cast<std::size_t>(axis)] = is_lookup(cards.text("CPDIS" + number));
        if (lookup_axis_[static_cast<std::size_t>(axis)] && !covers_axis(pixel_lookup_, axis)) {
            refuse("the look-up table that CPDIS" + number + " names is missing");
        }
        if (is_lookup(cards.text("D2IMDIS" + number)) && !covers_axis(detector_lookup_, axis)) {
            refuse("the look-up table that D2IMDIS" + number + " names is missing");
        }
    }
    // Orders below 2 carry no distortion in this convention and are ignored, as by astropy.
    if (cards.number("A_ORDER").value_or(0.0) > 1.0 ||
        cards.number("B_ORDER").value_or(0.0) > 1.0) {
        sip_ = Sip{{cards.number("CRPIX1").value_or(0.0), cards.number("CRPIX2").value_or(0.0)},
                   read_polynomial(cards, "A"),
                   read_polynomial(cards, "B")};
    }
}

Pair PixelDistortion::forward(Pair const& pixel) const
{
    Pair detected = pixel;
    for (LookupTable const& table : detector_lookup_) {
        detected[static_cast<std::size_t>(table.axis)] += lookup_at(table, pixel);
    }
    Pair corrected = detected;
    if (sip_) {
        double const u = detected[0] - sip_->origin[0];
        double const v = detected[1] - sip_->origin[1];
        corrected[0] += sip_->x.at(u, v);
        corrected[1] += sip_->y.at(u, v);
    }
    for (LookupTable const& table : pixel_lookup_) {
        corrected[static_cast<std::size_t>(table.axis)] += lookup_at(table, detected);
    }
    return corrected;
}

bool PixelDistortion::handles(std::string_view name) const
{
    auto const starts = [&name](std::string_view prefix) { return name.starts_with(prefix); };
    if (starts("D2IM")) {
        return true;
    }
    for (std::size_t axis = 0; axis < 2; ++axis) {
        std::string const number = std::to_string(axis + 1);
        if (lookup_axis_[axis] &&
            (name == "CPDIS" + number || name == "DP" + number || name == "CPERR" + number)) {
            return true;
        }
    }
    // SIP: A_ORDER, A_p_q, A_DMAX and the same for B, AP, BP.
    for (std::string_view const prefix : {"A_", "B_", "AP_", "BP_"}) {
        if (starts(prefix) && name.size() > prefix.size()) {
            std::string_view const rest = name.substr(prefix.size());
            if (rest == "ORDER" || rest == "DMAX" ||
                (rest.size() == 3 && std::isdigit(static_cast<unsigned char>(rest[0])) &&
                 rest[1] == '_' && std::isdigit(static_cast<unsigned char>(rest[2])))) {
                return true;
            }
        }
    }
    return false;
}
}  // namespace sectile::sky
