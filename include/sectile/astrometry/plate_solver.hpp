// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sectile/core/angle.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::astrometry
{
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

/// One frame to be solved, with what is known of it.
struct SolveRequest
{
    plan::FrameRecord const* frame = nullptr;  ///< its stars count; its WCS, if any, does not
    std::optional<sky::SkyCoord> hint;         ///< direction, to a few degrees
    core::Angle min_scale;                     ///< of a pixel
    core::Angle max_scale;
    std::string folder;  ///< that exists, for the files of this solve
    std::string name;    ///< of those files, without extension; unique in the folder
};

/// What the solver found.
struct SolveOutcome
{
    std::optional<sky::WcsDescription> wcs;  ///< for the pixels of the debayered frame
    std::string reason;                      ///< without a WCS: one sentence
    bool is_solver_missing = false;          ///< no other frame can be solved either
    bool has_searched = false;  ///< the program ended by itself: it looked, and found nothing
};

/// An external program that finds the WCS of a frame from its stars. Thread-safe.
class PlateSolver
{
  public:
    virtual ~PlateSolver() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    /// Never throws for a program that fails, hangs, crashes or is missing, or for what it writes;
    /// core::IoError where the folder cannot be written.
    [[nodiscard]] virtual SolveOutcome solve(SolveRequest const& request) const = 0;
};

/// The solver of the options, or null for `none`.
[[nodiscard]] std::unique_ptr<PlateSolver> make_plate_solver(SolverOptions const& options);

/// Astrometry.net's solve-field (Lang et al. 2010, AJ 139, 1782) on a list of our own stars, so
/// that its solution and our positions are of one kind. With a hint the search is limited to 5
/// degrees around it (mounts write coordinates of date, and lie); where that finds nothing, the
/// whole sky is searched.
class SolveFieldSolver final : public PlateSolver
{
  public:
    explicit SolveFieldSolver(SolverOptions options);
    [[nodiscard]] std::string name() const override { return "solve-field"; }
    [[nodiscard]] SolveOutcome solve(SolveRequest const& request) const override;

  private:
    [[nodiscard]] SolveOutcome attempt(SolveRequest const& request, bool use_hint) const;
    [[nodiscard]] std::vector<std::string> command(SolveRequest const& request,
                                                   bool use_hint) const;

    SolverOptions options_;
};

/// ASTAP (Han Kleijn) on the file itself; it reads the first image of an uncompressed file only.
class AstapSolver final : public PlateSolver
{
  public:
    explicit AstapSolver(SolverOptions options);
    [[nodiscard]] std::string name() const override { return "astap"; }
    [[nodiscard]] SolveOutcome solve(SolveRequest const& request) const override;

  private:
    [[nodiscard]] std::vector<std::string> command(SolveRequest const& request) const;

    SolverOptions options_;
};
}  // namespace sectile::astrometry
