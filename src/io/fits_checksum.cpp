// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/fits_checksum.hpp"

#include <array>

#include "sectile/core/error.hpp"

#include "io/fits_file.hpp"

namespace sectile::io
{
namespace
{
core::IoError damage(FitsFile const& file, int hdu, std::string const& why)
{
    return core::IoError(
        core::sentence("HDU " + std::to_string(hdu) + " of '" + file.path() + "' is damaged", why,
                       "make the file again or restore it from a copy"));
}

/// Text of the keyword EXTNAME, empty when there is none.
std::string extension_name(FitsFile const& file)
{
    std::array<char, FLEN_VALUE> value{};
    std::string keyword = "EXTNAME";
    int status = 0;
    fits_read_key(file.handle(), TSTRING, keyword.data(), value.data(), nullptr, &status);
    if (status == KEY_NO_EXIST) {
        fits_clear_errmsg();
        return {};
    }
    file.check(status, "read EXTNAME of");
    return value.data();
}

/// First byte after the data unit of the current HDU.
std::int64_t end_of_hdu(FitsFile const& file)
{
    LONGLONG header = 0;
    LONGLONG data = 0;
    LONGLONG end = 0;
    int status = 0;
    fits_get_hduaddrll(file.handle(), &header, &data, &end, &status);
    file.check(status, "read");
    return end;
}

void verify_sums(FitsFile const& file, int hdu)
{
    constexpr int absent = 0;
    constexpr int right = 1;
    int data = absent;
    int whole = absent;
    int status = 0;
    fits_verify_chksum(file.handle(), &data, &whole, &status);
    file.check(status, "read HDU " + std::to_string(hdu) + " of");
    if (data == absent || whole == absent) {
        throw core::IoError(core::sentence(
            "HDU " + std::to_string(hdu) + " of '" + file.path() + "' cannot be verified",
            "it has no CHECKSUM and DATASUM", "verify a product of this program"));
    }
    if (data != right) {
        throw damage(file, hdu, "DATASUM differs from the sum of its pixels");
    }
    if (whole != right) {
        throw damage(file, hdu, "CHECKSUM differs from the sum of its header and pixels");
    }
}
}  // namespace

std::vector<CheckedImage> verify_fits_checksums(std::string const& path)
{
    FitsFile file(path);
    std::vector<CheckedImage> images;
    std::int64_t end = 0;
    for (int hdu = 0; file.move_to(hdu); ++hdu) {
        end = end_of_hdu(file);
        if (end > file.size()) {
            throw damage(file, hdu,
                         "the file ends after " + std::to_string(file.size()) + " of at least " +
                             std::to_string(end) + " bytes");
        }
        verify_sums(file, hdu);
        HduShape const shape = file.shape();
        images.push_back({extension_name(file), shape.bits_per_pixel, shape.axes});
    }
    if (end != file.size()) {
        throw damage(file, static_cast<int>(images.size()),
                     std::to_string(file.size() - end) + " bytes follow the last whole HDU");
    }
    return images;
}
}  // namespace sectile::io
