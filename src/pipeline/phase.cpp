// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/phase.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <sstream>

#include "sectile/core/hash.hpp"

namespace sectile::pipeline
{
namespace
{
using enum Artefact;

template <std::size_t N>
using Keys = std::array<std::string_view, N>;

template <std::size_t... N>
constexpr auto joined(Keys<N> const&... lists)
{
    Keys<(N + ...)> all{};
    std::size_t at = 0;
    auto const append = [&](auto const& list) {
        for (std::string_view const key : list) {
            all[at++] = key;
        }
    };
    (append(lists), ...);
    return all;
}

/// How pixels of frames are prepared when they are read, whoever reads them.
constexpr Keys<9> preparation{"debayer",     "cosmetic",      "master_dark",
                              "master_flat", "bad_pixel_map", "weight_suffix",
                              "weight_type", "mask_suffix",   "mask_bits"};
/// What every coadd goes by.
constexpr Keys<4> coadding{"resample", "flux_mode", "stacking_weighting_method", "backend"};
constexpr Keys<2> matching{"intertile_photometric_match", "intertile_overlap_min"};
constexpr Keys<4> clipping{"stacking_kappa_low", "stacking_kappa_high", "stacking_winsor_limits",
                           "stacking_rejection_ampfrac"};

constexpr auto of_ingest =
    joined(preparation, Keys<7>{"start_from", "min_scale", "max_scale", "solver", "registration",
                                "quality_gate", "quality_gate_sigma"});
constexpr Keys<4> of_solve{"solver", "astap_default_search_radius", "min_scale", "max_scale"};
constexpr Keys<8> of_grid{
    "projection",      "pixel_scale",    "orientation",       "center",
    "padding_percent", "reference_grid", "max_canvas_pixels", "outlier_tiles"};
constexpr Keys<5> of_group{"cluster_panel_threshold", "cluster_max_span",
                           "cluster_orientation_split_deg", "cluster_target_groups", "group_mix"};
constexpr Keys<1> of_registration{"registration"};
constexpr auto of_tiles = joined(
    preparation, coadding, matching, clipping,
    Keys<9>{"stacking_normalize_method", "stacking_rejection_algorithm",
            "stacking_final_combine_method", "apply_radial_weight", "radial_feather_fraction",
            "radial_shape_power", "altaz_cleanup_enabled", "altaz_min_coverage", "feather_px"});
constexpr auto of_frame_levels = joined(preparation, matching);
constexpr auto of_assembly =
    joined(coadding, clipping, Keys<3>{"assembly", "final_combine", "feather_px"});
constexpr auto of_mosaic_first = joined(
    preparation, coadding,
    Keys<4>{"global_coadd_method", "global_coadd_k", "stacking_winsor_limits", "feather_px"});

template <Artefact... all>
constexpr std::array<Artefact, sizeof...(all)> list{all...};
}  // namespace

namespace phases
{
Phase const ingest{"P1 ingest", plan::PlanKind::ingest, of_ingest, list<files>, list<records>};
Phase const solve{"P1 solve", std::nullopt, of_solve, list<records>, list<solved>};
Phase const grid{"P4 grid", std::nullopt, of_grid, list<solved>, list<canvas_grid>};
Phase const group{"P2 group", std::nullopt, of_group, list<solved>, list<groups>};
Phase const register_stars{"P2 register", std::nullopt, of_registration, list<solved, groups>,
                           list<registered>};
Phase const planning{
    "planning", std::nullopt, {}, list<registered, groups, canvas_grid>, list<local_plan>};
Phase const master_tiles{"P3 master tiles", plan::PlanKind::master_tiles, of_tiles,
                         list<registered, groups, local_plan>, list<tiles>};
Phase const match_tiles{"photometry", plan::PlanKind::photometry, matching,
                        list<tiles, canvas_grid, local_plan>, list<levels>};
Phase const match_frames{"photometry", plan::PlanKind::photometry, of_frame_levels,
                         list<registered, canvas_grid, local_plan>, list<levels>};
Phase const assemble{"P5 assemble", plan::PlanKind::phase5_reproject, of_assembly,
                     list<tiles, levels, canvas_grid, local_plan>, list<canvas>};
Phase const mosaic_first{"mosaic-first", plan::PlanKind::mosaic_first, of_mosaic_first,
                         list<registered, levels, canvas_grid, local_plan>, list<canvas>};
Phase const finish{"P6 finish", plan::PlanKind::finish, {}, list<canvas>, list<products>};
}  // namespace phases

char const* name_of(Artefact artefact)
{
    constexpr std::array names{"files",  "records",    "solved records", "grid",
                               "groups", "registered", "local plan",     "tiles",
                               "levels", "canvas",     "products"};
    return names.at(static_cast<std::size_t>(artefact));
}

std::span<Phase const* const> phases_of(RunConfig const& config)
{
    using namespace phases;
    static constexpr std::array classic{&ingest,         &solve,    &grid,         &group,
                                        &register_stars, &planning, &master_tiles, &match_tiles,
                                        &assemble,       &finish};
    static constexpr std::array from_frames{&ingest,       &solve,          &grid,
                                            &group,        &register_stars, &planning,
                                            &match_frames, &mosaic_first,   &finish};
    // Tiles that are given pass the phases before them and are not changed.
    static constexpr std::array from_tiles{&ingest,      &solve,          &grid,
                                           &group,       &register_stars, &planning,
                                           &match_tiles, &assemble,       &finish};
    if (config.start_from_tiles) {
        return from_tiles;
    }
    return config.mode == Mode::mosaic_first ? std::span<Phase const* const>(from_frames)
                                             : std::span<Phase const* const>(classic);
}

std::string options_hash(Phase const& phase, std::string const& options)
{
    core::ContentHash hash;
    std::istringstream lines(options);
    for (std::string line; std::getline(lines, line);) {
        std::string_view const key = std::string_view(line).substr(0, line.find(' '));
        if (std::ranges::find(phase.options, key) != phase.options.end()) {
            hash.add(line);
        }
    }
    return hash.hex();
}
}  // namespace sectile::pipeline
