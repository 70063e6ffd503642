// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/product/export_fits.hpp"

#include <algorithm>

#include "product/canvas_rows.hpp"

namespace sectile::product
{
namespace
{
bool has_card(std::vector<io::FitsCard> const& cards, std::string const& keyword)
{
    return std::any_of(cards.begin(), cards.end(),
                       [&](io::FitsCard const& card) { return card.keyword == keyword; });
}

/// Unit of an inverse variance (FITS standard, table 4): "adu" gives "adu**-2".
std::string inverse_square(std::string const& unit)
{
    bool const simple = unit.find_first_of(" */.^()") == std::string::npos;
    return simple ? unit + "**-2" : "(" + unit + ")**-2";
}

io::FitsImageSpec image_spec(io::CanvasLayout const& layout, std::string name, int bits_per_pixel)
{
    io::FitsImageSpec spec;
    spec.name = std::move(name);
    spec.bits_per_pixel = bits_per_pixel;
    spec.width = layout.width;
    spec.height = layout.height;
    spec.planes = layout.planes;
    spec.wcs_cards = layout.wcs_cards;
    return spec;
}
}  // namespace

void export_fits(io::CanvasReader const& canvas, std::vector<io::FitsCard> const& provenance,
                 std::string const& path)
{
    io::CanvasLayout const& layout = canvas.layout();
    core::Box const bounds{0, 0, layout.width, layout.height};
    io::FitsWriter writer(path);

    io::FitsImageSpec science = image_spec(layout, "", -32);
    science.cards = provenance;
    if (!layout.unit.empty() && !has_card(provenance, "BUNIT")) {
        science.cards.push_back({"BUNIT", layout.unit, "unit of the pixels"});
    }
    writer.begin_image(science);
    for_row_blocks<float>(bounds, layout.planes, [&](image::ImageView<float> rows) {
        canvas.read_science(rows);
        writer.write_rows(image::ImageView<float const>(rows));
    });

    io::FitsImageSpec weight = image_spec(layout, "WEIGHT", -32);
    if (!layout.unit.empty()) {
        weight.cards.push_back({"BUNIT", inverse_square(layout.unit), "inverse variance"});
    }
    writer.begin_image(weight);
    for_row_blocks<float>(bounds, layout.planes, [&](image::ImageView<float> rows) {
        canvas.read_weight(rows);
        writer.write_rows(image::ImageView<float const>(rows));
    });

    io::FitsImageSpec coverage = image_spec(layout, "COVERAGE", layout.wide_coverage ? 32 : 16);
    coverage.is_unsigned = true;
    writer.begin_image(coverage);
    for_row_blocks<std::uint32_t>(bounds, layout.planes, [&](image::ImageView<std::uint32_t> rows) {
        canvas.read_coverage(rows);
        writer.write_rows(image::ImageView<std::uint32_t const>(rows));
    });

    io::FitsImageSpec alpha = image_spec(layout, "ALPHA", 8);
    alpha.planes = 1;
    writer.begin_image(alpha);
    for_row_blocks<std::uint8_t>(bounds, 1, [&](image::ImageView<std::uint8_t> rows) {
        canvas.read_alpha(rows);
        writer.write_rows(image::ImageView<std::uint8_t const>(rows));
    });
    writer.commit();
}
}  // namespace sectile::product
