// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sectile/plan/frame_record.hpp"

namespace sectile::plan
{
/// What becomes of frames that stand out from their kind.
enum class QualityGate : std::uint8_t
{
    off,
    report,
    reject
};

/// A frame that stands out from those of its kind.
struct QualityFinding
{
    std::size_t frame = 0;  ///< index
    std::string reason;     ///< one sentence
};

/// Compares FWHM, ellipticity, number of stars, sky background and noise of every accepted frame
/// with the frames of the same instrument, filter and shape: median and scaled median absolute
/// deviation (1.4826), of logarithms for all but ellipticity. A finding is a frame more than
/// `sigma` deviations to the bad side (wide, elongated, few stars, bright, noisy), where also the
/// difference matters: a tenth of the median, or 0.1 of ellipticity. Kinds with fewer than 5 frames
/// are not judged. Ascending frames, one finding each. Pure.
[[nodiscard]] std::vector<QualityFinding> judge_quality(std::vector<FrameRecord> const& frames,
                                                        double sigma);
}  // namespace sectile::plan
