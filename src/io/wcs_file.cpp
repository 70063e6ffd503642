// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/wcs_file.hpp"

#include <algorithm>
#include <array>
#include <optional>

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

struct ImageSize
{
    std::int64_t width = 0;
    std::int64_t height = 0;
    friend bool operator==(ImageSize const&, ImageSize const&) = default;
};

/// Size of the image that was solved, where the file states it.
std::optional<ImageSize> size_stated_in(HeaderCards const& header)
{
    for (auto const& [columns, rows] :
         {std::array{"IMAGEW", "IMAGEH"}, std::array{"NAXIS1", "NAXIS2"}}) {
        auto const width = header.integer(columns);
        auto const height = header.integer(rows);
        if (width && height && *width > 0 && *height > 0) {
            return ImageSize{*width, *height};
        }
    }
    return std::nullopt;
}

/// Reads the file for an image whose size `size_of(header, file)` tells, unless it sets a reason.
template <class SizeOf>
WcsFile read_sized(std::string const& path, SizeOf const& size_of)
{
    WcsFile file;
    try {
        HeaderCards const header(read_small_file(path));
        if (!has_celestial_wcs(header)) {
            file.reason = "it holds no celestial coordinate system";
            return file;
        }
        ImageSize const size = size_of(header, file);
        if (file.reason.empty()) {
            file.wcs.cards = select_wcs_cards(header, {size.width, size.height});
            file.wcs.width = size.width;
            file.wcs.height = size.height;
        }
    } catch (core::IoError const& error) {
        file.reason = error.what();
    }
    return file;
}
}  // namespace

WcsFile read_wcs_file(std::string const& path, std::int64_t width, std::int64_t height,
                      StatedSize stated_size)
{
    return read_sized(path, [&](HeaderCards const& header, WcsFile& file) {
        ImageSize const wanted{width, height};
        ImageSize const stated = size_stated_in(header).value_or(wanted);
        if (stated_size == StatedSize::must_agree && stated != wanted) {
            file.reason = "it is the solution of an image of " + std::to_string(stated.width) +
                          "x" + std::to_string(stated.height) + " pixels";
        }
        return wanted;
    });
}

WcsFile read_wcs_file(std::string const& path)
{
    return read_sized(path, [](HeaderCards const& header, WcsFile& file) {
        auto const stated = size_stated_in(header);
        if (!stated) {
            file.reason = "it states no size of its image (IMAGEW and IMAGEH)";
        }
        return stated.value_or(ImageSize{});
    });
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
