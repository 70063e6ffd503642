// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sectile/io/frame_reader.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/source/preparations.hpp"

/// What becomes of a header between the file and the measurements of P1.
namespace sectile::ingest
{
/// A colour mosaic becomes a frame of superpixels: half the size, WCS and look-up tables in the new
/// pixels. Throws core::InputError when the WCS cannot be carried over; the size is changed then,
/// too.
void halve_frame(sky::FrameHeader& header);

/// The frames of a file as this run uses them: superpixels if wanted, weight maps and masks named.
/// Frames whose partner or master does not fit, and a WCS that superpixels cannot take over, are
/// among the unreadable, with the reason. HDUs that are partners are left out. Thread-safe.
[[nodiscard]] io::FileScan scan_frames(std::string const& path,
                                       source::PreparationOptions const& options,
                                       source::Preparations const& preparations);

/// Gives a relative weight map its unit: header.weight.scale such that the median of its inverse
/// variances is that of the measured noise of the planes (mean over the planes). Reads `rows` rows
/// of the map at a time, which do not change the result. No effect without a map, for maps in true
/// units and for frames without measured noise. Throws core::IoError.
void scale_weights(plan::FrameRecord& frame, source::PreparationOptions const& options,
                   std::int64_t rows);

/// The input files that are frames. Partner files are left out, which is logged once.
[[nodiscard]] std::vector<std::string> frame_files(std::vector<std::string> files,
                                                   source::PreparationOptions const& options);

/// Sentences about accepted frames for which no weight map or mask was found though they were asked
/// for.
[[nodiscard]] std::vector<std::string> lonely_frames(std::vector<plan::FrameRecord> const& frames,
                                                     source::PartnerOptions const& partners);
}  // namespace sectile::ingest
