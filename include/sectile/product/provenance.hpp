// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/io/fits_writer.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/plan/mosaic_plan.hpp"

namespace sectile::product
{
/// Version of the program, "0.1.0".
[[nodiscard]] std::string program_version();

/// BUNIT that all accepted frames share, else empty.
[[nodiscard]] std::string common_unit(std::vector<plan::FrameRecord> const& frames);

/// What a product says of its making. Nothing that varies between equal runs: no time, host, ranks
/// or output path. `options`: those that change the picture, a line each.
[[nodiscard]] std::string provenance_json(plan::MosaicPlan const& mosaic,
                                          std::string const& options);

/// The same as FITS cards for the primary header: EXPTIME (total), MJD-BEG, MJD-END, DATE-OBS,
/// OBJECT, INSTRUME, FILTER, BUNIT, NCOMBINE, GAIN if it is known and equal, software version and
/// options.
[[nodiscard]] std::vector<io::FitsCard> provenance_cards(plan::MosaicPlan const& mosaic,
                                                         std::string const& options);

/// The frames with verdict and measurements as a JSON array for the report.
[[nodiscard]] std::string frames_json(std::vector<plan::FrameRecord> const& frames);
}  // namespace sectile::product
