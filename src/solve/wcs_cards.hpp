// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sectile/sky/card_value.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::solve
{
/// The cards of a header, to be changed one by one. END is not among them; unprintable bytes are
/// blanks.
class CardList
{
  public:
    explicit CardList(std::string_view text);

    /// Value of the last card of that name, without quotes and blanks at the ends.
    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    /// That value if it is a finite number.
    [[nodiscard]] std::optional<double> number(std::string_view name) const;
    /// Removes every card of that name and writes one: a number that reads back as the same double.
    void set(std::string const& name, double value);
    void set_whole(std::string const& name, long long value);
    void set_text(std::string const& name, std::string const& value);
    void remove(std::string_view name);
    template <class Predicate>
    void remove_if(Predicate unwanted)
    {
        std::erase_if(records_,
                      [&](std::string const& record) { return unwanted(sky::card_name(record)); });
    }
    [[nodiscard]] std::string joined() const;

  private:
    void replace(std::string const& name, std::string const& value);

    std::vector<std::string> records_;
};

/// The linear part of the celestial pair of a header. Degrees; FITS pixels (from 1).
struct LinearWcs
{
    int longitude = 1;  ///< world axes, from 1
    int latitude = 2;
    double crval_longitude = 0.0;
    double crval_latitude = 0.0;
    std::array<double, 2> crpix{};   ///< of the lower and of the higher of the two axes
    std::array<double, 4> matrix{};  ///< rows longitude and latitude, columns x and y

    [[nodiscard]] int x_axis() const { return longitude < latitude ? longitude : latitude; }
    [[nodiscard]] int y_axis() const { return longitude < latitude ? latitude : longitude; }
};

/// A WCS of which the linear part can be replaced while all the rest stays.
class EditableWcs
{
  public:
    /// Throws core::InputError when the description is no usable WCS or when its linear part
    /// cannot be rewritten without moving the image on the sky.
    explicit EditableWcs(sky::WcsDescription const& description);

    [[nodiscard]] LinearWcs const& linear() const { return linear_; }
    [[nodiscard]] sky::WcsDescription with(LinearWcs const& linear) const;

  private:
    enum class Form
    {
        cd,        ///< CDi_j
        pc_cdelt,  ///< PCi_j, with the CDELTi of the header
    };
    void read(CardList const& cards);
    void rewrite(CardList cards, Form form);
    void settle_native_pole(sky::SkyWcs const& start);
    [[nodiscard]] bool reproduces(sky::SkyWcs const& start, CardList const& cards) const;

    sky::WcsDescription description_;  ///< all but the cards
    CardList cards_;                   ///< without the linear part
    LinearWcs linear_;
    std::array<std::array<double, 10>, 10> matrix_{};  ///< all axes [world][pixel], from 1
    std::array<double, 10> cdelt_{};
    Form form_ = Form::cd;
};
}  // namespace sectile::solve
