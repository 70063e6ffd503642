// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/solve/gain_solve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/core/robust.hpp"

namespace sectile::solve
{
namespace
{
constexpr double least_scatter = 2e-3;
constexpr double usual_scatter = 0.01;
constexpr int most_rounds = 200;
constexpr int first_rounds = 10;  ///< by medians: nothing drops out before the gains are known
constexpr double settled = 1e-7;
constexpr double normal_median = 0.6744897501960817;

/// Sums over the measurements of a star.
struct StarSum
{
    double weight = 0.0;   ///< of all
    double trusted = 0.0;  ///< of those that are believed
    double flux = 0.0;     ///< sum of log flux + gain, weighted with trust
};

class GainSolver
{
  public:
    GainSolver(std::size_t images, std::size_t reference,
               std::span<FluxMeasurement const> measurements)
        : images_(images), reference_(reference), gains_(images, 0.0)
    {
        keep_connected(measurements);
    }

    GainSolution solve()
    {
        for (int round = 0; round < most_rounds; ++round) {
            sum_stars();
            find_residuals();
            if (round < first_rounds) {
                step_by_medians();
                continue;
            }
            bool const is_steady = adjust_scatter();
            judge();
            if (step_by_means() < settled && is_steady) {
                break;
            }
        }
        return result();
    }

  private:
    /// Only what tells: stars in two images or more, of images that hang together with the
    /// reference.
    void keep_connected(std::span<FluxMeasurement const> given)
    {
        std::uint32_t most = 0;
        for (FluxMeasurement const& each : given) {
            core::require(each.image < images_, "a flux belongs to one of the images");
            most = std::max(most, each.star);
        }
        std::vector<std::size_t> parent(images_);
        std::iota(parent.begin(), parent.end(), std::size_t{0});
        auto const root = [&](std::size_t i) {
            while (parent[i] != i) {
                i = parent[i] = parent[parent[i]];
            }
            return i;
        };
        constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();
        std::vector<std::size_t> seen_by(most + std::size_t{1}, nobody);
        std::vector<std::size_t> count(most + std::size_t{1}, 0);
        for (FluxMeasurement const& each : given) {
            std::size_t& first = seen_by[each.star];
            first = first == nobody ? each.image : first;
            parent[root(each.image)] = root(first);
            ++count[each.star];
        }
        for (FluxMeasurement const& each : given) {
            if (count[each.star] > 1 && root(each.image) == root(reference_)) {
                data_.push_back(each);
            }
        }
        stars_.resize(most + std::size_t{1});
        residuals_.resize(data_.size());
        variances_.resize(data_.size());
        trust_.assign(data_.size(), 1.0);
    }

    [[nodiscard]] double variance_of(FluxMeasurement const& each) const
    {
        return each.sigma * each.sigma + scatter_ * scatter_;
    }

    void sum_stars()
    {
        std::ranges::fill(stars_, StarSum{});
        for (std::size_t i = 0; i < data_.size(); ++i) {
            FluxMeasurement const& each = data_[i];
            StarSum& star = stars_[each.star];
            double const weight = 1.0 / variance_of(each);
            star.weight += weight;
            star.trusted += trust_[i] * weight;
            star.flux += trust_[i] * weight * (each.log_flux + gains_[each.image]);
        }
    }

    /// Of each measurement against the mean of the star in the other images.
    void find_residuals()
    {
        for (std::size_t i = 0; i < data_.size(); ++i) {
            FluxMeasurement const& each = data_[i];
            StarSum const& star = stars_[each.star];
            double const weight = 1.0 / variance_of(each);
            double const value = each.log_flux + gains_[each.image];
            double const own = trust_[i] * weight;
            residuals_[i] = value - (star.flux - own * value) / (star.trusted - own);
            variances_[i] = variance_of(each) + 1.0 / (star.weight - weight);
        }
    }

    /// So that half of the residuals of bright stars lie within their 0.67 sigma: where the noise
    /// of the pixels rules, the scatter does not show. Whether it stays.
    bool adjust_scatter()
    {
        std::vector<std::pair<double, double>> ratios;  // with their weights
        double told = 0.0;
        for (std::size_t i = 0; i < data_.size(); ++i) {
            double const noise = data_[i].sigma / usual_scatter;
            double const weight = 1.0 / std::pow(1.0 + noise * noise, 2);
            ratios.emplace_back(std::abs(residuals_[i]) / std::sqrt(variances_[i]), weight);
            told += weight;
        }
        if (!(told > 0.0)) {
            return true;
        }
        constexpr double most_change = 2.0;
        constexpr double steady = 1e-3;
        double const before = scatter_;
        double const widening = std::clamp(core::weighted_median(std::move(ratios)) / normal_median,
                                           1.0 / most_change, most_change);
        // A few bright stars may agree by chance: the usual scatter counts as some more.
        constexpr double usual_weight = 3.0;  // measurements
        double const seen = std::log(std::max(least_scatter, scatter_ * widening));
        scatter_ = std::exp((told * seen + usual_weight * std::log(usual_scatter)) /
                            (told + usual_weight));
        return std::abs(scatter_ - before) < steady * before;
    }

    /// Stars that vary, and blends, have no say in what a star's flux is.
    void judge()
    {
        for (std::size_t i = 0; i < data_.size(); ++i) {
            constexpr double never_none = 1e-6;
            trust_[i] =
                std::max(core::tukey_weight(residuals_[i], std::sqrt(variances_[i])), never_none);
        }
    }

    void step_by_medians()
    {
        std::vector<std::vector<double>> of_image(images_);
        for (std::size_t i = 0; i < data_.size(); ++i) {
            of_image[data_[i].image].push_back(residuals_[i]);
        }
        for (std::size_t image = 0; image < images_; ++image) {
            if (!of_image[image].empty()) {
                gains_[image] -= 0.5 * core::median_in_place(of_image[image]);
            }
        }
    }

    /// Returns the largest step.
    double step_by_means()
    {
        std::vector<double> sum(images_, 0.0);
        std::vector<double> total(images_, 0.0);
        for (std::size_t i = 0; i < data_.size(); ++i) {
            double const weight = trust_[i] / variances_[i];
            sum[data_[i].image] += weight * residuals_[i];
            total[data_[i].image] += weight;
        }
        double largest = 0.0;
        for (std::size_t image = 0; image < images_; ++image) {
            if (total[image] > 0.0) {
                // All move at once: half of the way to where the others were.
                double const step = 0.5 * sum[image] / total[image];
                gains_[image] -= step;
                largest = std::max(largest, std::abs(step));
            }
        }
        return largest;
    }

    GainSolution result() const
    {
        GainSolution found;
        found.scatter = scatter_;
        found.log_gain.assign(images_, std::numeric_limits<double>::quiet_NaN());
        found.sigma.assign(images_, std::numeric_limits<double>::quiet_NaN());
        found.stars.assign(images_, 0);
        std::vector<double> information(images_, 0.0);
        std::size_t images = 0;
        for (std::size_t i = 0; i < data_.size(); ++i) {
            constexpr double believed = 1e-3;
            if (trust_[i] > believed) {
                images += found.stars[data_[i].image] == 0 ? 1 : 0;
                ++found.stars[data_[i].image];
                information[data_[i].image] += trust_[i] / variances_[i];
            }
        }
        if (found.stars[reference_] == 0) {
            return found;
        }
        // Of two images each is all that the other is compared with; of many, their mean is.
        double const share = 1.0 - 1.0 / static_cast<double>(images - 1);
        for (std::size_t image = 0; image < images_; ++image) {
            if (found.stars[image] > 0) {
                found.log_gain[image] = gains_[image] - gains_[reference_];
                found.sigma[image] =
                    image == reference_
                        ? 0.0
                        : std::sqrt(1.0 / information[image] + share / information[reference_]);
            }
        }
        return found;
    }

    std::size_t images_;
    std::size_t reference_;
    std::vector<FluxMeasurement> data_;
    std::vector<StarSum> stars_;
    std::vector<double> gains_;
    std::vector<double> residuals_;
    std::vector<double> variances_;
    std::vector<double> trust_;  ///< of the measurements, 0 to 1
    double scatter_ = usual_scatter;
};
}  // namespace

GainSolution solve_gains(std::size_t images, std::size_t reference,
                         std::span<FluxMeasurement const> measurements)
{
    core::require(reference < images, "the reference is one of the images");
    return GainSolver(images, reference, measurements).solve();
}
}  // namespace sectile::solve
