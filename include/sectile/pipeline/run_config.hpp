// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sectile/compute/recipe.hpp"
#include "sectile/plan/canvas_grid.hpp"
#include "sectile/plan/group.hpp"
#include "sectile/plan/parallel_plan.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::pipeline
{
enum class Mode : std::uint8_t
{
    classic,
    mosaic_first
};
enum class Assembly : std::uint8_t
{
    reproject
};
enum class Keep : std::uint8_t
{
    none,
    tiles,
    all
};
enum class Debayer : std::uint8_t
{
    bilinear,
    vng,
    superpixel,
    none
};
/// What the weight maps of frames hold. map_weight: inverse variances in any unit, brought to that
/// of the frame by its measured noise; the others are taken by their word.
enum class WeightType : std::uint8_t
{
    none,
    map_weight,
    inverse_variance,
    map_variance,
    map_rms
};
enum class Normalize : std::uint8_t
{
    none,
    sky_mean,
    linear_fit
};
/// What becomes of frames that stand out from their kind (plan/quality_gate.hpp).
enum class QualityGate : std::uint8_t
{
    off,
    report,
    reject
};
enum class Weighting : std::uint8_t
{
    none,
    noise_variance,
    noise_fwhm  ///< that, and 1 / fwhm^2
};
enum class PhotometricMatch : std::uint8_t
{
    off,
    offset,
    plane
};
/// How samples reach the owner of a band; automatic lets the planner choose.
enum class Route : std::uint8_t
{
    automatic,
    pull,
    push
};
enum class BackendChoice : std::uint8_t
{
    cpu,
    reference
};
/// automatic takes a device where one can be used; on is an error where none can.
enum class UseGpu : std::uint8_t
{
    automatic,
    on,
    off
};

/// How frames or tiles are weighted, matched and combined in one kind of coadd.
struct StackOptions
{
    Normalize normalize = Normalize::linear_fit;
    Weighting weighting = Weighting::noise_variance;
    compute::CombineRecipe combine{.rejection = compute::Rejection::winsorized_sigma_clip};
    bool rejection_maps = false;  ///< of master tiles: what rejection removed is a product too
};

/// Images that say something about the pixels of frames.
struct PartnerOptions
{
    std::string weight_suffix;  ///< a rule of partner_names.hpp; empty: there are no weight maps
    WeightType weight_type = WeightType::map_weight;
    std::string mask_suffix;                      ///< the same for masks
    std::uint64_t mask_bits = ~std::uint64_t{0};  ///< bits of a mask that mean a bad pixel
};

/// Files of master frames; empty: none.
struct MasterOptions
{
    std::string dark;
    std::string flat;
    std::string bad_pixels;
};

/// Weight that falls toward the corners of each frame (apply_radial_weight).
struct RadialWeightOptions
{
    bool apply = false;
    double fraction = 0.8;  ///< radial_feather_fraction, of half the diagonal
    double power = 2.0;     ///< radial_shape_power, of the cosine
};

/// Less weight in the mosaic for the thin corners of a tile, which few frames cover. Harmless where
/// nothing else lies: the weight stays positive and no pixel is lost.
struct AltazOptions
{
    bool cleanup = true;         ///< altaz_cleanup_enabled
    double min_coverage = 0.15;  ///< altaz_min_coverage, of the tile's maximum
};

/// Which external program finds the WCS of frames without one.
enum class SolverChoice : std::uint8_t
{
    none,
    astap,
    solve_field
};

/// External plate solvers; an empty text stands for what the program itself takes.
struct SolverOptions
{
    SolverChoice program = SolverChoice::none;
    /// Seconds that one frame may take. Less gives up frames with few stars and no hint; more makes
    /// a solver that hangs cost more.
    double timeout = 60.0;
    std::string astap_executable;        ///< astap_executable_path; empty: astap, in PATH
    std::string astap_data;              ///< astap_data_directory_path: folder of the star database
    double astap_radius = 3.0;           ///< astap_default_search_radius, degrees around a hint
    std::string solve_field_executable;  ///< solve_field_executable_path; empty: in PATH
    std::string solve_field_index;  ///< solve_field_index_directory; empty: as its configuration
};

/// The machine that `sectile plan` plans for, as far as it is not this one: a member that is not
/// set stands for what there is here. Never read by a run.
struct MachineOptions
{
    std::optional<int> ranks;
    std::optional<int> ranks_per_node;
    std::optional<std::int64_t> node_ram;  ///< bytes that the job may use on each node
    std::optional<int> node_cores;         ///< that the job may use on each node
    std::optional<int> gpus;               ///< per node
    std::optional<std::int64_t> gpu_vram;  ///< bytes free on each of them
    bool json = false;                     ///< the plan as JSON instead of text
};

/// What the user said, typed and validated; made by the command line layer, read by everything
/// else.
struct RunConfig
{
    std::vector<std::string> input;
    std::string output;
    Mode mode = Mode::classic;
    Assembly assembly = Assembly::reproject;
    bool strict = false;
    bool start_from_tiles = false;
    bool dry_run = false;  ///< plan only: no pixels are read, no products are written
    Keep keep = Keep::none;
    std::string log_level = "info";

    Debayer debayer = Debayer::bilinear;
    bool cosmetic = true;         ///< hot pixels are repaired before debayering
    bool registers_stars = true;  ///< registration: by stars, or as the WCS say
    QualityGate quality_gate = QualityGate::report;
    double quality_gate_sigma = 4.0;
    MasterOptions masters;
    PartnerOptions partners;
    sky::WcsLimits wcs_limits;
    SolverOptions solver;
    plan::GroupingOptions grouping;

    compute::ResampleRecipe resample;
    StackOptions stacking;                 ///< P3: stacking_* options
    RadialWeightOptions radial_weight;     ///< P3
    AltazOptions altaz;                    ///< P3
    compute::CombineRecipe final_combine;  ///< P5: final_combine
    /// Mosaic-First: global_coadd_method, global_coadd_k
    compute::CombineRecipe global_coadd{
        .rejection = compute::Rejection::kappa_sigma, .kappa_low = 2.0, .kappa_high = 2.0};
    PhotometricMatch photometric_match = PhotometricMatch::plane;
    double overlap_min = 0.05;  ///< intertile_overlap_min
    double feather = 64.0;      ///< feather_px

    plan::GridOptions grid;
    std::string reference_grid_file;

    plan::ParallelOptions parallel;
    Route route = Route::automatic;
    BackendChoice backend = BackendChoice::cpu;
    UseGpu use_gpu = UseGpu::automatic;
    MachineOptions machine;

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
    /// Whether frames without a WCS may get one.
    [[nodiscard]] bool solves_frames() const { return solver.program != SolverChoice::none; }
};
}  // namespace sectile::pipeline
