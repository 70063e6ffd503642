// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/wcs_file.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/io/fits_writer.hpp"

#include "io/header_cards.hpp"
#include "io/posix_file.hpp"
#include "io/wcs_cards.hpp"

namespace sectile::io
{
namespace
{
constexpr std::int64_t largest_file = std::int64_t{4} << 20;

std::string read_small_file(std::string const& path)
{
    PosixFile const file = PosixFile::open_for_reading(path);
    std::string text(static_cast<std::size_t>(std::min(file.size(), largest_file)), ' ');
    file.read_at(text.data(), text.size(), 0);
    return text;
}

/// Size of the image that was solved, where the file states it.
std::string reason_for_other_size(HeaderCards const& header, std::int64_t width,
                                  std::int64_t height)
{
    for (auto const& [columns, rows] :
         {std::array{"IMAGEW", "IMAGEH"}, std::array{"NAXIS1", "NAXIS2"}}) {
        auto const w = header.integer(columns);
        auto const h = header.integer(rows);
        if (w && h && *w > 0 && *h > 0 && (*w != width || *h != height)) {
            return "it is the solution of an image of " + std::to_string(*w) + "x" +
                   std::to_string(*h) + " pixels";
        }
    }
    return {};
}
}  // namespace

WcsFile read_wcs_file(std::string const& path, std::int64_t width, std::int64_t height,
                      StatedSize stated_size)
{
    WcsFile file;
    try {
        HeaderCards const header(read_small_file(path));
        if (!has_celestial_wcs(header)) {
            file.reason = "it holds no celestial coordinate system";
        } else if (stated_size == StatedSize::must_agree) {
            file.reason = reason_for_other_size(header, width, height);
        }
        if (file.reason.empty()) {
            file.wcs.cards = select_wcs_cards(header, {width, height});
            file.wcs.width = width;
            file.wcs.height = height;
        }
    } catch (core::IoError const& error) {
        file.reason = error.what();
    }
    return file;
}

void write_wcs_file(std::string const& path, sky::WcsDescription const& wcs)
{
    core::require(wcs.pixel_lookup.empty() && wcs.detector_lookup.empty(),
                  "a .wcs file holds no look-up tables");
    FitsImageSpec spec;
    spec.bits_per_pixel = 8;
    spec.wcs_cards = wcs.cards;
    spec.cards = {{"IMAGEW", wcs.width, "columns of the image"},
                  {"IMAGEH", wcs.height, "rows of the image"}};
    FitsWriter writer(path);
    writer.begin_image(spec);
    writer.commit();
}
}  // namespace sectile::io
