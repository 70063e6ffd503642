// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sectile/astrometry/plate_solver.hpp"
#include "sectile/compute/debayer.hpp"
#include "sectile/compute/recipe.hpp"
#include "sectile/engine/coadd.hpp"
#include "sectile/machine/machine_options.hpp"
#include "sectile/photometry/match_levels.hpp"
#include "sectile/plan/canvas_grid.hpp"
#include "sectile/plan/group.hpp"
#include "sectile/plan/parallel_plan.hpp"
#include "sectile/plan/quality_gate.hpp"
#include "sectile/sky/sky_wcs.hpp"
#include "sectile/source/preparations.hpp"
#include "sectile/tile/tile_options.hpp"

namespace sectile::pipeline
{
enum class Mode : std::uint8_t
{
    classic,
    mosaic_first
};
enum class Keep : std::uint8_t
{
    none,
    tiles,
    all
};

/// What the user said, typed and validated; made by the command line layer, read by everything
/// else.
struct RunConfig
{
    std::vector<std::string> input;
    std::string output;
    Mode mode = Mode::classic;
    bool strict = false;
    bool start_from_tiles = false;
    bool dry_run = false;  ///< plan only: no pixels are read, no products are written
    Keep keep = Keep::none;
    std::string log_level = "info";

    source::PreparationOptions preparation;
    bool cosmetic = true;         ///< hot pixels are repaired before debayering
    bool registers_stars = true;  ///< registration: by stars, or as the WCS say
    plan::QualityGate quality_gate = plan::QualityGate::report;
    double quality_gate_sigma = 4.0;
    sky::WcsLimits wcs_limits;
    astrometry::SolverOptions solver;
    plan::GroupingOptions grouping;

    compute::ResampleRecipe resample;
    tile::StackOptions stacking;              ///< P3: stacking_* options
    tile::RadialWeightOptions radial_weight;  ///< P3
    tile::AltazOptions altaz;                 ///< P3
    compute::CombineRecipe final_combine;     ///< P5: final_combine
    /// Mosaic-First: global_coadd_method, global_coadd_k
    compute::CombineRecipe global_coadd{
        .rejection = compute::Rejection::kappa_sigma, .kappa_low = 2.0, .kappa_high = 2.0};
    photometry::PhotometricMatch photometric_match = photometry::PhotometricMatch::plane;
    double overlap_min = 0.05;  ///< intertile_overlap_min
    double feather = 64.0;      ///< feather_px

    plan::GridOptions grid;
    std::string reference_grid_file;

    plan::ParallelOptions parallel;
    std::optional<engine::Route> route;  ///< nothing: the planner chooses
    machine::BackendChoice backend = machine::BackendChoice::cpu;
    machine::UseGpu use_gpu = machine::UseGpu::automatic;
    machine::MachineOptions machine;

    double telemetry_interval = 1.0;  ///< seconds, 0: no telemetry
    std::string faults;               ///< see core/fault_injection.hpp; empty: none

    std::string options_text;  ///< --print-config of this run, for the report
    /// The lines of options_text that change the picture; for products, which must not vary with
    /// paths or plans.
    std::string picture_options_text;
    std::vector<std::string>
        notes;  ///< options that had no effect; the user was told, the report should say it too

    /// Whether there are master tiles to be made: classic, from frames.
    [[nodiscard]] bool makes_tiles() const { return mode == Mode::classic && !start_from_tiles; }
    /// Whether maps of what rejection removed are products.
    [[nodiscard]] bool makes_rejection_maps() const
    {
        return stacking.rejection_maps && makes_tiles();
    }
    /// What is done to the pixels of the input: finished tiles have no masters, and name their
    /// partners themselves.
    [[nodiscard]] source::PreparationOptions preparation_in_force() const
    {
        return start_from_tiles ? source::PreparationOptions{preparation.debayer, {}, {}}
                                : preparation;
    }
    /// Whether frames without a WCS may get one.
    [[nodiscard]] bool solves_frames() const
    {
        return solver.program != astrometry::SolverChoice::none;
    }
};

/// Where intermediate files live.
[[nodiscard]] inline std::string scratch_directory(RunConfig const& config)
{
    return config.output + "/.sectile";
}
}  // namespace sectile::pipeline
