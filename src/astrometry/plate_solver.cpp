// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/astrometry/plate_solver.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/io/atomic_file.hpp"
#include "sectile/io/external_program.hpp"
#include "sectile/io/star_table.hpp"
#include "sectile/io/wcs_file.hpp"
#include "sectile/solve/wcs_fit.hpp"

namespace sectile::astrometry
{
namespace
{
constexpr double hint_radius = 5.0;  // degrees: mounts are rarely further off, or not usable at all

std::string or_default(std::string const& given, char const* usual)
{
    return given.empty() ? usual : given;
}

std::string path_of(SolveRequest const& request, char const* extension)
{
    return request.folder + "/" + request.name + extension;
}

/// What an earlier solve left would be taken for the result of this one.
void remove_results(SolveRequest const& request)
{
    std::error_code ignored;
    for (char const* const extension : {".wcs", ".ini", ".solved", ".axy"}) {
        std::filesystem::remove(path_of(request, extension), ignored);
    }
}

SolveOutcome failure(std::string reason)
{
    SolveOutcome outcome;
    outcome.reason = std::move(reason);
    return outcome;
}

/// What to say of a program that did not do its work.
SolveOutcome failure_of(std::string const& solver, io::ProgramEnd const& end,
                        std::string const& said)
{
    bool const is_missing = end.kind == io::ProgramEnd::Kind::not_run;
    std::string why = end.reason;
    if (!is_missing && !said.empty()) {
        why += "; it said: " + said;
    }
    SolveOutcome outcome = failure(core::sentence(solver + " failed", why));
    outcome.is_solver_missing = is_missing;
    outcome.has_searched = end.kind == io::ProgramEnd::Kind::exited;
    return outcome;
}

/// Stars in the order of their brightness, which is that of the list. Their fluxes would not do:
/// the brightest are saturated, and a solver that looks at the brightest first would miss them.
std::vector<io::TableStar> table_of(std::vector<plan::FrameStar> const& stars)
{
    std::vector<io::TableStar> table;
    for (std::size_t i = 0; i < stars.size(); ++i) {
        if (std::isfinite(stars[i].x) && std::isfinite(stars[i].y)) {
            table.push_back({stars[i].x, stars[i].y, static_cast<double>(stars.size() - i)});
        }
    }
    return table;
}

SolveOutcome outcome_from_file(std::string const& path, std::int64_t width, std::int64_t height,
                               std::string const& solver)
{
    io::WcsFile file = io::read_wcs_file(path, width, height);
    if (!file.reason.empty()) {
        return failure(
            core::sentence("the solution of " + solver + " cannot be used", file.reason));
    }
    SolveOutcome outcome;
    outcome.wcs = std::move(file.wcs);
    return outcome;
}

/// The line KEY=value of an .ini file; empty without it.
std::string ini_value(std::string const& path, std::string const& key)
{
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(key + "=")) {
            std::string value = line.substr(key.size() + 1);
            value.resize(value.find_last_not_of(" \t\r") + 1);
            return value;
        }
    }
    return {};
}
}  // namespace

std::unique_ptr<PlateSolver> make_plate_solver(SolverOptions const& options)
{
    switch (options.program) {
        case SolverChoice::astap:
            return std::make_unique<AstapSolver>(options);
        case SolverChoice::solve_field:
            return std::make_unique<SolveFieldSolver>(options);
        case SolverChoice::none:
            break;
    }
    return nullptr;
}

SolveFieldSolver::SolveFieldSolver(SolverOptions options) : options_(std::move(options)) {}

SolveOutcome SolveFieldSolver::solve(SolveRequest const& request) const
{
    std::vector<io::TableStar> const stars = table_of(request.frame->stars);
    constexpr std::size_t least_stars = 4;  // solve-field looks for quadrangles
    if (stars.size() < least_stars) {
        return failure(fmt::format("it shows {} stars only, too few to be solved", stars.size()));
    }
    io::write_star_table(path_of(request, ".xyls"), stars);
    if (!options_.solve_field_index.empty()) {
        // Not all versions have an option for the folder, all read a configuration.
        io::write_text_file(path_of(request, ".cfg"),
                            "add_path " + options_.solve_field_index + "\nautoindex\n");
    }
    SolveOutcome outcome = attempt(request, true);
    if (!outcome.wcs && outcome.has_searched && request.hint) {
        outcome = attempt(request, false);
    }
    return outcome;
}

SolveOutcome SolveFieldSolver::attempt(SolveRequest const& request, bool use_hint) const
{
    remove_results(request);
    std::string const log = path_of(request, ".log");
    io::ProgramEnd const end =
        io::run_external_program(command(request, use_hint), log, options_.timeout);
    std::string const result = path_of(request, ".wcs");
    std::error_code ignored;
    if (!end.succeeded()) {
        return failure_of(name(), end, io::last_line_of(log));
    }
    if (!std::filesystem::exists(result, ignored)) {
        SolveOutcome outcome =
            failure(core::sentence(name() + " found no solution", io::last_line_of(log)));
        outcome.has_searched = true;
        return outcome;
    }
    sky::FrameGeometry const& geometry = request.frame->header.geometry;
    return outcome_from_file(result, geometry.width, geometry.height, name());
}

std::vector<std::string> SolveFieldSolver::command(SolveRequest const& request, bool use_hint) const
{
    sky::FrameGeometry const& geometry = request.frame->header.geometry;
    std::vector<std::string> words{
        or_default(options_.solve_field_executable, "solve-field"), "--no-plots", "--overwrite",
        "--x-column", "X", "--y-column", "Y", "--sort-column", "FLUX", "--width",
        std::to_string(geometry.width), "--height", std::to_string(geometry.height),
        "--scale-units", "arcsecperpix", "--scale-low",
        fmt::format("{:.6g}", request.min_scale.arcsec()), "--scale-high",
        fmt::format("{:.6g}", request.max_scale.arcsec()),
        // The star list is clean: nothing in it is to be thinned out.
        "--no-remove-lines", "--uniformize", "0", "--cpulimit",
        fmt::format("{:.0f}", std::ceil(options_.timeout)), "--dir", request.folder, "--temp-dir",
        request.folder, "--out", request.name, "--wcs", path_of(request, ".wcs")};
    for (char const* const unwanted :
         {"--new-fits", "--solved", "--match", "--rdls", "--corr", "--index-xyls"}) {
        words.insert(words.end(), {unwanted, "none"});
    }
    if (!options_.solve_field_index.empty()) {
        words.insert(words.end(), {"--config", path_of(request, ".cfg")});
    }
    if (use_hint && request.hint) {
        words.insert(words.end(), {"--ra", fmt::format("{:.6f}", request.hint->lon.degrees()),
                                   "--dec", fmt::format("{:.6f}", request.hint->lat.degrees()),
                                   "--radius", fmt::format("{:g}", hint_radius)});
    }
    words.push_back(path_of(request, ".xyls"));
    return words;
}

AstapSolver::AstapSolver(SolverOptions options) : options_(std::move(options)) {}

SolveOutcome AstapSolver::solve(SolveRequest const& request) const
{
    sky::FrameHeader const& header = request.frame->header;
    sky::FrameGeometry const& geometry = header.geometry;
    std::string const extension = std::filesystem::path(header.path).extension().string();
    if (header.hdu != 0 || extension == ".gz" || extension == ".fz") {
        return failure("astap reads the first image of an uncompressed file only");
    }
    remove_results(request);
    std::string const log = path_of(request, ".log");
    io::ProgramEnd const end = io::run_external_program(command(request), log, options_.timeout);
    std::string const ini = path_of(request, ".ini");
    if (!end.succeeded()) {
        std::string const error = ini_value(ini, "ERROR");
        return failure_of(name(), end, error.empty() ? io::last_line_of(log) : error);
    }
    std::error_code ignored;
    std::string const result = path_of(request, ".wcs");
    if (ini_value(ini, "PLTSOLVD") == "F" || !std::filesystem::exists(result, ignored)) {
        return failure(core::sentence(name() + " found no solution", ini_value(ini, "ERROR")));
    }
    if (geometry.stored_width == 0) {
        return outcome_from_file(result, geometry.width, geometry.height, name());
    }
    // It solved the stored pixels, of which two by two make one of the frame.
    SolveOutcome outcome =
        outcome_from_file(result, geometry.stored_width, geometry.stored_height, name());
    if (outcome.wcs) {
        try {
            outcome.wcs = solve::transferred_wcs(*outcome.wcs, {2.0, 0.0, 0.5, 0.0, 2.0, 0.5},
                                                 static_cast<int>(geometry.width),
                                                 static_cast<int>(geometry.height));
        } catch (core::InputError const& error) {
            return failure(
                core::sentence("the solution of " + name() + " cannot be used", error.what()));
        }
    }
    return outcome;
}

std::vector<std::string> AstapSolver::command(SolveRequest const& request) const
{
    sky::FrameGeometry const& geometry = request.frame->header.geometry;
    constexpr double limits_that_tell = 2.0;
    double const ratio = request.max_scale.degrees() / request.min_scale.degrees();
    double const scale = std::sqrt(request.max_scale.degrees() * request.min_scale.degrees());
    // The height of the field in degrees; 0 lets it find out by itself.
    double const field =
        ratio <= limits_that_tell ? scale * static_cast<double>(geometry.height) : 0.0;
    std::vector<std::string> words{
        or_default(options_.astap_executable, "astap"),
        "-f",
        std::filesystem::absolute(request.frame->header.path).string(),
        "-r",
        fmt::format("{:g}", request.hint ? options_.astap_radius : 180.0),
        "-fov",
        fmt::format("{:.6g}", field),
        "-o",
        request.folder + "/" + request.name,
        "-wcs"};
    if (request.hint) {
        words.insert(words.end(),
                     {"-ra", fmt::format("{:.7f}", request.hint->lon.degrees() / 15.0), "-spd",
                      fmt::format("{:.6f}", request.hint->lat.degrees() + 90.0)});
    }
    if (!options_.astap_data.empty()) {
        words.insert(words.end(), {"-d", options_.astap_data});
    }
    return words;
}
}  // namespace sectile::astrometry
