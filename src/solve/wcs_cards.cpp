// SPDX-License-Identifier: BSD-3-Clause
#include "solve/wcs_cards.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <span>

#include "sectile/core/error.hpp"

namespace sectile::solve
{
namespace
{
constexpr std::size_t record_length = 80;
constexpr int most_axes = 9;

std::string indexed(char const* name, int i)
{
    return name + std::to_string(i);
}

std::string indexed(char const* name, int i, int j)
{
    return name + std::to_string(i) + "_" + std::to_string(j);
}

enum class Celestial
{
    none,
    longitude,
    latitude
};

Celestial kind_of(std::string_view ctype)
{
    std::string_view const name = ctype.substr(0, ctype.find('-'));
    if (name == "RA" || (name.size() == 4 && (name.ends_with("LON") || name.ends_with("LN")))) {
        return Celestial::longitude;
    }
    if (name == "DEC" || (name.size() == 4 && (name.ends_with("LAT") || name.ends_with("LT")))) {
        return Celestial::latitude;
    }
    return Celestial::none;
}

/// Degrees per unit that CUNIT names; nothing for a way to write degrees or no unit.
std::optional<double> unit_of(std::optional<std::string> const& unit)
{
    if (unit == "arcsec") {
        return 1.0 / 3600.0;
    }
    if (unit == "arcmin") {
        return 1.0 / 60.0;
    }
    if (unit == "mas") {
        return 1.0 / 3.6e6;
    }
    if (unit == "rad") {
        return 180.0 / std::numbers::pi;
    }
    return std::nullopt;
}

bool is_zenithal(std::string const& projection)
{
    constexpr std::array<std::string_view, 15> codes{"AZP", "SZP", "TAN", "STG", "SIN",
                                                     "ARC", "ZPN", "ZEA", "AIR", "TPV",
                                                     "TNX", "ZPX", "TPD", "DSS", "NCP"};
    return std::find(codes.begin(), codes.end(), projection) != codes.end();
}

/// Whether the name is that of the stem with one or two axis numbers: CD1_2, CDELT3, not CD1_2A.
bool is_axis_card(std::string_view name, std::string_view stem)
{
    if (!name.starts_with(stem) || name.size() == stem.size()) {
        return false;
    }
    return name.substr(stem.size()).find_first_not_of("0123456789_") == std::string_view::npos;
}
}  // namespace

CardList::CardList(std::string_view text)
{
    for (std::size_t at = 0; at < text.size(); at += record_length) {
        std::string record(text.substr(at, record_length));
        record.resize(record_length, ' ');
        std::replace_if(
            record.begin(), record.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
        if (sky::card_name(record) == "END") {
            break;
        }
        records_.push_back(std::move(record));
    }
}

std::optional<std::string> CardList::text(std::string_view name) const
{
    for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
        if (sky::card_name(*record) == name && (*record)[8] == '=') {
            return sky::parse_card_text(std::string_view(*record).substr(9));
        }
    }
    return std::nullopt;
}

std::optional<double> CardList::number(std::string_view name) const
{
    std::optional<std::string> const value = text(name);
    return value ? sky::parse_card_number(*value) : std::nullopt;
}

void CardList::replace(std::string const& name, std::string const& value)
{
    remove(name);
    std::string record = name;
    record.resize(8, ' ');
    record += "= ";
    record.append(value.size() < 20 && value.front() != '\'' ? 20 - value.size() : 0, ' ');
    record += value;
    record.resize(record_length, ' ');
    records_.push_back(std::move(record));
}

void CardList::set(std::string const& name, double value)
{
    std::array<char, 40> digits{};
    auto const [end, failure] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    core::require(failure == std::errc{} && std::isfinite(value), "a finite value of a card");
    std::string text(digits.data(), end);
    std::replace(text.begin(), text.end(), 'e', 'E');
    if (text.find_first_of(".E") == std::string::npos) {
        text += ".0";
    }
    replace(name, text);
}

void CardList::set_whole(std::string const& name, long long value)
{
    replace(name, std::to_string(value));
}

void CardList::set_text(std::string const& name, std::string const& value)
{
    replace(name, "'" + value + "'");
}

void CardList::remove(std::string_view name)
{
    remove_if([name](std::string_view other) { return other == name; });
}

std::string CardList::joined() const
{
    std::string all;
    all.reserve((records_.size() + 1) * record_length);
    for (std::string const& record : records_) {
        all += record;
    }
    return all.append("END").append(record_length - 3, ' ');
}

EditableWcs::EditableWcs(sky::WcsDescription const& description)
    : description_(description), cards_(description.cards.text())
{
    sky::SkyWcs const start(description);
    CardList const cards = cards_;
    read(cards);
    for (Form const form : {Form::cd, Form::pc_cdelt}) {
        rewrite(cards, form);
        if (reproduces(start, cards_)) {
            settle_native_pole(start);
            return;
        }
    }
    throw core::InputError(core::sentence("the WCS cannot be refined",
                                          "its reference value and linear matrix are not those of "
                                          "the CRVAL, CD, PC, CDELT and CROTA cards"));
}

void EditableWcs::read(CardList const& cards)
{
    linear_.longitude = 0;
    linear_.latitude = 0;
    std::array<double, 10> unit{};
    bool has_cd = false;
    bool has_pc = false;
    for (int i = 1; i <= most_axes; ++i) {
        Celestial const kind = kind_of(cards.text(indexed("CTYPE", i)).value_or(""));
        if (kind == Celestial::longitude && linear_.longitude == 0) {
            linear_.longitude = i;
        } else if (kind == Celestial::latitude && linear_.latitude == 0) {
            linear_.latitude = i;
        }
        auto const at = static_cast<std::size_t>(i);
        unit[at] =
            kind == Celestial::none ? 1.0 : unit_of(cards.text(indexed("CUNIT", i))).value_or(1.0);
        cdelt_[at] = cards.number(indexed("CDELT", i)).value_or(1.0);
        for (int j = 1; j <= most_axes; ++j) {
            has_cd = has_cd || cards.number(indexed("CD", i, j)).has_value();
            has_pc = has_pc || cards.number(indexed("PC", i, j)).has_value();
        }
    }
    core::require(linear_.longitude > 0 && linear_.latitude > 0, "a celestial pair of axes");
    for (int i = 1; i <= most_axes; ++i) {
        auto const at = static_cast<std::size_t>(i);
        for (int j = 1; j <= most_axes; ++j) {
            double const pc = cards.number(indexed("PC", i, j)).value_or(i == j ? 1.0 : 0.0);
            double const cd = cards.number(indexed("CD", i, j)).value_or(0.0);
            matrix_[at][static_cast<std::size_t>(j)] = (has_cd ? cd : cdelt_[at] * pc) * unit[at];
        }
    }
    auto const lon = static_cast<std::size_t>(linear_.longitude);
    auto const lat = static_cast<std::size_t>(linear_.latitude);
    std::optional<double> const crota = cards.number(indexed("CROTA", linear_.latitude));
    if (!has_cd && !has_pc && crota) {
        // FITS Paper II (Calabretta & Greisen 2002), section 6.1.
        double const c = std::cos(*crota * std::numbers::pi / 180.0);
        double const s = std::sin(*crota * std::numbers::pi / 180.0);
        matrix_[lon][lon] = cdelt_[lon] * c * unit[lon];
        matrix_[lon][lat] = -cdelt_[lat] * s * unit[lat];
        matrix_[lat][lon] = cdelt_[lon] * s * unit[lon];
        matrix_[lat][lat] = cdelt_[lat] * c * unit[lat];
    }
    linear_.crval_longitude =
        cards.number(indexed("CRVAL", linear_.longitude)).value_or(0.0) * unit[lon];
    linear_.crval_latitude =
        cards.number(indexed("CRVAL", linear_.latitude)).value_or(0.0) * unit[lat];
    auto const x = static_cast<std::size_t>(linear_.x_axis());
    auto const y = static_cast<std::size_t>(linear_.y_axis());
    linear_.crpix = {cards.number(indexed("CRPIX", linear_.x_axis())).value_or(0.0),
                     cards.number(indexed("CRPIX", linear_.y_axis())).value_or(0.0)};
    linear_.matrix = {matrix_[lon][x], matrix_[lon][y], matrix_[lat][x], matrix_[lat][y]};
    cdelt_[lon] *= unit[lon];
    cdelt_[lat] *= unit[lat];
}

/// Brings the cards that do not depend on the fit into the form chosen.
void EditableWcs::rewrite(CardList cards, Form form)
{
    form_ = form;
    auto const is_pair = [this](int i) { return i == linear_.longitude || i == linear_.latitude; };
    for (int const i : {linear_.longitude, linear_.latitude}) {
        if (unit_of(cards.text(indexed("CUNIT", i)))) {
            cards.set_text(indexed("CUNIT", i), "deg");
            if (form == Form::pc_cdelt) {
                cards.set(indexed("CDELT", i), cdelt_[static_cast<std::size_t>(i)]);
            }
        }
    }
    bool const had_cd = [&cards] {
        for (int i = 1; i <= most_axes; ++i) {
            for (int j = 1; j <= most_axes; ++j) {
                if (cards.number(indexed("CD", i, j))) {
                    return true;
                }
            }
        }
        return false;
    }();
    cards.remove_if([](std::string_view name) { return is_axis_card(name, "CROTA"); });
    if (form == Form::cd && !had_cd) {
        // CD and PC must not be mixed: the other axes change their form too.
        for (int i = 1; i <= most_axes; ++i) {
            bool const stated =
                cards.text(indexed("CTYPE", i)) || cards.number(indexed("CDELT", i));
            for (int j = 1; j <= most_axes; ++j) {
                double const value =
                    matrix_[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
                if (stated && value != 0.0 && !(is_pair(i) && is_pair(j))) {
                    cards.set(indexed("CD", i, j), value);
                }
            }
        }
    }
    if (form == Form::cd) {
        cards.remove_if([](std::string_view name) {
            return is_axis_card(name, "PC") || is_axis_card(name, "CDELT");
        });
    }
    cards_ = std::move(cards);
}

/// LONPOLE is 180 by default below a pole and 0 at it in zenithal projections: written out there,
/// or the image would turn round when CRVAL leaves the pole. In the others the default follows the
/// latitude so that the map is continuous, while a fixed LONPOLE allows one side only.
void EditableWcs::settle_native_pole(sky::SkyWcs const& start)
{
    bool const zenithal = is_zenithal(start.projection());
    CardList changed = cards_;
    if (zenithal && !cards_.number("LONPOLE") && linear_.crval_latitude >= 90.0) {
        changed.set("LONPOLE", 0.0);
    } else if (!zenithal && cards_.number("LONPOLE")) {
        changed.remove("LONPOLE");
    } else {
        return;
    }
    if (reproduces(start, changed)) {
        cards_ = std::move(changed);
    }
}

bool EditableWcs::reproduces(sky::SkyWcs const& start, CardList const& cards) const
{
    constexpr int side = 5;
    constexpr double allowed = 1e-5;  // px: rounding of the products CDELT * PC is far below
    EditableWcs trial = *this;
    trial.cards_ = cards;
    try {
        sky::SkyWcs const again(trial.with(linear_));
        double const scale = start.pixel_scale().radians();
        auto const width = static_cast<double>(std::max<std::int64_t>(start.width(), 2));
        auto const height = static_cast<double>(std::max<std::int64_t>(start.height(), 2));
        for (int k = 0; k < side * side; ++k) {
            int const column = k % side;
            int const row = k / side;
            sky::PixelPos const pixel{column * (width - 1.0) / (side - 1),
                                      row * (height - 1.0) / (side - 1)};
            sky::SkyCoord const a = start.pixel_to_sky(pixel);
            sky::SkyCoord const b = again.pixel_to_sky(pixel);
            double const lon =
                std::remainder(a.lon.radians() - b.lon.radians(), 2.0 * std::numbers::pi) *
                std::cos(a.lat.radians());
            double const apart = std::hypot(lon, a.lat.radians() - b.lat.radians());
            if (apart > allowed * scale ||
                std::isnan(a.lat.radians()) != std::isnan(b.lat.radians())) {
                return false;
            }
        }
    } catch (core::InputError const&) {
        return false;
    }
    return true;
}

sky::WcsDescription EditableWcs::with(LinearWcs const& linear) const
{
    CardList cards = cards_;
    cards.set(indexed("CRVAL", linear.longitude), linear.crval_longitude);
    cards.set(indexed("CRVAL", linear.latitude), linear.crval_latitude);
    cards.set(indexed("CRPIX", linear.x_axis()), linear.crpix[0]);
    cards.set(indexed("CRPIX", linear.y_axis()), linear.crpix[1]);
    for (std::size_t k = 0; k < 4; ++k) {
        int const world = k < 2 ? linear.longitude : linear.latitude;
        int const pixel = k % 2 == 0 ? linear.x_axis() : linear.y_axis();
        if (form_ == Form::cd) {
            cards.set(indexed("CD", world, pixel), linear.matrix[k]);
        } else {
            cards.set(indexed("PC", world, pixel),
                      linear.matrix[k] / cdelt_[static_cast<std::size_t>(world)]);
        }
    }
    sky::WcsDescription description = description_;
    description.cards = cards.joined();
    return description;
}
}  // namespace sectile::solve
