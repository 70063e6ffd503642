// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <tuple>

#include "sectile/core/error.hpp"

#include "solve/star_pairing.hpp"

namespace sectile::solve
{
namespace
{
constexpr double bin = 1.5;             ///< px, of the histogram of shifts
constexpr double start_radius = 4.0;    ///< px: error left by bins and steps of rotation
constexpr std::size_t most_starts = 3;  ///< peaks that are tried

/// A peak of the votes: rotation about `pivot` and shift after it.
struct Peak
{
    int votes = 0;
    int step = 0;  ///< of rotation
    double x = 0.0, y = 0.0;
};

/// A pair that may be one star: place of the moving star about the pivot, and of the reference.
struct Candidate
{
    double x = 0.0, y = 0.0, u = 0.0, v = 0.0;
};

struct Vote
{
    sky::PixelPos pivot;
    double half_extent = 0.0;
    double step = 0.0;  ///< radians
    int steps = 0;      ///< to either side
    std::vector<Candidate> candidates;

    [[nodiscard]] PlaneAffine map_of(Peak const& peak) const
    {
        double const c = std::cos(peak.step * step);
        double const s = std::sin(peak.step * step);
        return {c, -s, pivot.x - c * pivot.x + s * pivot.y + peak.x,
                s, c,  pivot.y - s * pivot.x - c * pivot.y + peak.y};
    }
};

Vote collect_votes(StarList const& reference, StarList const& moving, PlaneAffine const& guess,
                   NearOptions const& options)
{
    Vote vote;
    std::size_t const count = std::min(moving.size(), options.vote_stars);
    std::size_t const targets = std::min(reference.size(), options.vote_stars);
    double const reach = options.search_radius;
    std::vector<sky::PixelPos> places;
    for (std::size_t m = 0; m < count; ++m) {
        sky::PixelPos const at = guess.apply(moving.places[m]);
        double const margin = reach;
        if (at.x >= reference.x_min - margin && at.x <= reference.x_max + margin &&
            at.y >= reference.y_min - margin && at.y <= reference.y_max + margin) {
            places.push_back(at);
            vote.pivot.x += at.x;
            vote.pivot.y += at.y;
        }
    }
    if (places.empty()) {
        return vote;
    }
    vote.pivot.x /= static_cast<double>(places.size());
    vote.pivot.y /= static_cast<double>(places.size());
    for (sky::PixelPos const& place : places) {
        vote.half_extent =
            std::max(vote.half_extent, std::hypot(place.x - vote.pivot.x, place.y - vote.pivot.y));
    }
    double const most = options.max_rotation * std::numbers::pi / 180.0;
    vote.step = 1.5 * bin / std::max(vote.half_extent, 1.0);
    vote.steps = static_cast<int>(std::ceil(most / vote.step));

    PlaceIndex index(std::span(reference.places).first(targets));
    for (sky::PixelPos const& place : places) {
        Candidate candidate{place.x - vote.pivot.x, place.y - vote.pivot.y, 0.0, 0.0};
        double const smear = most * std::hypot(candidate.x, candidate.y);
        for (auto const& [r, squared] : index.within(place, reach + smear)) {
            candidate.u = reference.places[r].x - vote.pivot.x;
            candidate.v = reference.places[r].y - vote.pivot.y;
            vote.candidates.push_back(candidate);
        }
    }
    return vote;
}

/// Fullest 3 x 3 bins of the shifts at one rotation; the shift is the mean within them.
Peak peak_at(Vote const& vote, int step, double reach, std::vector<int>& bins)
{
    int const half = static_cast<int>(std::ceil(reach / bin)) + 1;
    int const side = 2 * half + 1;
    auto const cell = [side](int column, int row) {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(side) +
               static_cast<std::size_t>(column);
    };
    bins.assign(static_cast<std::size_t>(side) * static_cast<std::size_t>(side), 0);
    double const c = std::cos(step * vote.step);
    double const s = std::sin(step * vote.step);
    auto const shift_of = [c, s](Candidate const& k) {
        return sky::PixelPos{k.u - (c * k.x - s * k.y), k.v - (s * k.x + c * k.y)};
    };
    auto const bin_of = [half](double shift) {
        return static_cast<int>(std::lround(shift / bin)) + half;
    };
    auto const is_near = [reach](sky::PixelPos const& shift) {
        return shift.x * shift.x + shift.y * shift.y <= reach * reach;
    };
    for (Candidate const& candidate : vote.candidates) {
        sky::PixelPos const shift = shift_of(candidate);
        if (is_near(shift)) {
            ++bins[cell(bin_of(shift.x), bin_of(shift.y))];
        }
    }
    Peak peak;
    peak.step = step;
    int best_column = 0;
    int best_row = 0;
    for (int row = 1; row + 1 < side; ++row) {
        for (int column = 1; column + 1 < side; ++column) {
            int votes = 0;
            for (int k = 0; k < 9; ++k) {
                votes += bins[cell(column + k % 3 - 1, row + k / 3 - 1)];
            }
            if (votes > peak.votes) {
                peak.votes = votes;
                best_column = column;
                best_row = row;
            }
        }
    }
    for (Candidate const& candidate : vote.candidates) {
        sky::PixelPos const shift = shift_of(candidate);
        if (is_near(shift) && std::abs(bin_of(shift.x) - best_column) <= 1 &&
            std::abs(bin_of(shift.y) - best_row) <= 1) {
            peak.x += shift.x / peak.votes;
            peak.y += shift.y / peak.votes;
        }
    }
    return peak;
}

/// The fullest peaks, none of them within three bins and steps of a fuller one.
std::vector<Peak> find_peaks(Vote const& vote, double reach)
{
    std::vector<Peak> all;
    std::vector<int> bins;
    for (int step = -vote.steps; step <= vote.steps; ++step) {
        Peak const peak = peak_at(vote, step, reach, bins);
        if (peak.votes > 0) {
            all.push_back(peak);
        }
    }
    // Between equal peaks the one nearer to the guess is the likelier.
    std::sort(all.begin(), all.end(), [](Peak const& a, Peak const& b) {
        return std::tuple(-a.votes, std::abs(a.step), a.step, std::hypot(a.x, a.y)) <
               std::tuple(-b.votes, std::abs(b.step), b.step, std::hypot(b.x, b.y));
    });
    std::vector<Peak> distinct;
    for (Peak const& peak : all) {
        bool const repeated =
            std::any_of(distinct.begin(), distinct.end(), [&peak](Peak const& other) {
                return std::abs(peak.step - other.step) <= 3 &&
                       std::hypot(peak.x - other.x, peak.y - other.y) <= 3.0 * bin;
            });
        if (!repeated && distinct.size() < most_starts) {
            distinct.push_back(peak);
        }
    }
    return distinct;
}
}  // namespace

StarMatch match_near(std::span<StarPosition const> reference, std::span<StarPosition const> moving,
                     PlaneAffine const& guess, NearOptions const& options)
{
    core::require(options.search_radius > 0.0 && options.max_rotation >= 0.0,
                  "a search radius above 0 and a rotation of at least 0");
    core::require(std::fabs(guess.determinant()) > 0.0, "a guess that is not singular");
    StarList const fixed(reference);
    StarList const stars(moving);
    StarMatch best;
    best.transform = guess;
    best.reason = "no stars match";
    Vote const vote = collect_votes(fixed, stars, guess, options);
    if (vote.candidates.empty()) {
        return best;
    }
    PlaceIndex index(fixed.places);
    double const cells = std::pow(options.search_radius / bin, 2.0) * std::numbers::pi;
    double const log10_trials = std::log10(std::max(cells, 1.0) * (2.0 * vote.steps + 1.0));
    bool first = true;
    for (Peak const& peak : find_peaks(vote, options.search_radius)) {
        PlaneAffine const start = vote.map_of(peak).compose(guess);
        Refined const refined =
            refine(fixed, index, stars, stars.size(), start, start_radius, options.affine_pairs);
        StarMatch match = judged(refined, fixed, index, stars, log10_trials, options.acceptance);
        if (first || std::tuple(!match.accepted, match.log10_false_alarm) <
                         std::tuple(!best.accepted, best.log10_false_alarm)) {
            best = std::move(match);
            first = false;
        }
    }
    return best;
}
}  // namespace sectile::solve
