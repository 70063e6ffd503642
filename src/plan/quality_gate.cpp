// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/quality_gate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <tuple>

#include "sectile/core/robust.hpp"

namespace sectile::plan
{
namespace
{
constexpr std::size_t least_frames = 5;

double mean_of(FrameRecord const& frame, double PlaneMeasurement::*member)
{
    double sum = 0.0;
    for (PlaneMeasurement const& plane : frame.planes) {
        sum += plane.*member;
    }
    return frame.planes.empty() ? unmeasured : sum / static_cast<double>(frame.planes.size());
}

/// A figure of a frame of which one side is bad.
struct Criterion
{
    char const* name;
    char const* unit;
    bool high_is_bad;
    bool is_ratio;   ///< compared by logarithm
    double matters;  ///< least difference: a fraction for ratios, else absolute
    double added;    ///< to a count, which may be 0
    std::function<double(FrameRecord const&)> value;
};

std::array<Criterion, 5> const& criteria()
{
    static std::array<Criterion, 5> const all{
        {{"FWHM", " px", true, true, 0.1, 0.0, [](FrameRecord const& f) { return f.quality.fwhm; }},
         {"ellipticity", "", true, false, 0.1, 0.0,
          [](FrameRecord const& f) { return f.quality.ellipticity; }},
         {"number of stars", "", false, true, 0.1, 1.0,
          [](FrameRecord const& f) { return static_cast<double>(f.quality.stars); }},
         {"sky background", "", true, true, 0.1, 0.0,
          [](FrameRecord const& f) { return mean_of(f, &PlaneMeasurement::background); }},
         {"noise", "", true, true, 0.1, 0.0,
          [](FrameRecord const& f) { return mean_of(f, &PlaneMeasurement::noise_sigma); }}}};
    return all;
}

/// Value on the scale of comparison; NaN when it cannot be compared.
double compared(Criterion const& criterion, FrameRecord const& frame)
{
    double const value = criterion.value(frame);
    if (!criterion.is_ratio) {
        return value;
    }
    double const positive = value + criterion.added;
    return positive > 0.0 ? std::log(positive) : unmeasured;
}

struct Spread
{
    double median = 0.0;
    double sigma = 0.0;
};

/// Spread that figures of equal frames have at least: stars are counted, all else is measured to
/// some percent. Frames that happen to be equal would make any other one stand out without limit.
double least_spread(Criterion const& criterion, double median)
{
    constexpr double measured = 0.025;
    bool const is_count = criterion.added > 0.0;
    return is_count ? 1.0 / std::sqrt(std::exp(median)) : measured;
}

Spread spread_of(std::vector<double> values, Criterion const& criterion)
{
    Spread spread;
    spread.median = core::median_in_place(values);
    for (double& value : values) {
        value = std::abs(value - spread.median);
    }
    spread.sigma = std::max(core::sigma_of_mad * core::median_in_place(values),
                            least_spread(criterion, spread.median));
    return spread;
}

std::string sentence(Criterion const& criterion, FrameRecord const& frame, Spread const& spread,
                     double deviation)
{
    double const usual =
        criterion.is_ratio ? std::exp(spread.median) - criterion.added : spread.median;
    std::array<char, 160> text{};
    std::snprintf(text.data(), text.size(), "its %s of %.4g%s is %.1f sigma from the usual %.4g%s",
                  criterion.name, criterion.value(frame), criterion.unit, deviation, usual,
                  criterion.unit);
    return text.data();
}
}  // namespace

std::vector<QualityFinding> judge_quality(std::vector<FrameRecord> const& frames, double sigma)
{
    std::map<std::tuple<std::string, std::string, std::int64_t, std::int64_t, int>,
             std::vector<std::size_t>>
        kinds;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        sky::FrameHeader const& header = frames[i].header;
        if (frames[i].verdict.accepted()) {
            kinds[{header.facts.instrument, header.facts.filter, header.geometry.width,
                   header.geometry.height, header.geometry.planes}]
                .push_back(i);
        }
    }
    std::map<std::size_t, std::string> found;
    for (auto const& [kind, members] : kinds) {
        for (Criterion const& criterion : criteria()) {
            std::vector<double> values;
            for (std::size_t const i : members) {
                double const value = compared(criterion, frames[i]);
                if (std::isfinite(value)) {
                    values.push_back(value);
                }
            }
            if (values.size() < least_frames) {
                continue;
            }
            Spread const spread = spread_of(values, criterion);
            for (std::size_t const i : members) {
                double const value = compared(criterion, frames[i]);
                double const worse =
                    criterion.high_is_bad ? value - spread.median : spread.median - value;
                double const matters =
                    criterion.is_ratio ? std::log1p(criterion.matters) : criterion.matters;
                if (worse > sigma * spread.sigma && worse > matters) {
                    found.try_emplace(i,
                                      sentence(criterion, frames[i], spread, worse / spread.sigma));
                }
            }
        }
    }
    std::vector<QualityFinding> findings;
    for (auto& [frame, reason] : found) {
        findings.push_back({frame, std::move(reason)});
    }
    return findings;
}
}  // namespace sectile::plan
