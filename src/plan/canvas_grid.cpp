// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/canvas_grid.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>

#include "sectile/core/error.hpp"
#include "sectile/core/hash.hpp"

#include "plan/grid_cards.hpp"
#include "plan/grid_outline.hpp"
#include "plan/sphere.hpp"
#include "plan/tile_outliers.hpp"

namespace sectile::plan
{
namespace
{
/// Pixels: how far an outline may reach over the border. Keeps rounding in the transforms from
/// costing a row, and a single upright frame at its own size.
constexpr double extent_slack = 1e-3;

/// Largest number of pixels along one side that the arithmetic of boxes is safe for.
constexpr double longest_side = 1e9;

/// How far from its centre (degrees) a projection is used: beyond, pixels grow without bound or it
/// folds.
double usable_radius(std::string const& projection)
{
    if (projection == "TAN") {
        return 85.0;
    }
    if (projection == "SIN") {
        return 89.9;
    }
    if (projection == "STG") {
        return 170.0;
    }
    return 180.0;
}

void check_options(GridOptions const& options)
{
    constexpr std::array known{"auto", "TAN", "SIN", "STG", "ZEA", "ARC",
                               "CAR",  "AIT", "MER", "MOL", "SFL", "CEA"};
    if (std::find(known.begin(), known.end(), options.projection) == known.end()) {
        throw core::ConfigError(core::sentence(
            "projection " + options.projection + " cannot be used", "it is not known",
            "use auto, TAN, SIN, STG, ZEA, ARC, CAR, AIT, MER, MOL, SFL or CEA"));
    }
    auto const* const scale = std::get_if<core::Angle>(&options.pixel_scale);
    if (scale != nullptr && !(scale->radians() > 0.0 && std::isfinite(scale->radians()))) {
        throw core::ConfigError(
            core::sentence("pixel_scale cannot be used", "it must be above 0 arcseconds"));
    }
    if (!(options.padding_percent >= 0.0 && options.padding_percent <= 100.0)) {
        throw core::ConfigError(
            core::sentence("padding_percent cannot be used", "it must lie between 0 and 100"));
    }
    if (options.max_canvas_pixels < 1) {
        throw core::ConfigError(
            core::sentence("max_canvas_pixels cannot be used", "it must be at least 1"));
    }
}

core::Angle scale_by_rule(std::vector<GridInput> const& inputs, PixelScaleRule rule)
{
    std::vector<double> scales;
    for (GridInput const& input : inputs) {
        scales.push_back(input.pixel_scale.radians());
    }
    std::sort(scales.begin(), scales.end());
    std::size_t const half = scales.size() / 2;
    double chosen = scales[half];
    if (rule == PixelScaleRule::min) {
        chosen = scales.front();
    } else if (rule == PixelScaleRule::max) {
        chosen = scales.back();
    } else if (scales.size() % 2 == 0) {
        chosen = 0.5 * (scales[half - 1] + scales[half]);
    }
    return core::Angle::from_radians(chosen);
}

core::Angle canvas_scale(std::vector<GridInput> const& inputs, GridOptions const& options)
{
    auto const* const scale = std::get_if<core::Angle>(&options.pixel_scale);
    return scale != nullptr ? *scale
                            : scale_by_rule(inputs, std::get<PixelScaleRule>(options.pixel_scale));
}

std::string projection_for(double radius_degrees)
{
    if (radius_degrees <= 12.5) {
        return "TAN";
    }
    return radius_degrees <= 90.0 ? "ZEA" : "CAR";
}

/// Projection, reference point and scale of the canvas, north up.
GridPlacement north_up_placement(std::vector<GridInput> const& inputs, GridOptions const& options)
{
    std::vector<UnitVector> const points = outline_directions(inputs);
    UnitVector const center =
        options.center ? to_vector(*options.center) : enclosing_cap(points).center;
    double radius = 0.0;
    for (UnitVector const& point : points) {
        radius = std::max(radius, separation(center, point));
    }
    double const degrees = core::Angle::from_radians(radius).degrees();
    GridPlacement placement;
    placement.projection =
        options.projection == "auto" ? projection_for(degrees) : options.projection;
    if (degrees > usable_radius(placement.projection)) {
        throw core::ConfigError(core::sentence(
            "projection " + placement.projection + " cannot show all inputs",
            "they reach " + card_number(std::round(degrees)) + " degrees from the centre",
            "use projection auto, or outlier_tiles drop if one input is misplaced"));
    }
    placement.reference = to_sky(center);
    if (is_whole_sky_projection(placement.projection)) {
        // The reference stays on the equator: then latitude lines are straight.
        placement.reference.lat = core::Angle();
    }
    placement.pixel_scale = canvas_scale(inputs, options);
    return placement;
}

/// Whole pixels [x_lo, x_hi) x [y_lo, y_hi) in a plane where the reference point lies on a pixel
/// corner.
struct PixelRange
{
    double x_lo = 0.0;
    double x_hi = 0.0;
    double y_lo = 0.0;
    double y_hi = 0.0;
};

/// Pixels that cover the extent, and the padding, half of it on each side.
PixelRange covering_pixels(PlaneExtent const& extent, double padding_percent)
{
    PixelRange range{
        std::floor(extent.x_min + extent_slack), std::ceil(extent.x_max - extent_slack),
        std::floor(extent.y_min + extent_slack), std::ceil(extent.y_max - extent_slack)};
    range.x_hi = std::max(range.x_hi, range.x_lo + 1.0);
    range.y_hi = std::max(range.y_hi, range.y_lo + 1.0);
    double const share = padding_percent / 200.0;
    double const pad_x = std::ceil(share * (range.x_hi - range.x_lo));
    double const pad_y = std::ceil(share * (range.y_hi - range.y_lo));
    return {range.x_lo - pad_x, range.x_hi + pad_x, range.y_lo - pad_y, range.y_hi + pad_y};
}

/// A cylinder repeats after 360 degrees; no pixel of the sky is shown twice by more than a
/// rounding.
void clip_to_one_turn(GridPlacement const& placement, PixelRange& range)
{
    if (!is_whole_sky_projection(placement.projection) ||
        placement.position_angle.radians() != 0.0) {
        return;
    }
    double const half_turn = std::ceil(180.0 / placement.pixel_scale.degrees() - extent_slack);
    range.x_lo = std::max(range.x_lo, -half_turn);
    range.x_hi = std::min(range.x_hi, half_turn);
    if (placement.projection == "CAR") {
        double const quarter_turn =
            std::ceil(90.0 / placement.pixel_scale.degrees() - extent_slack);
        range.y_lo = std::max(range.y_lo, -quarter_turn);
        range.y_hi = std::min(range.y_hi, quarter_turn);
    }
}

std::string size_text(double width, double height)
{
    auto const whole = [](double value) {
        return value < 9e15 ? std::to_string(static_cast<std::int64_t>(value)) : card_number(value);
    };
    return whole(width) + " x " + whole(height) + " pixels";
}

CanvasGrid grid_of(GridPlacement placement, PixelRange const& range)
{
    placement.crpix_x = 0.5 - range.x_lo;
    placement.crpix_y = 0.5 - range.y_lo;
    CanvasGrid grid;
    grid.wcs.cards = cards_of(placement);
    grid.wcs.width = static_cast<std::int64_t>(range.x_hi - range.x_lo);
    grid.wcs.height = static_cast<std::int64_t>(range.y_hi - range.y_lo);
    grid.projection = placement.projection;
    grid.pixel_scale = placement.pixel_scale;
    sky::SkyWcs const wcs(grid.wcs);
    sky::SkyCoord const middle =
        wcs.pixel_to_sky(sky::PixelPos{0.5 * static_cast<double>(grid.wcs.width - 1),
                                       0.5 * static_cast<double>(grid.wcs.height - 1)});
    bool const on_sky = std::isfinite(middle.lon.radians()) && std::isfinite(middle.lat.radians());
    grid.center = on_sky ? middle : placement.reference;
    return grid;
}

void check_inputs(std::vector<GridInput> const& inputs)
{
    if (inputs.empty()) {
        throw core::InputError(core::sentence("the global grid cannot be planned",
                                              "there is no usable input",
                                              "see the report for why frames were quarantined"));
    }
    for (GridInput const& input : inputs) {
        core::require(
            input.pixel_scale.radians() > 0.0 && std::isfinite(input.pixel_scale.radians()),
            "every input of the grid has a pixel scale");
    }
}

std::vector<GridInput> without(std::vector<GridInput> const& inputs,
                               std::vector<std::size_t> const& dropped)
{
    std::vector<GridInput> rest;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (!std::binary_search(dropped.begin(), dropped.end(), i)) {
            rest.push_back(inputs[i]);
        }
    }
    return rest;
}

void check_size(PixelRange const& range, GridPlacement const& placement, GridOptions const& options,
                bool has_far_away)
{
    double const width = range.x_hi - range.x_lo;
    double const height = range.y_hi - range.y_lo;
    bool const fits = width * height <= static_cast<double>(options.max_canvas_pixels) &&
                      width <= longest_side && height <= longest_side;
    if (!fits) {
        throw core::ConfigError(core::sentence(
            "the canvas would have " + size_text(width, height),
            "at " + card_number(std::round(placement.pixel_scale.arcsec() * 1e4) / 1e4) +
                " arcsec per pixel, above max_canvas_pixels " +
                std::to_string(options.max_canvas_pixels),
            has_far_away ? "set outlier_tiles to drop because some inputs lie far from all others, "
                           "or choose a larger pixel_scale or raise max_canvas_pixels"
                         : "choose a larger pixel_scale or raise max_canvas_pixels"));
    }
}

/// Indices of the inputs whose bounding box on the grid lies outside of it.
std::vector<std::size_t> inputs_off(CanvasGrid const& grid, std::vector<GridInput> const& inputs)
{
    sky::SkyWcs const wcs(grid.wcs);
    std::vector<std::size_t> off;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        std::vector<sky::SkyCoord> points = inputs[i].edge;
        points.push_back(inputs[i].center);
        std::vector<sky::PixelPos> pixels(points.size());
        wcs.sky_to_pixel(points, pixels);
        std::vector<PlanePoint> shown;
        for (sky::PixelPos const& pixel : pixels) {
            if (std::isfinite(pixel.x) && std::isfinite(pixel.y)) {
                shown.push_back({pixel.x, pixel.y});
            }
        }
        PlaneExtent const box = extent_of(shown, 0.0, false);
        bool const touches = !shown.empty() && box.x_max > -0.5 && box.y_max > -0.5 &&
                             box.x_min < static_cast<double>(grid.width()) - 0.5 &&
                             box.y_min < static_cast<double>(grid.height()) - 0.5;
        if (!touches) {
            off.push_back(i);
        }
    }
    return off;
}

CanvasGrid reference_canvas(std::vector<GridInput> const& inputs, GridOptions const& options)
{
    CanvasGrid grid = grid_from_header_text(options.reference_grid);
    PixelRange const range{0.0, static_cast<double>(grid.width()), 0.0,
                           static_cast<double>(grid.height())};
    check_size(range, {grid.projection, grid.center, grid.pixel_scale, {}, false, 1.0, 1.0},
               options, false);
    grid.left_out = inputs_off(grid, inputs);
    if (grid.left_out.size() == inputs.size()) {
        throw core::ConfigError(core::sentence("reference_grid cannot be used",
                                               "none of the inputs lies on it",
                                               "check that it shows the same field"));
    }
    return grid;
}

double canvas_angle(std::vector<PlanePoint> const& outline, GridOptions const& options)
{
    if (auto const* const angle = std::get_if<core::Angle>(&options.orientation)) {
        return wrapped(angle->radians());
    }
    bool const least_area =
        std::get<OrientationRule>(options.orientation) == OrientationRule::min_area;
    return least_area ? angle_of_least_area(outline) : 0.0;
}

/// The position angle at `to` of the direction that has `angle` at `from`, carried along the great
/// circle between them, so that a grid elsewhere in the field keeps its axes parallel even near a
/// pole.
double carried_angle(double angle, UnitVector const& from, UnitVector const& to)
{
    auto const bearing = [](UnitVector const& at, UnitVector const& direction) {
        double const planar = std::hypot(at.x, at.y);
        UnitVector const east = planar > 0.0 ? UnitVector{-at.y / planar, at.x / planar, 0.0}
                                             : UnitVector{0.0, 1.0, 0.0};
        return std::atan2(dot(direction, east), dot(direction, cross(at, east)));
    };
    UnitVector const axis = cross(from, to);
    if (norm(axis) < 1e-12) {
        return angle;
    }
    return wrapped(angle + bearing(to, cross(axis, to)) - bearing(from, cross(axis, from)));
}
}  // namespace

std::string CanvasGrid::hash() const
{
    core::ContentHash hash;
    hash.add(static_cast<std::uint64_t>(wcs.width))
        .add(static_cast<std::uint64_t>(wcs.height))
        .add(wcs.cards);
    return hash.hex();
}

CanvasGrid plan_canvas(std::vector<GridInput> const& inputs, GridOptions const& options)
{
    check_options(options);
    check_inputs(inputs);
    if (!options.reference_grid.empty()) {
        return reference_canvas(inputs, options);
    }
    Outliers const outliers = find_outliers(inputs);
    bool const drop = options.outlier_tiles == OutlierTiles::drop;
    std::vector<GridInput> const used = drop ? without(inputs, outliers.to_drop) : inputs;

    GridPlacement placement = north_up_placement(used, options);
    std::vector<PlanePoint> const outline = project_outlines(used, placement);
    placement.position_angle = core::Angle::from_radians(canvas_angle(outline, options));
    PixelRange range = covering_pixels(
        extent_of(outline, placement.position_angle.radians(), false), options.padding_percent);
    clip_to_one_turn(placement, range);
    check_size(range, placement, options, !drop && !outliers.to_drop.empty());

    CanvasGrid grid = grid_of(placement, range);
    grid.far_away = outliers.far_away;
    if (drop) {
        grid.left_out = outliers.to_drop;
    }
    return grid;
}

CanvasGrid plan_tile_grid(std::vector<GridInput> const& inputs, std::size_t reference,
                          core::Angle position_angle, bool mirrored)
{
    check_inputs(inputs);
    core::require(reference < inputs.size(), "the reference of a tile is one of its inputs");
    std::vector<UnitVector> const points = outline_directions(inputs);
    Cap const cap = enclosing_cap(points);
    double const radius = core::Angle::from_radians(cap.radius).degrees();
    if (radius > usable_radius("TAN")) {
        throw core::InputError(core::sentence(
            "a tile grid cannot be planned",
            "its frames reach " + card_number(std::round(radius)) + " degrees from their middle",
            "lower cluster_max_span"));
    }
    GridPlacement placement;
    placement.projection = "TAN";
    placement.reference = to_sky(cap.center);
    placement.pixel_scale = inputs[reference].pixel_scale;
    placement.mirrored = false;
    std::vector<PlanePoint> const outline = project_outlines(inputs, placement);
    placement.mirrored = mirrored;
    placement.position_angle = core::Angle::from_radians(
        carried_angle(position_angle.radians(), to_vector(inputs[reference].center), cap.center));
    PlaneExtent const extent = extent_of(outline, placement.position_angle.radians(), mirrored);
    return grid_of(placement, covering_pixels(extent, 0.0));
}
}  // namespace sectile::plan
