// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/solve/photometric_solve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <Eigen/IterativeLinearSolvers>
#include <Eigen/SparseCholesky>
#include <Eigen/SparseCore>

#include "sectile/core/error.hpp"
#include "sectile/core/robust.hpp"

namespace sectile::solve
{
namespace
{
/// Huber's constant for 95 % efficiency (Huber 1981).
constexpr double huber_constant = 1.345;

/// Least robust weight: keeps the system regular when all pairs of an image are wild. Its pull on
/// good solutions is a hundred-millionth of a good pair's.
constexpr double least_weight = 1e-8;

constexpr int most_iterations = 100;

/// Change of all offsets, in units of the smallest pair sigma, below which iterating stops.
constexpr double settled = 1e-9;

/// The same for the convex stage, which only has to come near.
constexpr double coarsely_settled = 1e-2;

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

void check(std::size_t images, std::span<OffsetPair const> pairs,
           std::span<double const> gauge_weight)
{
    core::require(gauge_weight.empty() || gauge_weight.size() == images,
                  "there is one gauge weight per image, or none");
    core::require(std::all_of(gauge_weight.begin(), gauge_weight.end(),
                              [](double weight) { return std::isfinite(weight) && weight >= 0.0; }),
                  "gauge weights are finite and not negative");
    for (OffsetPair const& pair : pairs) {
        core::require(pair.a < images && pair.b < images && pair.a != pair.b,
                      "a photometric pair names two different images");
        core::require(
            std::isfinite(pair.difference) && std::isfinite(pair.sigma) && pair.sigma > 0.0,
            "a photometric pair has a finite difference and a positive sigma");
    }
}

/// Number of the connected component of each image, counted by smallest member.
std::vector<int> components_of(std::size_t images, std::span<OffsetPair const> pairs)
{
    std::vector<std::size_t> parent(images);
    for (std::size_t i = 0; i < images; ++i) {
        parent[i] = i;
    }
    auto const root_of = [&](std::size_t image) {
        while (parent[image] != image) {
            parent[image] = parent[parent[image]];
            image = parent[image];
        }
        return image;
    };
    for (OffsetPair const& pair : pairs) {
        std::size_t const a = root_of(pair.a);
        std::size_t const b = root_of(pair.b);
        parent[std::max(a, b)] = std::min(a, b);
    }
    std::vector<int> component(images, -1);
    int count = 0;
    for (std::size_t i = 0; i < images; ++i) {
        std::size_t const root = root_of(i);
        component[i] = root == i ? count++ : component[root];
    }
    return component;
}

double residual(OffsetPair const& pair, std::vector<double> const& offset)
{
    return pair.difference + offset[pair.b] - offset[pair.a];
}

/// Weighted least squares for fixed weights. The first image of every component is held at 0: that
/// makes the matrix (a graph Laplacian) positive definite; the gauge proper is applied afterwards.
class LeastSquares
{
  public:
    LeastSquares(std::size_t images, std::span<OffsetPair const> pairs,
                 std::vector<int> const& component)
        : pairs_(pairs), column_(images, none)
    {
        std::vector<bool> seen(images, false);
        for (std::size_t i = 0; i < images; ++i) {
            auto const number = static_cast<std::size_t>(component[i]);
            if (seen[number]) {
                column_[i] = columns_++;
            }
            seen[number] = true;
        }
    }

    [[nodiscard]] std::vector<double> solve(std::vector<double> const& weight)
    {
        std::vector<double> offset(column_.size(), 0.0);
        if (columns_ == 0) {
            return offset;
        }
        auto const size = static_cast<Eigen::Index>(columns_);
        std::vector<Eigen::Triplet<double>> entries;
        entries.reserve(4 * pairs_.size());
        Eigen::VectorXd right = Eigen::VectorXd::Zero(size);
        for (std::size_t p = 0; p < pairs_.size(); ++p) {
            add_pair(pairs_[p], weight[p], entries, right);
        }
        Eigen::SparseMatrix<double> normal(size, size);
        normal.setFromTriplets(entries.begin(), entries.end());
        Eigen::VectorXd const solution =
            is_tightly_connected() ? iterate(normal, right) : factorize(normal, right);
        for (std::size_t i = 0; i < offset.size(); ++i) {
            offset[i] = column_[i] == none ? 0.0 : solution[static_cast<Eigen::Index>(column_[i])];
        }
        return offset;
    }

  private:
    void add_pair(OffsetPair const& pair, double weight,
                  std::vector<Eigen::Triplet<double>>& entries, Eigen::VectorXd& right) const
    {
        auto const a = static_cast<Eigen::Index>(column_[pair.a]);
        auto const b = static_cast<Eigen::Index>(column_[pair.b]);
        bool const has_a = column_[pair.a] != none;
        bool const has_b = column_[pair.b] != none;
        if (has_a) {
            entries.emplace_back(a, a, weight);
            right[a] += weight * pair.difference;
        }
        if (has_b) {
            entries.emplace_back(b, b, weight);
            right[b] -= weight * pair.difference;
        }
        if (has_a && has_b) {
            entries.emplace_back(a, b, -weight);
            entries.emplace_back(b, a, -weight);
        }
    }

    /// Thousands of images of one place: a factor would be a full matrix, while conjugate gradients
    /// need some tens of steps. Sparse chains, where they would need thousands, are factorized.
    [[nodiscard]] bool is_tightly_connected() const
    {
        constexpr std::size_t many_images = 400;
        constexpr std::size_t many_pairs = 12;
        return columns_ > many_images && pairs_.size() > many_pairs * columns_;
    }

    [[nodiscard]] Eigen::VectorXd iterate(Eigen::SparseMatrix<double> const& normal,
                                          Eigen::VectorXd const& right)
    {
        constexpr double rounding = 1e-12;
        Eigen::ConjugateGradient<Eigen::SparseMatrix<double>, Eigen::Lower | Eigen::Upper>
            gradients;
        gradients.setTolerance(rounding);
        gradients.compute(normal);
        if (last_.size() != right.size()) {
            last_ = Eigen::VectorXd::Zero(right.size());
        }
        Eigen::VectorXd solution = gradients.solveWithGuess(right, last_);
        if (gradients.info() != Eigen::Success) {
            return factorize(normal, right);
        }
        last_ = solution;
        return solution;
    }

    [[nodiscard]] Eigen::VectorXd factorize(Eigen::SparseMatrix<double> const& normal,
                                            Eigen::VectorXd const& right)
    {
        if (!analyzed_) {
            solver_.analyzePattern(normal);
            analyzed_ = true;
        }
        solver_.factorize(normal);
        core::require(solver_.info() == Eigen::Success,
                      "the photometric system is positive definite");
        return solver_.solve(right);
    }

    std::span<OffsetPair const> pairs_;
    std::vector<std::size_t> column_;
    std::size_t columns_ = 0;
    Eigen::VectorXd last_;  ///< solution of the iteration before
    bool analyzed_ = false;
    Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> solver_;
};

/// Spread of the residuals in units of their sigmas, at least 1: while the fit is still dragged by
/// wild pairs the bars are widened, so that good pairs are not lost with them.
double residual_scale(std::span<OffsetPair const> pairs, std::vector<double> const& offset)
{
    std::vector<double> size;
    size.reserve(pairs.size());
    for (OffsetPair const& pair : pairs) {
        size.push_back(std::abs(residual(pair, offset)) / pair.sigma);
    }
    return std::max(1.0, core::sigma_of_mad * core::median_in_place(size));
}

std::vector<double> plain_weights(std::span<OffsetPair const> pairs)
{
    std::vector<double> weight;
    weight.reserve(pairs.size());
    for (OffsetPair const& pair : pairs) {
        weight.push_back(1.0 / (pair.sigma * pair.sigma));
    }
    return weight;
}

/// Weights of Huber's convex loss. Tukey's loss has many minima and finds the wrong one when it
/// starts from a plain solution that a wild pair has dragged along; Huber's has a single one, near
/// the good pairs.
std::vector<double> huber_weights(std::span<OffsetPair const> pairs,
                                  std::vector<double> const& offset)
{
    std::vector<double> weight = plain_weights(pairs);
    for (std::size_t p = 0; p < pairs.size(); ++p) {
        double const size = std::abs(residual(pairs[p], offset)) / pairs[p].sigma;
        weight[p] *= size > huber_constant ? huber_constant / size : 1.0;
    }
    return weight;
}

std::vector<double> robust_weights(std::span<OffsetPair const> pairs,
                                   std::vector<double> const& offset)
{
    double const scale = residual_scale(pairs, offset);
    std::vector<double> weight = plain_weights(pairs);
    for (std::size_t p = 0; p < pairs.size(); ++p) {
        double const scaled = residual(pairs[p], offset) / (pairs[p].sigma * scale);
        weight[p] *= std::max(core::tukey_weight(scaled, 1.0), least_weight);
    }
    return weight;
}

double largest_change(std::vector<double> const& a, std::vector<double> const& b)
{
    double change = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        change = std::max(change, std::abs(a[i] - b[i]));
    }
    return change;
}

/// Iteratively reweighted least squares from `offset`, until no offset changes by more than
/// `tolerance`.
template <class Weights>
void iterate(LeastSquares& system, std::span<OffsetPair const> pairs, Weights const& weights_at,
             double tolerance, std::vector<double>& offset)
{
    for (int iteration = 0; iteration < most_iterations; ++iteration) {
        std::vector<double> next = system.solve(weights_at(pairs, offset));
        bool const done = largest_change(next, offset) <= tolerance;
        offset = std::move(next);
        if (done) {
            return;
        }
    }
}

/// Shifts each component so that its weighted mean is 0 (its plain mean where all weights are 0).
void apply_gauge(std::vector<int> const& component, std::span<double const> gauge_weight,
                 std::vector<double>& offset)
{
    struct Sums
    {
        double weight = 0.0;
        double weighted = 0.0;
        double count = 0.0;
        double plain = 0.0;
    };
    std::vector<Sums> sums(offset.size());
    for (std::size_t i = 0; i < offset.size(); ++i) {
        double const weight = gauge_weight.empty() ? 1.0 : gauge_weight[i];
        Sums& own = sums[static_cast<std::size_t>(component[i])];
        own.weight += weight;
        own.weighted += weight * offset[i];
        own.count += 1.0;
        own.plain += offset[i];
    }
    for (std::size_t i = 0; i < offset.size(); ++i) {
        Sums const& own = sums[static_cast<std::size_t>(component[i])];
        offset[i] -= own.weight > 0.0 ? own.weighted / own.weight : own.plain / own.count;
    }
}

double weighted_rms(std::span<OffsetPair const> pairs, std::vector<double> const& weight,
                    std::vector<double> const& offset)
{
    double sum = 0.0;
    double weights = 0.0;
    for (std::size_t p = 0; p < pairs.size(); ++p) {
        double const rest = residual(pairs[p], offset);
        sum += weight[p] * rest * rest;
        weights += weight[p];
    }
    return weights > 0.0 ? std::sqrt(sum / weights) : 0.0;
}
}  // namespace

OffsetSolution solve_offsets(std::size_t images, std::span<OffsetPair const> pairs,
                             std::span<double const> gauge_weight)
{
    check(images, pairs, gauge_weight);
    OffsetSolution solution;
    solution.component = components_of(images, pairs);
    solution.offset.assign(images, 0.0);
    std::vector<bool> paired(images, false);
    double least_sigma = std::numeric_limits<double>::infinity();
    for (OffsetPair const& pair : pairs) {
        paired[pair.a] = paired[pair.b] = true;
        least_sigma = std::min(least_sigma, pair.sigma);
    }
    for (std::size_t i = 0; i < images; ++i) {
        if (!paired[i]) {
            solution.isolated.push_back(i);
        }
    }
    if (pairs.empty()) {
        return solution;
    }
    LeastSquares system(images, pairs, solution.component);
    std::vector<double> offset = system.solve(plain_weights(pairs));
    iterate(system, pairs, huber_weights, coarsely_settled * least_sigma, offset);
    iterate(system, pairs, robust_weights, settled * least_sigma, offset);
    std::vector<double> const weight = robust_weights(pairs, offset);
    apply_gauge(solution.component, gauge_weight, offset);
    solution.rms_before = weighted_rms(pairs, weight, solution.offset);
    solution.rms_after = weighted_rms(pairs, weight, offset);
    solution.offset = std::move(offset);
    return solution;
}
}  // namespace sectile::solve
