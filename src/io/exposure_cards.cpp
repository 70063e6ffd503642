// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/exposure_cards.hpp"

#include <string>

namespace sectile::io
{
namespace
{
void add_text(std::vector<FitsCard>& cards, char const* keyword, std::string const& value,
              char const* comment)
{
    if (!value.empty()) {
        cards.push_back({keyword, value, comment});
    }
}
}  // namespace

std::vector<FitsCard> exposure_cards(sky::ExposureFacts const& facts)
{
    std::vector<FitsCard> cards;
    add_text(cards, "OBJECT", facts.object, "target of all frames");
    add_text(cards, "INSTRUME", facts.instrument, "instrument of all frames");
    add_text(cards, "TELESCOP", facts.telescope, "telescope of all frames");
    add_text(cards, "FILTER", facts.filter, "filter of all frames");
    add_text(cards, "BUNIT", facts.unit, "unit of the pixel values");
    cards.push_back({"NCOMBINE", facts.combined, "frames combined"});
    if (facts.exposure) {
        cards.push_back({"EXPTIME", *facts.exposure, "[s] sum of the exposure times"});
    }
    add_text(cards, "DATE-OBS", facts.date_obs, "start of the first exposure");
    if (facts.mjd) {
        cards.push_back({"MJD-BEG", *facts.mjd, "[d] start of the first exposure"});
    }
    if (facts.mjd_end) {
        cards.push_back({"MJD-END", *facts.mjd_end, "[d] end of the last exposure"});
    }
    if (facts.gain) {
        cards.push_back({"GAIN", *facts.gain, "as in the headers of all frames"});
    }
    return cards;
}
}  // namespace sectile::io
