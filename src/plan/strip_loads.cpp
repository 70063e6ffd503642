// SPDX-License-Identifier: BSD-3-Clause
#include "plan/strip_loads.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace sectile::plan
{
namespace
{
/// Floats in a cache line: rows of windows are padded to whole ones.
constexpr std::int64_t row_step = 16;
/// Rounding of positions to whole pixels, both sides.
constexpr std::int64_t rounding = 2;

std::int64_t divided_up(std::int64_t value, std::int64_t divisor)
{
    return (value + divisor - 1) / divisor;
}

/// Whole pixels of a positive number, at most `limit`.
std::int64_t pixels_of(double extent, std::int64_t limit)
{
    return extent >= static_cast<double>(limit) ? limit
                                                : static_cast<std::int64_t>(std::ceil(extent));
}

/// Source pixels along one axis around `half` on both sides of a position `offset` from the middle
/// of a source of `whole` pixels: a window reaches over the edge of its source, so that kernels
/// need no bounds checks there, and no further.
std::int64_t window_extent(double half, double offset, std::int64_t whole, std::int64_t margin)
{
    std::int64_t const most = whole + 4 * margin;
    double const edge = 0.5 * static_cast<double>(whole) + static_cast<double>(margin);
    double const inside = std::min(edge, offset + half) - std::max(-edge, offset - half);
    auto const beyond = static_cast<double>(2 * margin + rounding);
    return pixels_of(std::max(0.0, inside) + beyond, most);
}

/// The window under a part of a footprint. A turned source needs more for the part's extent across,
/// less where the part lies off its middle.
std::int64_t window_of(SourcePlace const& source, double rows, double columns, double row_offset,
                       double column_offset, std::int64_t margin)
{
    double const a = source.row_spread;
    double const c = source.cross_spread;
    // Which way the source is turned is not known: the lesser of both offsets.
    double const off_y = std::abs(a * std::abs(row_offset) - c * std::abs(column_offset));
    double const off_x = std::abs(a * std::abs(column_offset) - c * std::abs(row_offset));
    std::int64_t const height =
        window_extent(0.5 * (a * rows + c * columns), off_y, source.height, margin);
    std::int64_t const width =
        window_extent(0.5 * (a * columns + c * rows), off_x, source.width, margin);
    return height * (divided_up(width, row_step) * row_step);
}

SourcePlace largest_source(JobSize const& job)
{
    SourcePlace source;
    source.width = job.source_width;
    source.height = job.source_height;
    source.row_spread = job.row_spread;
    source.cross_spread = job.cross_spread;
    return source;
}

/// A rank with a single strip never holds two.
std::int64_t pair_of(JobSize const& job, std::int64_t strip_pixels)
{
    return std::max(strip_pixels, std::min(2 * strip_pixels, tallest_band(job) * job.width));
}

struct Extent
{
    std::int64_t rows = 1;
    std::int64_t columns = 1;
};

/// Destination pixels under the largest source: those of the box around it.
Extent footprint_of(JobSize const& job)
{
    double const a = job.row_spread;
    double const c = job.cross_spread;
    double const scale = a * a + c * c;
    auto const w = static_cast<double>(job.source_width);
    auto const h = static_cast<double>(job.source_height);
    if (!(scale > 0.0)) {
        return {job.height, job.width};
    }
    return {std::max<std::int64_t>(1, pixels_of((a * h + c * w) / scale, job.height)),
            std::max<std::int64_t>(1, pixels_of((a * w + c * h) / scale, job.width))};
}

/// From depth and extents. Two bounds, the lesser of which holds: every source there is, whole; and
/// as many as the depth allows, spread evenly, so that those at the rim of a strip share it.
StripLoad estimated_load(JobSize const& job, std::int64_t rows, std::int64_t columns)
{
    Extent const footprint = footprint_of(job);
    SourcePlace const source = largest_source(job);
    auto const r = static_cast<double>(rows);
    auto const c = static_cast<double>(columns);
    auto const fr = static_cast<double>(footprint.rows);
    auto const fc = static_cast<double>(footprint.columns);
    double const most = static_cast<double>(job.sources);
    double const touching = static_cast<double>(job.depth) * (r / fr + 1.0) * (c / fc + 1.0);
    std::int64_t const whole_rows = std::min(rows, footprint.rows);
    std::int64_t const whole_columns = std::min(columns, footprint.columns);
    std::int64_t const window = window_pixels(job, whole_rows, whole_columns);
    auto const mean_window = static_cast<double>(
        window_of(source, r * fr / (r + fr), c * fc / (c + fc), 0.0, 0.0, job.kernel_margin));

    StripLoad load;
    load.strip_pixels = rows * columns;
    load.pair_pixels = pair_of(job, load.strip_pixels);
    load.sources = pixels_of(touching, job.sources);
    load.largest_window = job.sources > 0 ? window : 0;
    load.largest_part = job.sources > 0 ? whole_rows * whole_columns : 0;
    load.window_pixels =
        std::max(load.largest_window,
                 static_cast<std::int64_t>(std::min(most * static_cast<double>(window),
                                                    std::ceil(touching) * mean_window)));
    load.first_window_pixels = load.later_window_pixels = load.window_pixels;
    load.samples = static_cast<std::int64_t>(
        std::min(most * static_cast<double>(load.largest_part),
                 static_cast<double>(job.depth) * static_cast<double>(load.strip_pixels)));
    load.exchanged = 3 * load.samples;
    double const windows = most * (fr / r + 1.0) * (fc / c + 1.0);
    load.windows = static_cast<std::int64_t>(windows);
    load.read_pixels = static_cast<std::int64_t>(windows * mean_window);
    return load;
}

/// Counts what falls on each strip of a team, band by band.
class StripCount
{
  public:
    StripCount(JobSize const& job, std::int64_t rows, std::int64_t columns)
        : job_(job),
          places_(job.places),
          rows_(rows),
          columns_(columns),
          across_(divided_up(places_.canvas.width(), columns))
    {
        for (std::size_t rank = 0; rank < places_.bands.size(); ++rank) {
            first_.push_back(strips_.size());
            if (!places_.bands[rank].empty()) {
                // Bands lie in the order of the ranks; the empty ones would break the search.
                busy_.push_back(rank);
                std::int64_t const along = divided_up(places_.bands[rank].height(), rows_);
                strips_.resize(strips_.size() + static_cast<std::size_t>(along * across_));
                rounds_ = std::max(rounds_, along * across_);
            }
        }
        first_.push_back(strips_.size());
        leaving_.resize(job.route == Route::push
                            ? places_.bands.size() * static_cast<std::size_t>(rounds_)
                            : 0);
    }

    [[nodiscard]] StripLoad count(int rank)
    {
        for (SourcePlace const& source : places_.sources) {
            add(source);
        }
        auto const self = static_cast<std::size_t>(std::max(rank, 0));
        StripLoad load;
        load.strip_pixels =
            std::min(rows_, tallest_band(job_)) * std::min(columns_, places_.canvas.width());
        load.pair_pixels = pair_of(job_, load.strip_pixels);
        load.windows = windows_;
        load.read_pixels = read_pixels_;
        std::size_t const end = rank < 0 ? places_.bands.size() : self + 1;
        for (std::size_t of = rank < 0 ? 0 : self; of < end; ++of) {
            add_strips(of, load);
            load.exchanged = std::max(load.exchanged, exchanged(of));
        }
        load.window_pixels = std::max(load.first_window_pixels, load.later_window_pixels);
        if (job_.route == Route::push) {
            // A rank reads for the strips of others.
            load.largest_window = largest_window_;
        }
        return load;
    }

  private:
    struct Strip
    {
        std::int64_t sources = 0;
        std::int64_t window_pixels = 0;
        std::int64_t largest_window = 0;
        std::int64_t largest_part = 0;
        std::int64_t samples = 0;
    };

    /// The most of the strips of one rank.
    void add_strips(std::size_t rank, StripLoad& load) const
    {
        for (std::size_t k = first_[rank]; k < first_[rank + 1]; ++k) {
            Strip const& strip = strips_[k];
            std::int64_t& windows =
                k == first_[rank] ? load.first_window_pixels : load.later_window_pixels;
            windows = std::max(windows, strip.window_pixels);
            load.sources = std::max(load.sources, strip.sources);
            load.largest_window = std::max(load.largest_window, strip.largest_window);
            load.largest_part = std::max(load.largest_part, strip.largest_part);
            load.samples = std::max(load.samples, strip.samples);
        }
    }

    void add(SourcePlace const& source)
    {
        core::Box const reach = source.footprint.clipped_to(places_.canvas);
        if (reach.empty()) {
            return;
        }
        auto at = std::upper_bound(
            busy_.begin(), busy_.end(), reach.y0,
            [&](std::int64_t row, std::size_t rank) { return row < places_.bands[rank].y1; });
        for (; at != busy_.end() && places_.bands[*at].y0 < reach.y1; ++at) {
            core::Box const& band = places_.bands[*at];
            core::Box const part = reach.clipped_to(band);
            for (std::int64_t i = (part.y0 - band.y0) / rows_; i <= (part.y1 - 1 - band.y0) / rows_;
                 ++i) {
                for (std::int64_t j = (part.x0 - band.x0) / columns_;
                     j <= (part.x1 - 1 - band.x0) / columns_; ++j) {
                    core::Box const strip{band.x0 + j * columns_, band.y0 + i * rows_,
                                          band.x0 + (j + 1) * columns_, band.y0 + (i + 1) * rows_};
                    add(source, part.clipped_to(strip), *at,
                        static_cast<std::size_t>(i * across_ + j));
                }
            }
        }
    }

    void add(SourcePlace const& source, core::Box const& part, std::size_t owner, std::size_t round)
    {
        core::Box const& whole = source.footprint;
        // A footprint that ends at the edge of the canvas may have been cut there: its middle is
        // then not the source's.
        core::Box const& canvas = places_.canvas;
        bool const is_cut = whole.x0 <= canvas.x0 || whole.y0 <= canvas.y0 ||
                            whole.x1 >= canvas.x1 || whole.y1 >= canvas.y1;
        auto const middle = [](std::int64_t from, std::int64_t to) {
            return 0.5 * static_cast<double>(from + to);
        };
        double const row_offset =
            is_cut ? 0.0 : middle(part.y0, part.y1) - middle(whole.y0, whole.y1);
        double const column_offset =
            is_cut ? 0.0 : middle(part.x0, part.x1) - middle(whole.x0, whole.x1);
        std::int64_t const window =
            window_of(source, static_cast<double>(part.height()), static_cast<double>(part.width()),
                      row_offset, column_offset, job_.kernel_margin);
        Strip& strip = strips_[first_[owner] + round];
        strip.sources += 1;
        strip.window_pixels += window;
        strip.largest_window = std::max(strip.largest_window, window);
        strip.largest_part = std::max(strip.largest_part, part.area());
        strip.samples += part.area();
        largest_window_ = std::max(largest_window_, window);
        windows_ += 1;
        read_pixels_ += window;
        if (job_.route == Route::push &&
            static_cast<std::size_t>(source.home) < places_.bands.size()) {
            leaving_[static_cast<std::size_t>(source.home) * static_cast<std::size_t>(rounds_) +
                     round] += part.area();
        }
    }

    /// Of one rank: samples of the round being made and of the one on its way.
    [[nodiscard]] std::int64_t exchanged(std::size_t rank) const
    {
        std::int64_t most = 0;
        std::int64_t making = 0;
        for (std::size_t round = 0; !leaving_.empty() && round < static_cast<std::size_t>(rounds_);
             ++round) {
            std::size_t const k = first_[rank] + round;
            std::int64_t const arriving = k < first_[rank + 1] ? strips_[k].samples : 0;
            most = std::max(most, making + arriving +
                                      leaving_[rank * static_cast<std::size_t>(rounds_) + round]);
            making = arriving;
        }
        return most;
    }

    JobSize const& job_;
    JobPlaces const& places_;
    std::int64_t rows_;
    std::int64_t columns_;
    std::int64_t across_;  ///< strips beside each other
    std::int64_t rounds_ = 0;
    std::vector<std::size_t> busy_;   ///< ranks that have rows
    std::vector<std::size_t> first_;  ///< strip of each rank, and the end
    std::vector<Strip> strips_;
    std::vector<std::int64_t> leaving_;  ///< samples that each rank sends in each round
    std::int64_t largest_window_ = 0;
    std::int64_t windows_ = 0;
    std::int64_t read_pixels_ = 0;
};

/// Shapes below are not counted: they are many, and what touches a smaller strip touches this one.
constexpr std::int64_t counted_rows = 16;
constexpr std::int64_t counted_columns = 64;
/// Nor are shapes that cut the sources into more parts: a plan is made in a moment.
constexpr std::int64_t most_parts = 4'000'000;

std::int64_t parts_of_sources(JobSize const& job, std::int64_t rows, std::int64_t columns)
{
    std::int64_t parts = 0;
    for (SourcePlace const& source : job.places.sources) {
        core::Box const reach = source.footprint.clipped_to(job.places.canvas);
        parts += reach.empty() ? 0 : (reach.height() / rows + 1) * (reach.width() / columns + 1);
    }
    return parts;
}
}  // namespace

std::int64_t tallest_band(JobSize const& job)
{
    std::int64_t tallest = 0;
    for (core::Box const& band : job.places.bands) {
        tallest = std::max(tallest, band.height());
    }
    if (tallest > 0) {
        return tallest;
    }
    return job.band_rows > 0 ? std::min(job.band_rows, job.height)
                             : divided_up(job.height, std::max(job.ranks, 1));
}

std::int64_t window_pixels(JobSize const& job, std::int64_t rows, std::int64_t columns)
{
    Extent const footprint = footprint_of(job);
    return window_of(largest_source(job), static_cast<double>(std::min(rows, footprint.rows)),
                     static_cast<double>(std::min(columns, footprint.columns)), 0.0, 0.0,
                     job.kernel_margin);
}

StripLoad load_of_strips(JobSize const& job, std::int64_t rows, std::int64_t columns, int rank)
{
    if (job.places.sources.empty() || job.places.bands.empty()) {
        return estimated_load(job, rows, columns);
    }
    std::int64_t counted_r = std::max(rows, std::min(counted_rows, tallest_band(job)));
    std::int64_t counted_c = std::max(columns, std::min(counted_columns, job.width));
    while (parts_of_sources(job, counted_r, counted_c) > most_parts &&
           (counted_r < job.height || counted_c < job.width)) {
        (counted_c < job.width ? counted_c : counted_r) *= 2;
    }
    StripLoad load = StripCount(job, counted_r, counted_c).count(rank);
    if (counted_r == rows && counted_c == columns) {
        return load;
    }
    std::int64_t const window = window_pixels(job, rows, columns);
    double const cuts = static_cast<double>(divided_up(counted_r, rows)) *
                        static_cast<double>(divided_up(counted_c, columns));
    load.strip_pixels = std::min(load.strip_pixels, rows * columns);
    load.pair_pixels = pair_of(job, load.strip_pixels);
    load.largest_window = std::min(load.largest_window, window);
    for (std::int64_t* const pixels :
         {&load.window_pixels, &load.first_window_pixels, &load.later_window_pixels}) {
        *pixels = std::min(*pixels, load.sources * window);
    }
    load.largest_part = std::min(load.largest_part, rows * columns);
    load.samples = std::min(load.samples, load.sources * rows * columns);
    load.windows = static_cast<std::int64_t>(cuts * static_cast<double>(load.windows));
    load.read_pixels = std::max(load.read_pixels, load.windows * window);
    return load;
}
}  // namespace sectile::plan
