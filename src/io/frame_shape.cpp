// SPDX-License-Identifier: BSD-3-Clause
#include "io/frame_shape.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "sectile/core/error.hpp"

namespace sectile::io
{
namespace
{
/// Both sides of the picture must be this many times longer than a colour axis that comes first.
constexpr std::int64_t colour_axis_ratio = 8;

bool is_colour_first(std::int64_t first, std::int64_t second, std::int64_t third)
{
    bool const is_colour = first == 1 || first == 3 || first == 4;
    return is_colour && std::min(second, third) > colour_axis_ratio * first;
}

/// Axes beyond the second that are longer than 1.
std::vector<int> long_axes(std::vector<std::int64_t> const& axes)
{
    std::vector<int> result;
    for (std::size_t i = 2; i < axes.size(); ++i) {
        if (axes[i] > 1) {
            result.push_back(static_cast<int>(i));
        }
    }
    return result;
}

/// Column and row of the red filter in the 2x2 cell.
struct RedFilter
{
    unsigned x = 0;
    unsigned y = 0;
};

std::optional<RedFilter> red_filter(std::string_view pattern)
{
    if (pattern == "RGGB") {
        return RedFilter{0, 0};
    }
    if (pattern == "GRBG") {
        return RedFilter{1, 0};
    }
    if (pattern == "GBRG") {
        return RedFilter{0, 1};
    }
    if (pattern == "BGGR") {
        return RedFilter{1, 1};
    }
    return std::nullopt;
}

image::BayerPattern pattern_of(RedFilter const& red)
{
    constexpr std::array<image::BayerPattern, 4> patterns = {
        image::BayerPattern::rggb, image::BayerPattern::grbg, image::BayerPattern::gbrg,
        image::BayerPattern::bggr};
    return patterns[red.y * 2 + red.x];
}

unsigned parity(HeaderCards const& header, std::string_view keyword, std::string_view alternative)
{
    auto value = header.integer(keyword);
    if (!value) {
        value = header.integer(alternative);
    }
    return static_cast<unsigned>(value.value_or(0) & 1);
}
}  // namespace

FrameShape interpret_axes(HduShape const& shape)
{
    FrameShape result;
    std::vector<std::int64_t> const& axes = shape.axes;
    if (axes.size() < 2) {
        result.reason = "the image has fewer than two axes";
        return result;
    }
    std::vector<int> const others = long_axes(axes);
    if (others.size() > 1) {
        result.reason = "the image has more than three axes longer than one pixel";
        return result;
    }
    std::int64_t planes = 1;
    if (others.size() == 1) {
        int const third = others.front();
        result.roles.planes = third;
        planes = axes[static_cast<std::size_t>(third)];
        if (is_colour_first(axes[0], axes[1], planes)) {
            result.roles = {1, third, 0};
            planes = axes[0];
            result.geometry.planes_last = true;
        }
    }
    constexpr std::int64_t most_planes = 65535;
    if (planes > most_planes) {
        result.reason = "the image has more than 65535 planes";
        return result;
    }
    result.geometry.width = axes[static_cast<std::size_t>(result.roles.columns)];
    result.geometry.height = axes[static_cast<std::size_t>(result.roles.rows)];
    result.geometry.stored_planes = static_cast<int>(planes);
    result.geometry.planes = result.geometry.stored_planes;
    result.geometry.bits_per_pixel = shape.bits_per_pixel;
    return result;
}

bool is_companion_name(std::string_view extension_name)
{
    static constexpr std::array<std::string_view, 34> names = {
        "WHT",   "WEIGHT", "WEIGHTS",  "WGT",    "WT",      "IVAR",    "INVVAR",
        "ERR",   "ERROR",  "ERRORS",   "UNCERT", "STDDEV",  "SIGMA",   "RMS",
        "NOISE", "VAR",    "VARIANCE", "DQ",     "MASK",    "MSK",     "FLAG",
        "FLAGS", "BPM",    "BADPIX",   "CTX",    "CON",     "SAMP",    "EXPMAP",
        "NEXP",  "TIME",   "COVERAGE", "ALPHA",  "D2IMARR", "WCSDVARR"};
    std::string const name = upper_case(trimmed(extension_name));
    return std::find(names.begin(), names.end(), name) != names.end();
}

void read_bayer(HeaderCards const& header, FrameShape& shape)
{
    auto const text = header.text({"BAYERPAT", "BAYERPATTERN", "COLORTYP"});
    if (!text || shape.geometry.stored_planes != 1) {
        return;
    }
    std::string const pattern = upper_case(trimmed(*text));
    auto red = red_filter(pattern);
    if (!red) {
        bool const is_other_array =
            pattern.size() >= 4 && pattern.find_first_not_of("RGB") == std::string::npos;
        if (is_other_array) {
            shape.reason =
                core::sentence("the colour filter array " + pattern + " cannot be debayered", "",
                               "choose debayer none to use it as it is");
        }
        return;
    }
    red->x ^= parity(header, "XBAYROFF", "BAYOFFX");
    red->y ^= parity(header, "YBAYROFF", "BAYOFFY");
    auto const order = header.text({"ROWORDER"});
    bool const is_bottom_up = order && upper_case(trimmed(*order)) == "BOTTOM-UP";
    if (is_bottom_up && shape.geometry.height % 2 == 0) {
        red->y ^= 1U;
    }
    shape.geometry.bayer = pattern_of(*red);
    shape.geometry.planes = 3;
}
}  // namespace sectile::io
