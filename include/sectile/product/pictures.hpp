// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "sectile/io/canvas_file.hpp"

namespace sectile::product
{
/// preview.png: RGB or grey with alpha, at most `max_side` pixels on the long side, area-averaged,
/// percentile + asinh stretch, sky neutralised per channel. Goes over the canvas twice by rows (for
/// the levels over some rows only) and writes row by row: see finish_bytes() for the memory.
/// Throws core::IoError. One rank, main thread only.
void write_preview(io::CanvasReader const& canvas, std::string const& path, int max_side = 4096);

/// coverage.png: number of frames behind each pixel (largest over the planes, area-maximum), with a
/// labelled colour bar. Memory: the counts of the picture's pixels and some canvas rows. Throws
/// core::IoError. One rank, main thread only.
void write_coverage_picture(io::CanvasReader const& canvas, std::string const& path,
                            int max_side = 2048);

/// Most bytes that any of export_fits(), write_preview() and write_coverage_picture() (with
/// pictures of their default size; one after another) holds for a canvas of this size: at most 48
/// MiB for canvases up to 100 000 pixels wide, and then a row or two of the canvas more. Includes 4
/// MiB for what the libraries hold.
[[nodiscard]] std::int64_t finish_bytes(std::int64_t width, std::int64_t height, int planes);
}  // namespace sectile::product
