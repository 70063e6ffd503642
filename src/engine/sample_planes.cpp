// SPDX-License-Identifier: BSD-3-Clause
#include "engine/sample_planes.hpp"

#include <algorithm>

namespace sectile::engine
{
namespace
{
/// Plane group `which` (0 value, 1 weight, 2 coverage, then noise and excess) of the samples of a
/// box.
template <class T>
image::ImageView<T> plane_group(T* samples, core::Box const& box, int planes, int which)
{
    std::ptrdiff_t const plane = box.width() * box.height();
    return {samples + which * planes * plane, box, planes, box.width(), plane};
}

/// Rejection compares samples with their noise: where that differs from pixel to pixel it has to
/// travel with them. Known from the input alone (compare compute::has_varying_noise).
bool noise_travels(CoaddJob const& job, PlacedSource const& input)
{
    bool const varies =
        job.recipe.resample.flux_mode == compute::FluxMode::flux ||
        std::ranges::any_of(input.noise_sigma, [](double sigma) { return !(sigma > 0.0); });
    return job.recipe.combine.rejection != compute::Rejection::none && varies;
}
bool excess_travels(CoaddJob const& job)
{
    return job.recipe.output_weight == compute::OutputWeight::inverse_variance;
}

/// Plane group of the excess, behind those that are always there and the noise.
int excess_group(CoaddJob const& job, PlacedSource const& input)
{
    return noise_travels(job, input) ? 4 : 3;
}
}  // namespace

int sample_planes(CoaddJob const& job, PlacedSource const& input)
{
    return job.planes * (3 + (noise_travels(job, input) ? 1 : 0) + (excess_travels(job) ? 1 : 0));
}

void resample_into(CoaddJob const& job, compute::Backend& backend, LoadedWindow const& window,
                   float* samples)
{
    core::Box const& box = window.part;
    compute::SampleOutput out{plane_group(samples, box, job.planes, 0),
                              plane_group(samples, box, job.planes, 1),
                              plane_group(samples, box, job.planes, 2)};
    if (noise_travels(job, *window.input)) {
        out.sigma = plane_group(samples, box, job.planes, 3);
    }
    if (excess_travels(job)) {
        out.excess = plane_group(samples, box, job.planes, excess_group(job, *window.input));
    }
    backend.resample(window.window(), job.recipe, out);
}

compute::SampleBlock sample_block(CoaddJob const& job, PlacedSource const& input,
                                  core::Box const& box, float const* samples)
{
    compute::SampleBlock block{input.id,
                               box,
                               plane_group(samples, box, job.planes, 0),
                               plane_group(samples, box, job.planes, 1),
                               plane_group(samples, box, job.planes, 2),
                               input.noise_sigma};
    if (noise_travels(job, input)) {
        block.sigma = plane_group(samples, box, job.planes, 3);
    }
    if (excess_travels(job)) {
        block.excess = plane_group(samples, box, job.planes, excess_group(job, input));
    }
    return block;
}
}  // namespace sectile::engine
