// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "sectile/io/canvas_file.hpp"

namespace sectile::pipeline
{
/// preview.png: RGB or grey with alpha, at most `max_side` pixels on the long side, area-averaged,
/// percentile + asinh stretch, sky neutralised per channel. Streams the canvas by rows; memory
/// grows with the picture only.
void write_preview(io::CanvasReader const& canvas, std::string const& path, int max_side = 4096);

/// coverage.png: number of frames behind each pixel (largest over the planes, area-maximum), with a
/// labelled colour bar.
void write_coverage_picture(io::CanvasReader const& canvas, std::string const& path,
                            int max_side = 2048);
}  // namespace sectile::pipeline
