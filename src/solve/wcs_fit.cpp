// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/solve/wcs_fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include <Eigen/Dense>

#include "sectile/core/error.hpp"
#include "sectile/core/robust.hpp"

#include "solve/wcs_cards.hpp"

namespace sectile::solve
{
namespace
{
constexpr double to_radians = std::numbers::pi / 180.0;
constexpr std::size_t least_matches = 3;
constexpr std::size_t least_for_outliers = 6;
constexpr double difference_step = 0.5;  ///< px
constexpr double settled_step = 0.01;    ///< px: from here on scale and slopes are kept
constexpr double converged_step = 1e-6;  ///< px
constexpr double usable_step = 1e-3;     ///< px: where slow steps may end at the last
constexpr double least_scale = 1e-7;     ///< px: of residuals that are rounding errors
constexpr int most_halvings = 12;
constexpr int absolute_iterations = 8;  ///< at most, of least absolute deviations

[[noreturn]] void refuse(std::string const& why)
{
    throw core::InputError(core::sentence("the WCS cannot be fitted to the stars", why));
}

using Vector3 = Eigen::Vector3d;

/// A direction with east and north at it.
struct Direction
{
    Vector3 at, east, north;

    Direction(double lon, double lat)
        : at(std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)),
          east(-std::sin(lon), std::cos(lon), 0.0),
          north(-std::sin(lat) * std::cos(lon), -std::sin(lat) * std::sin(lon), std::cos(lat))
    {}
};

/// CRVAL moved by (east, north) radians along a great circle, the matrix turned as north turns on
/// the way (so that a step at a pole is only a shift) and multiplied by `change`.
LinearWcs stepped(LinearWcs const& from, double east, double north, Eigen::Matrix2d const& change)
{
    LinearWcs to = from;
    Eigen::Matrix2d matrix;
    matrix << from.matrix[0], from.matrix[1], from.matrix[2], from.matrix[3];
    matrix = change * matrix;
    double const length = std::hypot(east, north);
    if (length > 0.0) {
        Direction const here(from.crval_longitude * to_radians, from.crval_latitude * to_radians);
        Vector3 const along = (east * here.east + north * here.north) / length;
        Vector3 const there = here.at * std::cos(length) + along * std::sin(length);
        Vector3 const onward = along * std::cos(length) - here.at * std::sin(length);
        double const lon = std::hypot(there.x(), there.y()) > 0.0
                               ? std::atan2(there.y(), there.x())
                               : from.crval_longitude * to_radians;
        double const lat = std::atan2(there.z(), std::hypot(there.x(), there.y()));
        Direction const arrived(lon, lat);
        double const turn = std::atan2(onward.dot(arrived.east), onward.dot(arrived.north)) -
                            std::atan2(east, north);
        Eigen::Matrix2d rotation;
        rotation << std::cos(turn), std::sin(turn), -std::sin(turn), std::cos(turn);
        matrix = rotation * matrix;
        // Longitude on the same turn as before: 359.99 + 0.02 is as good as 0.01, but -0.01 is not
        // what headers say.
        double const degrees = lon / to_radians;
        to.crval_longitude = degrees < 0.0 ? degrees + 360.0 : degrees;
        to.crval_latitude = lat / to_radians;
    }
    to.matrix = {matrix(0, 0), matrix(0, 1), matrix(1, 0), matrix(1, 1)};
    return to;
}

class Fitter
{
  public:
    Fitter(sky::WcsDescription const& start, std::span<SkyMatch const> matches,
           WcsFitOptions const& options);
    WcsFit fit();

  private:
    void choose_matches(std::span<SkyMatch const> matches, sky::SkyWcs const& wcs);
    void choose_parameters();
    [[nodiscard]] LinearWcs moved(LinearWcs const& from, Eigen::VectorXd const& step) const;
    /// Residuals (east, north) per match in pixels; nothing where the WCS cannot be made or half
    /// of the matches leave its projection.
    [[nodiscard]] std::optional<Eigen::VectorXd> residuals(LinearWcs const& linear) const;
    [[nodiscard]] Eigen::MatrixXd jacobian(LinearWcs const& linear,
                                           Eigen::VectorXd const& at) const;
    [[nodiscard]] Eigen::VectorXd weights(Eigen::VectorXd const& residual, bool absolute);
    [[nodiscard]] WcsFit result(LinearWcs const& linear, Eigen::VectorXd const& residual);

    EditableWcs editable_;
    WcsFitOptions options_;
    double scale_ = 0.0;  ///< radians per pixel
    double reach_ = 1.0;  ///< px from CRPIX to the farthest match
    int parameters_ = 4;
    std::vector<SkyMatch> used_;
    std::vector<std::uint32_t> given_index_;
    std::vector<Direction> directions_;
    std::vector<double> root_weight_;  ///< of the match, about 1
    std::size_t given_ = 0;
    double robust_scale_ = 0.0;
    bool keep_scale_ = false;
};

Fitter::Fitter(sky::WcsDescription const& start, std::span<SkyMatch const> matches,
               WcsFitOptions const& options)
    : editable_(start), options_(options), given_(matches.size())
{
    sky::SkyWcs const wcs(start);
    scale_ = wcs.pixel_scale().radians();
    if (!(scale_ > 0.0) || !std::isfinite(scale_)) {
        refuse("the image centre has no place on the sky");
    }
    choose_matches(matches, wcs);
    choose_parameters();
}

void Fitter::choose_matches(std::span<SkyMatch const> matches, sky::SkyWcs const& wcs)
{
    double sum = 0.0;
    for (std::uint32_t i = 0; i < matches.size(); ++i) {
        SkyMatch const& match = matches[i];
        bool const finite = std::isfinite(match.pixel.x) && std::isfinite(match.pixel.y) &&
                            std::isfinite(match.sky.lon.radians()) &&
                            std::isfinite(match.sky.lat.radians()) && std::isfinite(match.weight) &&
                            match.weight > 0.0;
        if (!finite || std::isnan(wcs.pixel_to_sky(match.pixel).lat.radians())) {
            continue;
        }
        used_.push_back(match);
        given_index_.push_back(i);
        directions_.emplace_back(match.sky.lon.radians(), match.sky.lat.radians());
        sum += match.weight;
    }
    if (used_.size() < least_matches) {
        refuse("only " + std::to_string(used_.size()) + " of them can be used, 3 are needed");
    }
    double const mean = sum / static_cast<double>(used_.size());
    for (SkyMatch const& match : used_) {
        root_weight_.push_back(std::sqrt(match.weight / mean));
    }
}

void Fitter::choose_parameters()
{
    double x = 0.0, y = 0.0;
    for (SkyMatch const& match : used_) {
        x += match.pixel.x / static_cast<double>(used_.size());
        y += match.pixel.y / static_cast<double>(used_.size());
        reach_ = std::max(reach_, std::hypot(match.pixel.x + 1.0 - editable_.linear().crpix[0],
                                             match.pixel.y + 1.0 - editable_.linear().crpix[1]));
    }
    double xx = 0.0, xy = 0.0, yy = 0.0;
    for (SkyMatch const& match : used_) {
        xx += (match.pixel.x - x) * (match.pixel.x - x);
        xy += (match.pixel.x - x) * (match.pixel.y - y);
        yy += (match.pixel.y - y) * (match.pixel.y - y);
    }
    if (!(xx + yy > static_cast<double>(used_.size()))) {
        refuse("they are at one place");
    }
    // A band of stars a hundred times longer than wide says nothing about the scale across it.
    bool const spread = xx * yy - xy * xy > 1e-4 * (xx + yy) * (xx + yy);
    int const fixed = spread && used_.size() >= options_.affine_matches ? 6 : 4;
    parameters_ = std::min(fixed, static_cast<int>(options_.freedom));
}

LinearWcs Fitter::moved(LinearWcs const& from, Eigen::VectorXd const& step) const
{
    Eigen::Matrix2d change = Eigen::Matrix2d::Identity();
    if (parameters_ == 6) {
        change(0, 0) += step[2] / reach_;
        change(0, 1) += step[3] / reach_;
        change(1, 0) += step[4] / reach_;
        change(1, 1) += step[5] / reach_;
    } else if (parameters_ == 4) {
        change(0, 0) += step[2] / reach_;
        change(1, 1) += step[2] / reach_;
        change(0, 1) += step[3] / reach_;
        change(1, 0) -= step[3] / reach_;
    }
    return stepped(from, step[0] * scale_, step[1] * scale_, change);
}

std::optional<Eigen::VectorXd> Fitter::residuals(LinearWcs const& linear) const
{
    std::vector<sky::PixelPos> pixels;
    for (SkyMatch const& match : used_) {
        pixels.push_back(match.pixel);
    }
    std::vector<sky::SkyCoord> sky(pixels.size());
    try {
        sky::SkyWcs(editable_.with(linear)).pixel_to_sky(pixels, sky);
    } catch (core::InputError const&) {
        return std::nullopt;
    }
    Eigen::VectorXd residual(2 * static_cast<Eigen::Index>(sky.size()));
    Eigen::Index row = 0;
    std::size_t lost = 0;
    for (std::size_t i = 0; i < sky.size(); ++i) {
        lost += std::isnan(sky[i].lat.radians()) ? 1U : 0U;
        Vector3 const place = Direction(sky[i].lon.radians(), sky[i].lat.radians()).at;
        residual[row++] = place.dot(directions_[i].east) / scale_;
        residual[row++] = place.dot(directions_[i].north) / scale_;
    }
    return 2 * lost > sky.size() ? std::nullopt : std::optional(residual);
}

Eigen::MatrixXd Fitter::jacobian(LinearWcs const& linear, Eigen::VectorXd const& at) const
{
    Eigen::MatrixXd slopes(at.size(), parameters_);
    for (int k = 0; k < parameters_; ++k) {
        Eigen::VectorXd step = Eigen::VectorXd::Zero(parameters_);
        step[k] = difference_step;
        std::optional<Eigen::VectorXd> beside = residuals(moved(linear, step));
        if (!beside) {  // the other way may lie on this side of what the projection allows
            step[k] = -difference_step;
            beside = residuals(moved(linear, step));
        }
        if (!beside) {
            refuse("small changes of it give no usable WCS");
        }
        slopes.col(k) = (*beside - at) / step[k];
    }
    return slopes;
}

/// One weight per match, 0 for outliers and for what left the projection.
Eigen::VectorXd Fitter::weights(Eigen::VectorXd const& residual, bool absolute)
{
    std::size_t const n = used_.size();
    std::vector<double> distances(n);
    std::vector<double> finite;
    for (std::size_t i = 0; i < n; ++i) {
        auto const row = 2 * static_cast<Eigen::Index>(i);
        distances[i] = std::hypot(residual[row], residual[row + 1]) * root_weight_[i];
        if (std::isfinite(distances[i])) {
            finite.push_back(distances[i]);
        }
    }
    if (finite.size() < least_matches) {
        refuse("they leave the projection");
    }
    double const median = core::median_in_place(finite);
    double const freedom = 1.0 - 0.5 * parameters_ / static_cast<double>(finite.size());
    if (!keep_scale_) {
        robust_scale_ = std::max(median / core::rayleigh_median / std::sqrt(std::max(freedom, 0.1)),
                                 least_scale);
    }
    Eigen::VectorXd weight(static_cast<Eigen::Index>(n));
    for (std::size_t i = 0; i < n; ++i) {
        double w = 0.0;
        if (std::isfinite(distances[i])) {
            w = n < least_for_outliers ? 1.0
                : absolute             ? 1.0 / std::max(distances[i], 0.01 * median + least_scale)
                                       : core::tukey_weight(distances[i], robust_scale_);
        }
        weight[static_cast<Eigen::Index>(i)] = w * root_weight_[i] * root_weight_[i];
    }
    return weight;
}

WcsFit Fitter::result(LinearWcs const& linear, Eigen::VectorXd const& residual)
{
    WcsFit fit;
    fit.wcs = editable_.with(linear);
    fit.parameters = parameters_;
    Eigen::VectorXd const weight = weights(residual, false);
    double sum = 0.0;
    double total = 0.0;
    std::vector<bool> kept(given_, false);
    for (std::size_t i = 0; i < used_.size(); ++i) {
        auto const row = 2 * static_cast<Eigen::Index>(i);
        if (weight[static_cast<Eigen::Index>(i)] > 0.0) {
            double const w = root_weight_[i] * root_weight_[i];
            sum += w * (residual[row] * residual[row] + residual[row + 1] * residual[row + 1]);
            total += w;
            kept[given_index_[i]] = true;
            ++fit.used;
        }
    }
    if (fit.used < least_matches) {
        refuse("no three of them agree");
    }
    for (std::uint32_t i = 0; i < given_; ++i) {
        if (!kept[i]) {
            fit.rejected.push_back(i);
        }
    }
    double const rms = std::sqrt(sum / total) * scale_;
    fit.rms = rms / to_radians * 3600.0;
    double const scale = sky::SkyWcs(fit.wcs).pixel_scale().radians();
    fit.rms_pixels = rms / scale;
    return fit;
}

WcsFit Fitter::fit()
{
    LinearWcs linear = editable_.linear();
    std::optional<Eigen::VectorXd> residual = residuals(linear);
    if (!residual) {
        refuse("the start sends half of them nowhere");
    }
    bool absolute = used_.size() >= least_for_outliers;
    bool converged = false;
    int iteration = 0;
    Eigen::MatrixXd slopes_here;
    double length = std::numeric_limits<double>::infinity();
    while (iteration < options_.max_iterations && !converged) {
        ++iteration;
        Eigen::VectorXd const weight = weights(*residual, absolute);
        // Each of them costs a WCS; close to the end they are those of before.
        if (length > settled_step || !slopes_here.allFinite()) {
            slopes_here = jacobian(linear, *residual);
        }
        Eigen::MatrixXd slopes = slopes_here;
        Eigen::VectorXd right = -*residual;
        for (Eigen::Index row = 0; row < right.size(); ++row) {
            double const root = std::sqrt(weight[row / 2]);
            bool const usable =
                root > 0.0 && slopes.row(row).allFinite() && std::isfinite(right[row]);
            slopes.row(row) = usable ? Eigen::RowVectorXd(slopes.row(row) * root)
                                     : Eigen::RowVectorXd::Zero(parameters_);
            right[row] = usable ? right[row] * root : 0.0;
        }
        Eigen::ColPivHouseholderQR<Eigen::MatrixXd> solver(slopes);
        solver.setThreshold(1e-8);
        if (solver.rank() < parameters_) {
            refuse("their positions do not fix its " + std::to_string(parameters_) + " parameters");
        }
        Eigen::VectorXd step = solver.solve(right);
        std::optional<Eigen::VectorXd> next = residuals(moved(linear, step));
        for (int halving = 0; !next && halving < most_halvings; ++halving) {
            step *= 0.5;
            next = residuals(moved(linear, step));
        }
        if (!next) {
            refuse("no step towards them gives a usable WCS");
        }
        linear = moved(linear, step);
        residual = next;
        length = step.cwiseAbs().maxCoeff();
        converged = !absolute && length < converged_step;
        keep_scale_ = !absolute && length < settled_step;
        absolute = absolute && length > settled_step && iteration < absolute_iterations;
    }
    WcsFit fit = result(linear, *residual);
    fit.iterations = iteration;
    fit.converged = converged || (!absolute && length < usable_step);
    return fit;
}
}  // namespace

WcsFit fit_wcs(sky::WcsDescription const& start, std::span<SkyMatch const> matches,
               WcsFitOptions const& options)
{
    return Fitter(start, matches, options).fit();
}
}  // namespace sectile::solve
