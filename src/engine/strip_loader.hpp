// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sectile/compute/source_window.hpp"
#include "sectile/engine/coadd.hpp"
#include "sectile/image/grid_map.hpp"

namespace sectile::engine
{
/// A source window with the memory behind its views.
struct LoadedWindow
{
    PlacedSource const* input = nullptr;
    core::Box part;  ///< destination pixels it was loaded for
    image::GridMap map;
    source::SourcePixels pixels;

    /// The window as the backend wants it; valid as long as this object stays in place.
    [[nodiscard]] compute::SourceWindow window() const;
};

/// Inputs whose footprint meets the strip, in ascending id.
[[nodiscard]] std::vector<PlacedSource const*> inputs_over(CoaddJob const& job,
                                                           core::Box const& strip);

/// Reads what `strip` needs of one input; null when no pixel of the strip falls on the source.
/// Thread-safe.
[[nodiscard]] std::unique_ptr<LoadedWindow> load_window(CoaddJob const& job,
                                                        PlacedSource const& input,
                                                        core::Box const& strip);

/// Reads the windows of several inputs with all threads; entries without pixels are left out, the
/// order is kept.
[[nodiscard]] std::vector<std::unique_ptr<LoadedWindow>> load_windows(
    CoaddJob const& job, std::span<PlacedSource const* const> inputs, core::Box const& strip,
    machine::TbbRunner& runner, CoaddStatistics& statistics);
}  // namespace sectile::engine
