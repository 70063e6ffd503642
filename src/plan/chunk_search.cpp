// SPDX-License-Identifier: BSD-3-Clause
#include "plan/chunk_search.hpp"

#include <algorithm>

namespace sectile::plan
{
namespace
{
/// Rows that are worth having whatever the width, while the strips stay below most_strip_bytes: the
/// margins are 6 % of them.
constexpr std::int64_t worthwhile_rows = 256;
constexpr std::int64_t most_strip_bytes = std::int64_t{1} << 30;

/// Rows and columns below which all else is given up first: a window of 16 x 256 pixels has twice
/// as many with its margin.
constexpr std::int64_t row_floor = 16;
constexpr std::int64_t column_floor = 256;
/// Columns of a strip of good rows that leave the cost of its windows' margins small.
constexpr std::int64_t good_columns = 1024;
/// Columns below which a strip is never made narrower: one block of the combine kernels.
constexpr std::int64_t least_columns = 64;

/// Windows beyond one per worker hide reading behind computing; more than four bring nothing.
constexpr std::int64_t windows_per_worker = 4;

/// Bytes of windows, samples and strips of a rank beyond which more bring nothing either.
constexpr std::int64_t enough_bytes = std::int64_t{2} << 30;
constexpr std::int64_t enough_bytes_of_worker = std::int64_t{256} << 20;

/// What opening a file and setting up the transforms of a window costs, in pixels that could be
/// resampled meanwhile.
constexpr std::int64_t window_cost = std::int64_t{32} << 10;

/// Evenly smaller values: `value` cut into 1, 2, 3 ... equal pieces, in ever larger steps, down to
/// `least`.
std::vector<std::int64_t> even_cuts(std::int64_t value, std::int64_t least)
{
    std::vector<std::int64_t> cuts;
    for (std::int64_t pieces = 1;; pieces += std::max<std::int64_t>(1, pieces / 4)) {
        std::int64_t const cut = (value + pieces - 1) / pieces;
        if (cut <= least) {
            break;
        }
        cuts.push_back(cut);
    }
    cuts.push_back(std::min(value, least));
    return cuts;
}
}  // namespace

ChunkSearch::ChunkSearch(MemoryModel const& model, std::int64_t budget, int workers,
                         std::int64_t forced_rows)
    : model_(model),
      job_(model.job()),
      budget_(budget),
      workers_(workers),
      is_forced_(forced_rows > 0),
      widest_(is_forced_ ? job_.width : useful_columns()),
      tallest_(is_forced_ ? std::min(forced_rows, job_.height) : useful_rows(widest_)),
      floor_(std::min(good_rows, tallest_))
{}

/// Rows of a strip of so many columns beyond which memory buys nothing.
std::int64_t ChunkSearch::useful_rows(std::int64_t columns) const
{
    std::int64_t const band = tallest_band(job_);
    std::int64_t const row = columns * model_.strip_pixel_bytes(workers_);
    std::int64_t const rows = std::max(
        {strip_target / row, std::min(worthwhile_rows, most_strip_bytes / row), good_rows});
    if (rows >= band) {
        return band;
    }
    // Strips that begin on chunks of the file are written without sharing chunks.
    std::int64_t const strips = (band + rows - 1) / rows;
    std::int64_t const even = (band + strips - 1) / strips;
    std::int64_t const step = std::max(job_.row_alignment, 1);
    return std::min(band, (even + step - 1) / step * step);
}

/// Columns beyond which a strip only costs: turned sources have windows as tall as the strip is
/// wide, and of thin strips all but a few of these rows are read in vain.
std::int64_t ChunkSearch::useful_columns() const
{
    constexpr double worth = 0.75;
    constexpr double good = 1.25;
    double const turned = job_.cross_spread * static_cast<double>(job_.source_width);
    if (turned < static_cast<double>(useful_rows(job_.width)) / 4.0) {
        return job_.width;
    }
    std::vector<std::int64_t> widths;
    std::vector<double> costs;
    for (std::int64_t cuts = 1; cuts == 1 || job_.width / cuts >= column_floor; cuts *= 2) {
        std::int64_t const width = (job_.width + cuts - 1) / cuts;
        StripLoad const& load = model_.load({workers_, useful_rows(width), width, 1});
        widths.push_back(width);
        costs.push_back(static_cast<double>(load.read_pixels) +
                        static_cast<double>(window_cost) * static_cast<double>(load.windows));
    }
    double const least = *std::ranges::min_element(costs);
    if (least > worth * costs.front()) {
        return job_.width;
    }
    auto const widest =
        std::ranges::find_if(costs, [&](double cost) { return cost <= good * least; });
    return widths[static_cast<std::size_t>(widest - costs.begin())];
}

/// Descending: strips as wide as they may be, of good rows.
ChunkSearch::Shapes ChunkSearch::tall_shapes() const
{
    Shapes shapes;
    std::int64_t const step = std::max(job_.row_alignment, 1);
    for (std::int64_t rows : even_cuts(tallest_, floor_)) {
        if (rows < tallest_ && rows > step) {
            rows = (rows + step - 1) / step * step;
        }
        ChunkShape const shape{workers_, std::min(rows, tallest_), widest_, 1};
        if (shapes.empty() || shape.rows < shapes.back().rows) {
            shapes.push_back(shape);
        }
    }
    return shapes;
}

/// Descending: narrower and then thinner ones.
ChunkSearch::Shapes ChunkSearch::narrow_shapes() const
{
    Shapes shapes;
    for (std::int64_t const columns : even_cuts(widest_, column_floor)) {
        shapes.push_back({workers_, floor_, columns, 1});
    }
    for (std::int64_t rows = floor_ / 2; rows >= row_floor; rows /= 2) {
        shapes.push_back({workers_, rows, shapes.back().columns, 1});
    }
    return shapes;
}

/// Descending: shapes that read far more than they make.
ChunkSearch::Shapes ChunkSearch::tiny_shapes() const
{
    Shapes shapes;
    ChunkShape shape = narrow_shapes().back();
    shape.workers = 1;
    shapes.push_back(shape);
    while (shape.columns > least_columns) {
        shape.columns = std::max(least_columns, shape.columns / 2);
        shapes.push_back(shape);
    }
    while (shape.rows > 1) {
        shape.rows /= 2;
        shapes.push_back(shape);
    }
    return shapes;
}

bool ChunkSearch::fits(ChunkShape const& shape) const
{
    return model_.peak_bytes(shape) <= budget_;
}

/// A stack needs all windows of its strip; sums need one at a time.
std::int64_t ChunkSearch::batch_for(ChunkShape const& shape, std::int64_t per_worker) const
{
    std::int64_t const sources = model_.sources_of_strip(shape);
    return job_.running_mean ? std::min(per_worker * shape.workers, sources) : sources;
}

ChunkShape ChunkSearch::with_least_batch(ChunkShape shape) const
{
    shape.batch = shape.spills || job_.running_mean ? std::min<std::int64_t>(1, job_.sources)
                                                    : model_.sources_of_strip(shape);
    return shape;
}

ChunkShape ChunkSearch::largest_batch(ChunkShape shape, std::int64_t most) const
{
    if (job_.running_mean) {
        shape.batch = largest_that(shape.batch, std::max(shape.batch, most), [&](std::int64_t n) {
            ChunkShape changed = shape;
            changed.batch = n;
            return fits(changed);
        });
    }
    return shape;
}

ChunkShape const* ChunkSearch::last_fitting(Shapes const& ascending) const
{
    ChunkShape const* last = nullptr;
    for (ChunkShape const& shape : ascending) {
        if (!fits(shape)) {
            break;
        }
        last = &shape;
    }
    return last;
}

ChunkShape ChunkSearch::find() const
{
    std::int64_t enough = enough_bytes + workers_ * enough_bytes_of_worker;
    for (; enough < budget_ && !is_forced_; enough *= 2) {
        ChunkSearch modest = *this;
        modest.budget_ = enough;
        ChunkShape const shape = modest.find_within();
        if (modest.fits(shape) && is_good(shape)) {
            return shape;
        }
    }
    return find_within();
}

/// Nothing had to be given up that is worth having.
bool ChunkSearch::is_good(ChunkShape const& shape) const
{
    return !shape.spills && shape.workers == workers_ && shape.rows >= floor_ &&
           shape.columns >= std::min(widest_, good_columns);
}

ChunkShape ChunkSearch::find_within() const
{
    Shapes tall = tall_shapes();
    if (ChunkShape const wanted = with_least_batch(tall.front()); is_forced_ && fits(wanted)) {
        return largest_batch(wanted, batch_for(wanted, windows_per_worker));
    }
    for (ChunkShape& shape : tall) {
        shape.batch = batch_for(shape, 1);
    }
    std::ranges::reverse(tall);
    if (ChunkShape const* const shape = last_fitting(tall)) {
        return largest_batch(*shape, batch_for(*shape, windows_per_worker));
    }
    ChunkShape const least = with_least_batch(tall.front());
    if (fits(least)) {
        return largest_batch(least, tall.front().batch);
    }
    Shapes narrow = narrow_shapes();
    for (ChunkShape& shape : narrow) {
        shape = with_least_batch(shape);
    }
    std::ranges::reverse(narrow);
    if (ChunkShape const* const shape = last_fitting(narrow)) {
        return largest_batch(*shape, batch_for(*shape, 1));
    }
    return find_smaller(narrow.front());
}

/// With fewer workers, on disk, or in tiny strips.
ChunkShape ChunkSearch::find_smaller(ChunkShape shape) const
{
    auto const with_workers = [&](ChunkShape changed, std::int64_t count) {
        changed.workers = static_cast<int>(count);
        return changed;
    };
    if (fits(with_workers(shape, 1))) {
        return with_workers(shape, largest_that(1, workers_, [&](std::int64_t count) {
                                return fits(with_workers(shape, count));
                            }));
    }
    Shapes tiny = tiny_shapes();
    for (ChunkShape& small : tiny) {
        small = with_least_batch(small);
    }
    std::ranges::reverse(tiny);
    if (job_.can_spill && !job_.running_mean) {
        Shapes spilled = tiny;
        for (Shapes const& larger : {narrow_shapes(), tall_shapes()}) {
            spilled.insert(spilled.end(), larger.rbegin(), larger.rend());
        }
        for (ChunkShape& candidate : spilled) {
            candidate.spills = true;
            candidate.workers = 1;
            candidate = with_least_batch(candidate);
        }
        if (ChunkShape const* const found = last_fitting(spilled)) {
            return with_workers(*found, largest_that(1, workers_, [&](std::int64_t count) {
                return fits(with_workers(*found, count));
            }));
        }
    }
    ChunkShape const* const found = last_fitting(tiny);
    return found != nullptr ? *found : tiny.front();
}

std::int64_t ChunkSearch::least_bytes() const
{
    ChunkShape least = with_least_batch(tiny_shapes().back());
    std::int64_t bytes = model_.peak_bytes(least);
    if (job_.can_spill && !job_.running_mean) {
        least.spills = true;
        bytes = std::min(bytes, model_.peak_bytes(with_least_batch(least)));
    }
    return bytes;
}

ChunkShape pieces_shape(MemoryModel const& model, int workers, std::int64_t forced_rows,
                        std::int64_t budget)
{
    JobSize const& job = model.job();
    workers =
        static_cast<int>(std::min<std::int64_t>(workers, std::max<std::int64_t>(job.sources, 1)));
    ChunkShape shape{workers, 1, job.width, workers};
    auto const fits = [&](std::int64_t count, std::int64_t rows) {
        return model.pieces_bytes(static_cast<int>(count), rows) <= budget;
    };
    std::int64_t const most = forced_rows > 0 ? std::min(forced_rows, job.height) : job.height;
    std::int64_t const least = std::min(good_rows, most);
    shape.workers = static_cast<int>(
        largest_that(1, workers, [&](std::int64_t count) { return fits(count, least); }));
    auto const useful = [&](std::int64_t rows) {
        return model.pieces_bytes(1, rows) - job.held_bytes <= strip_target;
    };
    // Taller pieces only once all workers have their share: less memory never gives taller ones.
    shape.rows = largest_that(1, shape.workers < workers ? least : most, [&](std::int64_t rows) {
        return (rows <= least || useful(rows)) && fits(shape.workers, rows);
    });
    shape.batch = shape.workers;
    return shape;
}
}  // namespace sectile::plan
