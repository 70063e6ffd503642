// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/decomposition.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <queue>
#include <utility>

#include "sectile/core/error.hpp"

namespace sectile::plan
{
namespace
{
/// Cost of a canvas pixel without any source, relative to one source sample: it is still divided,
/// masked and written.
constexpr double empty_pixel_cost = 0.1;

/// Imbalance (largest over mean cost) up to which band edges stay on whole chunks of the file;
/// above, a finer alignment costs writes of partial chunks but spreads the work.
constexpr double good_imbalance = 1.15;

/// Running sum of the cost of the canvas rows; entry i is the cost of the rows before row i.
using RowSums = std::vector<double>;

RowSums row_sums(core::Box const& canvas, std::span<core::Box const> footprints)
{
    auto const rows = static_cast<std::size_t>(canvas.height());
    std::vector<double> change(rows + 1, 0.0);
    for (core::Box const& footprint : footprints) {
        core::Box const part = footprint.clipped_to(canvas);
        if (!part.empty()) {
            change[static_cast<std::size_t>(part.y0 - canvas.y0)] +=
                static_cast<double>(part.width());
            change[static_cast<std::size_t>(part.y1 - canvas.y0)] -=
                static_cast<double>(part.width());
        }
    }
    double const base = empty_pixel_cost * static_cast<double>(canvas.width());
    RowSums sums(rows + 1, 0.0);
    double overlap = 0.0;
    for (std::size_t row = 0; row < rows; ++row) {
        overlap += change[row];
        sums[row + 1] = sums[row] + overlap + base;
    }
    return sums;
}

/// Sums at the rows where a band may begin or end: multiples of `step`, and the end.
struct Cuts
{
    std::vector<std::int64_t> row;
    std::vector<double> sum;
};

Cuts cuts_every(RowSums const& sums, std::int64_t step)
{
    Cuts cuts;
    auto const rows = static_cast<std::int64_t>(sums.size()) - 1;
    for (std::int64_t row = 0; row < rows; row += step) {
        cuts.row.push_back(row);
        cuts.sum.push_back(sums[static_cast<std::size_t>(row)]);
    }
    cuts.row.push_back(rows);
    cuts.sum.push_back(sums.back());
    return cuts;
}

/// Last cut that a band which begins at cut `from` can reach without costing more than `most`.
std::size_t reach(Cuts const& cuts, std::size_t from, double most)
{
    auto const after = std::upper_bound(cuts.sum.begin() + static_cast<std::ptrdiff_t>(from),
                                        cuts.sum.end(), cuts.sum[from] + most);
    return static_cast<std::size_t>(after - cuts.sum.begin()) - 1;
}

bool is_enough(Cuts const& cuts, int ranks, double most)
{
    std::size_t at = 0;
    for (int rank = 0; rank < ranks && at + 1 < cuts.sum.size(); ++rank) {
        std::size_t const next = reach(cuts, at, most);
        if (next == at) {
            return false;
        }
        at = next;
    }
    return at + 1 == cuts.sum.size();
}

/// Least possible cost of the most loaded rank (parametric search: bisection over the greedy test).
double least_maximum(Cuts const& cuts, int ranks)
{
    double low = cuts.sum.back() / ranks;
    double high = cuts.sum.back();
    constexpr int halvings = 60;
    for (int i = 0; i < halvings && low < high; ++i) {
        double const middle = 0.5 * (low + high);
        (is_enough(cuts, ranks, middle) ? high : low) = middle;
    }
    return high;
}

/// First cut per rank (and the end) such that no rank costs more than `most`; within that freedom
/// each edge lies nearest to an even share, so that idle ranks do not gather at the end.
std::vector<std::size_t> edges_within(Cuts const& cuts, int ranks, double most)
{
    auto const count = static_cast<std::size_t>(ranks);
    std::size_t const last = cuts.sum.size() - 1;
    // From the end backwards: the earliest cut from which the remaining ranks can still finish.
    std::vector<std::size_t> earliest(count + 1, last);
    for (std::size_t k = count; k-- > 0;) {
        auto const found =
            std::lower_bound(cuts.sum.begin(), cuts.sum.end(), cuts.sum[earliest[k + 1]] - most);
        auto at = static_cast<std::size_t>(found - cuts.sum.begin());
        // The subtraction rounds; only reach() decides, so that both passes agree.
        while (at < earliest[k + 1] && reach(cuts, at, most) < earliest[k + 1]) {
            ++at;
        }
        while (at > 0 && reach(cuts, at - 1, most) >= earliest[k + 1]) {
            --at;
        }
        earliest[k] = std::min(at, earliest[k + 1]);
    }
    std::vector<std::size_t> edges(count + 1, 0);
    edges[count] = last;
    for (std::size_t k = 1; k < count; ++k) {
        double const share = cuts.sum.back() * static_cast<double>(k) / static_cast<double>(count);
        auto const above = std::lower_bound(cuts.sum.begin(), cuts.sum.end(), share);
        auto at = static_cast<std::size_t>(above - cuts.sum.begin());
        if (at > 0 && share - cuts.sum[at - 1] < cuts.sum[at] - share) {
            --at;
        }
        edges[k] =
            std::min(std::max({at, earliest[k], edges[k - 1]}), reach(cuts, edges[k - 1], most));
    }
    return edges;
}

struct Partition
{
    std::vector<std::int64_t> edges;  ///< rows from the canvas bottom, one more than ranks
    double imbalance = 1.0;
};

Partition partition(RowSums const& sums, int ranks, std::int64_t step)
{
    Cuts const cuts = cuts_every(sums, step);
    double const most = least_maximum(cuts, ranks);
    std::vector<std::size_t> const edges = edges_within(cuts, ranks, most);
    Partition result;
    double largest = 0.0;
    for (std::size_t k = 0; k < edges.size(); ++k) {
        result.edges.push_back(cuts.row[edges[k]]);
        if (k > 0) {
            largest = std::max(largest, cuts.sum[edges[k]] - cuts.sum[edges[k - 1]]);
        }
    }
    result.imbalance = largest * ranks / cuts.sum.back();
    return result;
}

/// Of a number above 1, other than itself: edges on its multiples meet all edges of chunks.
std::int64_t largest_divisor(std::int64_t number)
{
    for (std::int64_t factor = 2; factor * factor <= number; ++factor) {
        if (number % factor == 0) {
            return number / factor;
        }
    }
    return 1;
}

/// The coarsest alignment that balances well; if none does, the coarsest of the best balanced.
Partition best_partition(RowSums const& sums, int ranks, std::int64_t alignment)
{
    constexpr double worth = 0.999;
    Partition best = partition(sums, ranks, alignment);
    std::int64_t step = alignment;
    while (step > 1 && best.imbalance > good_imbalance) {
        step = largest_divisor(step);
        Partition finer = partition(sums, ranks, step);
        if (finer.imbalance < worth * best.imbalance) {
            best = std::move(finer);
        }
    }
    return best;
}

/// Strips of one band, row by row and left to right.
std::vector<core::Box> strips_of(core::Box const& band, std::int64_t rows, std::int64_t columns)
{
    std::vector<core::Box> strips;
    if (band.empty()) {
        return strips;
    }
    for (std::int64_t y = band.y0; y < band.y1; y += rows) {
        for (std::int64_t x = band.x0; x < band.x1; x += columns) {
            strips.push_back({x, y, std::min(x + columns, band.x1), std::min(y + rows, band.y1)});
        }
    }
    return strips;
}
}  // namespace

std::vector<std::vector<std::size_t>> assign_work(std::span<WorkItem const> items, int ranks)
{
    core::require(ranks >= 1, "work is assigned to at least one rank");
    std::vector<WorkItem> order(items.begin(), items.end());
    std::sort(order.begin(), order.end(), [](WorkItem const& a, WorkItem const& b) {
        return std::pair(-a.cost, a.index) < std::pair(-b.cost, b.index);
    });
    using Load = std::pair<double, std::size_t>;
    std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
    for (std::size_t rank = 0; rank < static_cast<std::size_t>(ranks); ++rank) {
        loads.emplace(0.0, rank);
    }
    std::vector<std::vector<std::size_t>> assigned(static_cast<std::size_t>(ranks));
    for (WorkItem const& item : order) {
        auto const [load, rank] = loads.top();
        loads.pop();
        assigned[rank].push_back(item.index);
        loads.emplace(load + item.cost, rank);
    }
    return assigned;
}

core::Box Decomposition::strip_of(std::size_t round, int rank) const
{
    if (round >= rounds.size()) {
        return {};
    }
    std::vector<Strip> const& strips = rounds[round];
    auto const found =
        std::lower_bound(strips.begin(), strips.end(), rank,
                         [](Strip const& strip, int value) { return strip.owner < value; });
    return found != strips.end() && found->owner == rank ? found->box : core::Box{};
}

Decomposition decompose_canvas(core::Box const& canvas, std::span<core::Box const> footprints,
                               int ranks, std::int64_t rows_per_strip,
                               std::int64_t columns_per_strip, std::int64_t alignment)
{
    core::require(ranks >= 1, "a canvas is decomposed for at least one rank");
    core::require(!canvas.empty(), "a canvas that is decomposed has pixels");
    core::require(rows_per_strip >= 1 && columns_per_strip >= 1 && alignment >= 1,
                  "strips and their alignment are at least one pixel");
    Partition const cut = best_partition(row_sums(canvas, footprints), ranks, alignment);
    Decomposition result;
    result.imbalance = cut.imbalance;
    for (int rank = 0; rank < ranks; ++rank) {
        auto const k = static_cast<std::size_t>(rank);
        core::Box const band{canvas.x0, canvas.y0 + cut.edges[k], canvas.x1,
                             canvas.y0 + cut.edges[k + 1]};
        result.bands.push_back(band.empty() ? core::Box{} : band);
        std::vector<core::Box> const strips =
            strips_of(result.bands.back(), rows_per_strip, columns_per_strip);
        result.rounds.resize(std::max(result.rounds.size(), strips.size()));
        for (std::size_t round = 0; round < strips.size(); ++round) {
            result.rounds[round].push_back({strips[round], rank});
        }
    }
    return result;
}

void halve_rounds(Decomposition& decomposition, std::size_t first)
{
    auto const from = decomposition.rounds.begin() +
                      static_cast<std::ptrdiff_t>(std::min(first, decomposition.rounds.size()));
    std::vector<std::vector<Strip>> halved;
    for (auto round = from; round != decomposition.rounds.end(); ++round) {
        std::vector<Strip> lower;
        std::vector<Strip> upper;
        for (Strip const& strip : *round) {
            core::Box const& box = strip.box;
            std::int64_t const middle = box.y0 + (box.height() + 1) / 2;
            lower.push_back({{box.x0, box.y0, box.x1, middle}, strip.owner});
            if (middle < box.y1) {
                upper.push_back({{box.x0, middle, box.x1, box.y1}, strip.owner});
            }
        }
        halved.push_back(std::move(lower));
        if (!upper.empty()) {
            halved.push_back(std::move(upper));
        }
    }
    decomposition.rounds.erase(from, decomposition.rounds.end());
    std::move(halved.begin(), halved.end(), std::back_inserter(decomposition.rounds));
}

std::int64_t tallest_strip(Decomposition const& decomposition, std::size_t round)
{
    std::int64_t tallest = 0;
    for (Strip const& strip : decomposition.rounds.at(round)) {
        tallest = std::max(tallest, strip.box.height());
    }
    return tallest;
}
}  // namespace sectile::plan
