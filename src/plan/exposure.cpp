// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/exposure.hpp"

#include <algorithm>
#include <optional>

namespace sectile::plan
{
namespace
{
using sky::ExposureFacts;

/// The value that all accepted frames have, or that of no frame.
template <class T>
T common(std::vector<FrameRecord> const& frames, T ExposureFacts::*member)
{
    std::optional<T> value;
    for (FrameRecord const& frame : frames) {
        if (!frame.verdict.accepted()) {
            continue;
        }
        if (value && *value != frame.header.facts.*member) {
            return {};
        }
        value = frame.header.facts.*member;
    }
    return value.value_or(T{});
}

void add(ExposureFacts const& part, ExposureFacts& sum)
{
    double const exposure = part.exposure.value_or(0.0);
    sum.combined += part.combined;
    *sum.exposure += exposure;
    if (!part.mjd) {
        return;
    }
    if (!sum.mjd || *part.mjd < *sum.mjd) {
        sum.mjd = part.mjd;
        sum.date_obs = part.date_obs;
    }
    double const end = part.mjd_end.value_or(*part.mjd + exposure / 86400.0);
    sum.mjd_end = std::max(sum.mjd_end.value_or(end), end);
}
}  // namespace

ExposureFacts combined_exposure(std::vector<FrameRecord> const& frames)
{
    ExposureFacts sum;
    sum.combined = 0;
    sum.exposure = 0.0;
    for (FrameRecord const& frame : frames) {
        if (frame.verdict.accepted()) {
            add(frame.header.facts, sum);
        }
    }
    sum.object = common(frames, &ExposureFacts::object);
    sum.filter = common(frames, &ExposureFacts::filter);
    sum.instrument = common(frames, &ExposureFacts::instrument);
    sum.telescope = common(frames, &ExposureFacts::telescope);
    sum.unit = common(frames, &ExposureFacts::unit);
    sum.gain = common(frames, &ExposureFacts::gain);
    return sum;
}
}  // namespace sectile::plan
