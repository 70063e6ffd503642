// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "sectile/compute/backend.hpp"

namespace sectile::engine
{
/// The finished rows of one strip, with or without rejection maps.
struct StripPixels
{
    core::Box box;
    image::Image<float> science;
    image::Image<float> weight;
    image::Image<std::uint32_t> coverage;
    image::Image<float> rejected_low;
    image::Image<float> rejected_high;

    StripPixels() = default;
    StripPixels(core::Box const& strip, int planes, bool with_rejected)
        : box(strip), science(strip, planes), weight(strip, planes), coverage(strip, planes)
    {
        if (with_rejected) {
            rejected_low = image::Image<float>(strip, planes);
            rejected_high = image::Image<float>(strip, planes);
        }
    }
    [[nodiscard]] compute::StripOutput output()
    {
        return {science.view(), weight.view(), coverage.view(), rejected_low.view(),
                rejected_high.view()};
    }
};
}  // namespace sectile::engine
