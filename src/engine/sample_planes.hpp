// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/compute/backend.hpp"
#include "sectile/engine/coadd.hpp"

#include "engine/strip_loader.hpp"

/// Samples of one source as plain numbers, on their way to another rank or to disk: C planes each
/// of value, weight, coverage and, where they are asked for, noise and excess, of the pixels of a
/// box.
namespace sectile::engine
{
/// Planes of the samples of an input. Both sides of a message come to the same answer.
[[nodiscard]] int sample_planes(CoaddJob const& job, PlacedSource const& input);

/// Resamples a window into the samples of window.part. `samples` holds part.area() x
/// sample_planes() zeros.
void resample_into(CoaddJob const& job, compute::Backend& backend, LoadedWindow const& window,
                   float* samples);

/// Samples as the backend wants them; valid as long as `samples` and `input`.
[[nodiscard]] compute::SampleBlock sample_block(CoaddJob const& job, PlacedSource const& input,
                                                core::Box const& box, float const* samples);
}  // namespace sectile::engine
