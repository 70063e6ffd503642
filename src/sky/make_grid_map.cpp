// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/sky/make_grid_map.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "sectile/core/error.hpp"

namespace sectile::sky
{
namespace
{
using image::GridMap;

/// Share of the tolerance that the checked points may use: between them a cubic term can make the
/// error a little larger than at them.
constexpr double checked_tolerance = 0.8 * grid_map_tolerance;

/// How far outside the source (pixels) a cell must lie to be left unchecked: more than any kernel.
constexpr double outside_margin = 16.0;

/// Where in a cell the interior check lies, in cells. Off every symmetry axis of the cell: an odd
/// (cubic) error vanishes at the centre and at the edge midpoints.
constexpr double probe_x = 0.25;
constexpr double probe_y = 0.625;

std::int64_t floor_div(std::int64_t value, std::int64_t divisor)
{
    std::int64_t const quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

bool finite(PixelPos const& p)
{
    return std::isfinite(p.x) && std::isfinite(p.y);
}

/// Destination pixels to source pixels, span by span.
class Mapper
{
  public:
    Mapper(SkyWcs const& destination, SkyWcs const& source)
        : destination_(destination), source_(source)
    {}

    void map(std::span<PixelPos const> pixels, std::span<PixelPos> mapped)
    {
        sky_.resize(pixels.size());
        destination_.pixel_to_sky(pixels, sky_);
        source_.sky_to_pixel(sky_, mapped);
    }

  private:
    SkyWcs const& destination_;
    SkyWcs const& source_;
    std::vector<SkyCoord> sky_;
};

/// Exact positions of one cell at which the interpolation is judged.
struct CellSamples
{
    /// Lattice of half the spacing, row by row: corners 0 2 6 8, edge midpoints 1 3 5 7, centre 4.
    std::array<PixelPos, 9> lattice;
    PixelPos probe;
};

enum class Verdict
{
    interpolated,
    exact,
    outside
};

struct CellVerdict
{
    Verdict verdict = Verdict::interpolated;
    double error = 0.0;
};

PixelPos bilinear(CellSamples const& cell, double fx, double fy)
{
    auto const mix = [fx, fy](double a, double b, double c, double d) {
        return (1.0 - fy) * ((1.0 - fx) * a + fx * b) + fy * ((1.0 - fx) * c + fx * d);
    };
    auto const& p = cell.lattice;
    return {mix(p[0].x, p[2].x, p[6].x, p[8].x), mix(p[0].y, p[2].y, p[6].y, p[8].y)};
}

double distance(PixelPos const& a, PixelPos const& b)
{
    return std::fmax(std::fabs(a.x - b.x), std::fabs(a.y - b.y));
}

/// Smallest distance of neighbouring entries of the look-up tables, pixels; infinite without
/// tables.
double finest_table_step(WcsDescription const& description)
{
    double step = std::numeric_limits<double>::infinity();
    for (auto const* tables : {&description.pixel_lookup, &description.detector_lookup}) {
        for (LookupTable const& table : *tables) {
            step = table.columns > 1 ? std::fmin(step, std::fabs(table.cdelt_x)) : step;
            step = table.rows > 1 ? std::fmin(step, std::fabs(table.cdelt_y)) : step;
        }
    }
    return step;
}

/// What a cell must keep to be interpolated.
struct CellRule
{
    double tolerance = checked_tolerance;
    /// Source pixels that a cell may span: with more than about one kink of a table in it, the
    /// checked points say nothing about the others.
    double widest = std::numeric_limits<double>::infinity();
    core::Box source_bounds;

    CellRule(SkyWcs const& destination, SkyWcs const& source, int spacing)
        : widest(finest_table_step(source.description())), source_bounds(source.bounds())
    {
        double const step = finest_table_step(destination.description());
        if (std::isfinite(widest) || std::isfinite(step)) {
            // The error that a kink causes is up to twice the one at the nearest checked point.
            tolerance = 0.4 * grid_map_tolerance;
        }
        if (step < spacing) {
            widest = 0.0;
        }
    }
};

/// A function of the cell's samples and the rule alone, hence of the absolute cell index.
CellVerdict judge(CellSamples const& cell, CellRule const& rule)
{
    auto const& p = cell.lattice;
    auto const valid = static_cast<std::size_t>(std::count_if(p.begin(), p.end(), finite)) +
                       (finite(cell.probe) ? 1U : 0U);
    if (valid == 0) {
        return {Verdict::outside, 0.0};
    }
    if (valid < p.size() + 1) {
        return {Verdict::exact, 0.0};
    }
    double error = distance(cell.probe, bilinear(cell, probe_x, probe_y));
    for (std::size_t i : {1U, 3U, 4U, 5U, 7U}) {
        double const fx = 0.5 * static_cast<double>(i % 3);
        std::size_t const row = i / 3;
        double const fy = 0.5 * static_cast<double>(row);
        error = std::fmax(error, distance(p[i], bilinear(cell, fx, fy)));
    }
    double x_min = cell.probe.x;
    double x_max = cell.probe.x;
    double y_min = cell.probe.y;
    double y_max = cell.probe.y;
    for (PixelPos const& point : p) {
        x_min = std::min(x_min, point.x);
        x_max = std::max(x_max, point.x);
        y_min = std::min(y_min, point.y);
        y_max = std::max(y_max, point.y);
    }
    if (error <= rule.tolerance && std::fmax(x_max - x_min, y_max - y_min) <= rule.widest) {
        return {Verdict::interpolated, error};
    }
    core::Box const& source_bounds = rule.source_bounds;
    double const margin = std::fmax(outside_margin, 4.0 * error);
    bool const outside = x_max < static_cast<double>(source_bounds.x0) - margin ||
                         x_min > static_cast<double>(source_bounds.x1) + margin ||
                         y_max < static_cast<double>(source_bounds.y0) - margin ||
                         y_min > static_cast<double>(source_bounds.y1) + margin;
    return {outside ? Verdict::outside : Verdict::exact, error};
}

/// Cells of the absolute lattice that hold the pixels of the domain.
struct CellRange
{
    std::int64_t x0, y0, x1, y1;  ///< half-open, lattice indices
};

CellRange cells_of(core::Box const& domain, int spacing)
{
    return {floor_div(domain.x0, spacing), floor_div(domain.y0, spacing),
            floor_div(domain.x1 - 1, spacing) + 1, floor_div(domain.y1 - 1, spacing) + 1};
}

/// Samples of single cells, for the choice of the spacing.
void sample_cells(Mapper& mapper, std::span<std::array<std::int64_t, 2> const> cells, int spacing,
                  std::vector<CellSamples>& samples)
{
    constexpr std::size_t points = 10;
    std::vector<PixelPos> pixels(cells.size() * points);
    std::vector<PixelPos> mapped(pixels.size());
    for (std::size_t c = 0; c < cells.size(); ++c) {
        double const x = static_cast<double>(cells[c][0] * spacing);
        double const y = static_cast<double>(cells[c][1] * spacing);
        for (std::size_t i = 0; i < points - 1; ++i) {
            std::size_t const row = i / 3;
            pixels[c * points + i] = {x + 0.5 * spacing * static_cast<double>(i % 3),
                                      y + 0.5 * spacing * static_cast<double>(row)};
        }
        pixels[c * points + points - 1] = {x + probe_x * spacing, y + probe_y * spacing};
    }
    mapper.map(pixels, mapped);
    samples.resize(cells.size());
    for (std::size_t c = 0; c < cells.size(); ++c) {
        std::copy_n(mapped.data() + c * points, points - 1, samples[c].lattice.begin());
        samples[c].probe = mapped[c * points + points - 1];
    }
}

/// Up to `count` indices spread evenly over [begin, end).
std::vector<std::int64_t> spread(std::int64_t begin, std::int64_t end, std::int64_t count)
{
    std::int64_t const n = std::min(count, end - begin);
    std::vector<std::int64_t> indices;
    for (std::int64_t i = 0; i < n; ++i) {
        indices.push_back(begin + (2 * i + 1) * (end - begin) / (2 * n));
    }
    return indices;
}

/// Fills the lattice of a map band by band of cells and collects the cells that must be exact.
class LatticeBuilder
{
  public:
    LatticeBuilder(Mapper& mapper, GridMap& map, CellRange const& range)
        : mapper_(mapper),
          map_(map),
          range_(range),
          columns_(static_cast<std::size_t>(range.x1 - range.x0))
    {}

    /// Appends the absolute indices of the exact cells to `exact`.
    void fill(CellRule const& rule, std::vector<std::array<std::int64_t, 2>>& exact)
    {
        lattice_row(range_.y0, 0.0, low_);
        store_nodes(low_, 0);
        for (std::int64_t cell_y = range_.y0; cell_y < range_.y1; ++cell_y) {
            lattice_row(cell_y, 0.5, middle_);
            lattice_row(cell_y, 1.0, high_);
            probe_row(cell_y);
            store_nodes(high_, cell_y + 1 - range_.y0);
            for (std::size_t c = 0; c < columns_; ++c) {
                CellVerdict const verdict = judge(samples(c), rule);
                if (verdict.verdict == Verdict::exact) {
                    exact.push_back({range_.x0 + static_cast<std::int64_t>(c), cell_y});
                } else if (verdict.verdict == Verdict::interpolated) {
                    map_.max_error = std::max(map_.max_error, verdict.error);
                }
            }
            low_.swap(high_);
        }
    }

  private:
    /// Positions every half spacing along y = (cell_y + offset) * spacing, nodes at even places.
    void lattice_row(std::int64_t cell_y, double offset, std::vector<PixelPos>& row)
    {
        pixels_.resize(2 * columns_ + 1);
        row.resize(pixels_.size());
        double const y = (static_cast<double>(cell_y) + offset) * map_.spacing;
        for (std::size_t i = 0; i < pixels_.size(); ++i) {
            pixels_[i] = {
                (static_cast<double>(range_.x0) + 0.5 * static_cast<double>(i)) * map_.spacing, y};
        }
        mapper_.map(pixels_, row);
    }
    void probe_row(std::int64_t cell_y)
    {
        pixels_.resize(columns_);
        probes_.resize(columns_);
        for (std::size_t c = 0; c < columns_; ++c) {
            double const cell_x = static_cast<double>(range_.x0) + static_cast<double>(c);
            pixels_[c] = {(cell_x + probe_x) * map_.spacing,
                          (static_cast<double>(cell_y) + probe_y) * map_.spacing};
        }
        mapper_.map(pixels_, probes_);
    }
    void store_nodes(std::vector<PixelPos> const& row, std::int64_t node_row)
    {
        std::size_t const begin = static_cast<std::size_t>(node_row) * (columns_ + 1);
        for (std::size_t i = 0; i <= columns_; ++i) {
            map_.x[begin + i] = row[2 * i].x;
            map_.y[begin + i] = row[2 * i].y;
        }
    }
    [[nodiscard]] CellSamples samples(std::size_t column) const
    {
        CellSamples cell;
        for (std::size_t i = 0; i < 3; ++i) {
            cell.lattice[i] = low_[2 * column + i];
            cell.lattice[3 + i] = middle_[2 * column + i];
            cell.lattice[6 + i] = high_[2 * column + i];
        }
        cell.probe = probes_[column];
        return cell;
    }

    Mapper& mapper_;
    GridMap& map_;
    CellRange range_;
    std::size_t columns_;
    std::vector<PixelPos> pixels_;
    std::vector<PixelPos> low_;     ///< lower edge of the band of cells
    std::vector<PixelPos> middle_;  ///< its middle
    std::vector<PixelPos> high_;    ///< its upper edge
    std::vector<PixelPos> probes_;
};

/// Nodes at every pixel: nothing is interpolated, but a node without position must not reach its
/// valid neighbour through a weight of zero.
void fill_every_pixel(Mapper& mapper, GridMap& map, std::vector<std::array<std::int64_t, 2>>& exact)
{
    auto const columns = static_cast<std::size_t>(map.nodes_x);
    auto const rows = static_cast<std::size_t>(map.nodes_y);
    std::vector<PixelPos> pixels(columns);
    std::vector<PixelPos> mapped(columns);
    for (std::size_t row = 0; row < rows; ++row) {
        auto const y = map.node_y0 + static_cast<std::int64_t>(row);
        for (std::size_t i = 0; i < columns; ++i) {
            auto const x = map.node_x0 + static_cast<std::int64_t>(i);
            pixels[i] = {static_cast<double>(x), static_cast<double>(y)};
        }
        mapper.map(pixels, mapped);
        for (std::size_t i = 0; i < columns; ++i) {
            map.x[row * columns + i] = mapped[i].x;
            map.y[row * columns + i] = mapped[i].y;
        }
    }
    auto const valid = [&map](std::size_t node) {
        return std::isfinite(map.x[node]) && std::isfinite(map.y[node]);
    };
    for (std::size_t row = 0; row + 1 < rows; ++row) {
        for (std::size_t i = 0; i + 1 < columns; ++i) {
            std::size_t const node = row * columns + i;
            if (valid(node) &&
                !(valid(node + 1) && valid(node + columns) && valid(node + columns + 1))) {
                exact.push_back({map.node_x0 + static_cast<std::int64_t>(i),
                                 map.node_y0 + static_cast<std::int64_t>(row)});
            }
        }
    }
}

/// Replaces the interpolation of the given cells by the exact position of each of their pixels.
void make_exact(Mapper& mapper, GridMap& map, std::vector<std::array<std::int64_t, 2>> const& cells)
{
    if (cells.empty()) {
        return;
    }
    auto const cells_x = static_cast<std::size_t>(map.nodes_x - 1);
    auto const cells_y = static_cast<std::size_t>(map.nodes_y - 1);
    auto const side = static_cast<std::size_t>(map.spacing);
    std::size_t const area = side * side;
    core::require(
        cells.size() <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()),
        "number of exact cells fits 32 bits");
    map.exact_cell.assign(cells_x * cells_y, -1);
    map.exact_x.resize(cells.size() * area);
    map.exact_y.resize(cells.size() * area);
    std::vector<PixelPos> pixels(area);
    std::vector<PixelPos> mapped(area);
    for (std::size_t c = 0; c < cells.size(); ++c) {
        for (std::size_t i = 0; i < area; ++i) {
            pixels[i] = {static_cast<double>(cells[c][0] * map.spacing +
                                             static_cast<std::int64_t>(i % side)),
                         static_cast<double>(cells[c][1] * map.spacing +
                                             static_cast<std::int64_t>(i / side))};
        }
        mapper.map(pixels, mapped);
        for (std::size_t i = 0; i < area; ++i) {
            map.exact_x[c * area + i] = mapped[i].x;
            map.exact_y[c * area + i] = mapped[i].y;
        }
        auto const column = static_cast<std::size_t>(cells[c][0] - map.node_x0);
        auto const row = static_cast<std::size_t>(cells[c][1] - map.node_y0);
        map.exact_cell[row * cells_x + column] = static_cast<std::int32_t>(c);
    }
}
}  // namespace

int choose_map_spacing(SkyWcs const& destination, SkyWcs const& source, core::Box const& domain)
{
    constexpr int largest = 64;
    constexpr std::int64_t samples_per_side = 12;
    constexpr double allowed_exact = 0.05;
    constexpr double transforms_per_cell = 5.0;
    if (domain.empty()) {
        return largest;
    }
    Mapper mapper(destination, source);
    std::vector<CellSamples> samples;
    std::vector<std::array<std::int64_t, 2>> cells;
    // When no spacing keeps nearly all cells interpolated, the one with the fewest exact
    // transforms.
    int cheapest = 1;
    double lowest_cost = 1.0;
    for (int spacing = largest; spacing > 1; spacing /= 2) {
        CellRange const range = cells_of(domain, spacing);
        cells.clear();
        for (std::int64_t const y : spread(range.y0, range.y1, samples_per_side)) {
            for (std::int64_t const x : spread(range.x0, range.x1, samples_per_side)) {
                cells.push_back({x, y});
            }
        }
        sample_cells(mapper, cells, spacing, samples);
        CellRule const rule(destination, source, spacing);
        auto const exact = std::count_if(samples.begin(), samples.end(), [&](auto const& cell) {
            return judge(cell, rule).verdict == Verdict::exact;
        });
        double const share = static_cast<double>(exact) / static_cast<double>(samples.size());
        if (share <= allowed_exact) {
            return spacing;
        }
        double const cost = share + transforms_per_cell / (spacing * spacing);
        if (cost < lowest_cost) {
            lowest_cost = cost;
            cheapest = spacing;
        }
    }
    return cheapest;
}

image::GridMap make_grid_map(SkyWcs const& destination, SkyWcs const& source,
                             core::Box const& domain, int spacing)
{
    core::require(spacing >= 1 && (spacing & (spacing - 1)) == 0, "spacing is a power of two");
    GridMap map;
    map.domain = domain;
    map.spacing = spacing;
    if (domain.empty()) {
        return map;
    }
    CellRange const range = cells_of(domain, spacing);
    map.node_x0 = range.x0;
    map.node_y0 = range.y0;
    map.nodes_x = static_cast<int>(range.x1 - range.x0 + 1);
    map.nodes_y = static_cast<int>(range.y1 - range.y0 + 1);
    std::size_t const nodes =
        static_cast<std::size_t>(map.nodes_x) * static_cast<std::size_t>(map.nodes_y);
    map.x.resize(nodes);
    map.y.resize(nodes);
    Mapper mapper(destination, source);
    std::vector<std::array<std::int64_t, 2>> exact;
    if (spacing == 1) {
        fill_every_pixel(mapper, map, exact);
    } else {
        LatticeBuilder(mapper, map, range).fill(CellRule(destination, source, spacing), exact);
    }
    make_exact(mapper, map, exact);
    return map;
}
}  // namespace sectile::sky
