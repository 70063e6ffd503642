// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/astrometry/solve_clusters.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "sectile/plan/footprint.hpp"

namespace sectile::astrometry
{
namespace
{
constexpr double cluster_radius = 0.5;  // degrees; more than hints of one pointing scatter
constexpr double longest_gap = 0.5;     // days: another night may be another set-up

/// Frames of a cluster so far.
struct Growing
{
    std::vector<std::size_t> members;
    std::optional<sky::SkyCoord> hint;
};

std::string folder_of(plan::FrameRecord const& frame)
{
    return std::filesystem::path(frame.header.path).parent_path().string();
}

bool is_near(std::optional<sky::SkyCoord> const& a, std::optional<sky::SkyCoord> const& b)
{
    return a && b ? plan::separation_of(*a, *b).degrees() <= cluster_radius : !a && !b;
}

/// Cuts a cluster where a long time passes without a frame. Frames without a time stay with the
/// first part.
std::vector<std::vector<std::size_t>> cut_at_gaps(std::vector<plan::FrameRecord> const& frames,
                                                  std::vector<std::size_t> members)
{
    auto const time_of = [&](std::size_t i) { return frames[i].header.facts.mjd.value_or(0.0); };
    std::ranges::stable_sort(members, {}, time_of);
    std::vector<std::vector<std::size_t>> parts;
    double last = 0.0;
    for (std::size_t const member : members) {
        bool const is_gap = last > 0.0 && time_of(member) - last > longest_gap;
        if (parts.empty() || is_gap) {
            parts.emplace_back();
        }
        parts.back().push_back(member);
        last = time_of(member);
    }
    for (auto& part : parts) {
        std::ranges::sort(part);
    }
    return parts;
}
}  // namespace

std::optional<sky::SkyCoord> pointing_hint(plan::FrameRecord const& frame)
{
    sky::ExposureFacts const& facts = frame.header.facts;
    if (facts.ra_hint && facts.dec_hint) {
        return sky::SkyCoord{core::Angle::from_degrees(*facts.ra_hint),
                             core::Angle::from_degrees(*facts.dec_hint)};
    }
    if (!frame.footprint.edge.empty()) {
        return frame.footprint.center;
    }
    return std::nullopt;
}

std::string camera_mode_of(plan::FrameRecord const& frame)
{
    sky::FrameGeometry const& geometry = frame.header.geometry;
    return fmt::format("{}\n{}x{}", frame.header.facts.instrument, geometry.width, geometry.height);
}

bool shows_plate_solution(sky::FrameHeader const& header)
{
    if (header.wcs_origin != "header" || !header.wcs.pixel_lookup.empty() ||
        !header.wcs.detector_lookup.empty()) {
        return true;
    }
    constexpr std::array<std::string_view, 8> signs = {"-SIP",  "A_ORDER", "--TPV", "--TNX",
                                                       "--ZPX", "--TPD",   "AMDX1", "PV1_"};
    return std::ranges::any_of(signs, [&](std::string_view sign) {
        return header.wcs.cards.find(sign) != std::string::npos;
    });
}

std::vector<std::vector<std::size_t>> clusters_of(std::vector<plan::FrameRecord> const& frames,
                                                  std::vector<std::size_t> const& members)
{
    std::vector<Growing> growing;
    std::map<std::string, std::vector<std::size_t>> of_key;  // indices into growing
    for (std::size_t const member : members) {
        plan::FrameRecord const& frame = frames[member];
        std::string const key = camera_mode_of(frame) + "\n" + folder_of(frame);
        auto const hint = pointing_hint(frame);
        std::vector<std::size_t>& alike = of_key[key];
        auto const found = std::ranges::find_if(
            alike, [&](std::size_t c) { return is_near(growing[c].hint, hint); });
        if (found != alike.end()) {
            growing[*found].members.push_back(member);
        } else {
            alike.push_back(growing.size());
            growing.push_back({{member}, hint});
        }
    }
    std::vector<std::vector<std::size_t>> clusters;
    for (Growing const& cluster : growing) {
        std::ranges::move(cut_at_gaps(frames, cluster.members), std::back_inserter(clusters));
    }
    std::ranges::sort(clusters, {}, [](auto const& cluster) { return cluster.front(); });
    return clusters;
}

std::vector<std::size_t> reference_candidates(std::vector<plan::FrameRecord> const& frames,
                                              std::size_t frame,
                                              std::vector<std::size_t> const& known,
                                              std::size_t most)
{
    // Hints of one pointing differ by less than this for no reason that counts.
    constexpr double step = 0.05;  // degrees
    auto const hint = pointing_hint(frames[frame]);
    auto const time = frames[frame].header.facts.mjd;
    std::vector<std::tuple<double, double, std::size_t>> ranked;
    for (std::size_t const other : known) {
        if (other == frame) {
            continue;
        }
        auto const place = pointing_hint(frames[other]);
        double const distance =
            hint && place ? std::floor(plan::separation_of(*hint, *place).degrees() / step) : 0.0;
        auto const then = frames[other].header.facts.mjd;
        ranked.emplace_back(distance, time && then ? std::abs(*time - *then) : 0.0, other);
    }
    std::size_t const count = std::min(most, ranked.size());
    std::ranges::partial_sort(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(count));
    std::vector<std::size_t> candidates;
    for (std::size_t i = 0; i < count; ++i) {
        candidates.push_back(std::get<2>(ranked[i]));
    }
    return candidates;
}

std::vector<std::size_t> spread_over(std::vector<std::size_t> const& entries, std::size_t count)
{
    count = std::min(count, entries.size());
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < count; ++i) {
        chosen.push_back(entries[(2 * i + 1) * entries.size() / (2 * count)]);
    }
    return chosen;
}
}  // namespace sectile::astrometry
