// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/frame_verdict.hpp"

#include "sectile/core/error.hpp"

namespace sectile::plan
{
char const* name_of(VerdictCode code)
{
    switch (code) {
        case VerdictCode::none:
            return "none";
        case VerdictCode::no_wcs:
            return "no_wcs";
        case VerdictCode::wrong_wcs:
            return "wrong_wcs";
        case VerdictCode::unusable_wcs:
            return "unusable_wcs";
        case VerdictCode::unreadable:
            return "unreadable";
        case VerdictCode::companion:
            return "companion";
        case VerdictCode::masked:
            return "masked";
        case VerdictCode::constant:
            return "constant";
        case VerdictCode::saturated:
            return "saturated";
        case VerdictCode::other_planes:
            return "other_planes";
        case VerdictCode::quality:
            return "quality";
        case VerdictCode::far_away:
            return "far_away";
        case VerdictCode::another_field:
            return "another_field";
        case VerdictCode::untied:
            return "untied";
    }
    throw core::InternalError("a frame verdict has a code that there is not");
}
}  // namespace sectile::plan
