// SPDX-License-Identifier: BSD-3-Clause
#include "io/fits_file.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "sectile/core/error.hpp"

#include "io/fits_cards.hpp"
#include "io/header_cards.hpp"
#include "io/posix_file.hpp"

namespace sectile::io
{
namespace
{
/// The text of a status, not the message stack: that one is shared by all threads, so its lines may
/// be about another file. It is emptied so that it never grows.
std::string text_of_status(int status)
{
    switch (status) {
        case END_OF_FILE:
        case READ_ERROR:
            return "the file ends too early";
        case NO_END:
            return "the header has no END card";
        case UNKNOWN_REC:
            return "a header does not start with SIMPLE or XTENSION";
        case DATA_DECOMPRESSION_ERR:
            return "the compressed data are damaged";
        default:
            break;
    }
    std::array<char, FLEN_STATUS> text = {};
    fits_get_errstatus(status, text.data());
    return text.data();
}

bool is_packed(std::string_view start)
{
    return start.starts_with("\x1f\x8b") || start.starts_with("\x1f\x9d") ||
           start.starts_with("PK");
}

/// What can be said before CFITSIO looks at the file, in clearer words than a status. Returns
/// whether the bytes on disk are the FITS file itself.
bool probe(std::string const& path)
{
    PosixFile const file = PosixFile::open_for_reading(path);
    std::int64_t const size = file.size();
    if (size == 0) {
        throw FitsError(path, "the file is empty");
    }
    std::array<char, 9> start = {};
    auto const count = static_cast<std::size_t>(std::min<std::int64_t>(size, start.size()));
    file.read_at(start.data(), count, 0);
    std::string_view const text(start.data(), count);
    if (is_packed(text)) {
        return false;
    }
    if (!text.starts_with("SIMPLE  =")) {
        throw FitsError(path, "it is not a FITS file");
    }
    if (size < static_cast<std::int64_t>(block_length)) {
        throw FitsError(path, "the file ends inside its header");
    }
    return true;
}
}  // namespace

FitsError::FitsError(std::string const& path, std::string reason, std::string const& doing)
    : core::IoError(core::sentence("cannot " + doing + " " + path, reason)),
      reason_(std::move(reason))
{}

FitsFile::FitsFile(std::string path) : path_(std::move(path)), is_plain_(probe(path_))
{
    int status = 0;
    fits_open_diskfile(&handle_, path_.c_str(), READONLY, &status);
    if (status != 0) {
        handle_ = nullptr;
    }
    check(status);
}

FitsFile::~FitsFile()
{
    close();
}

FitsFile::FitsFile(FitsFile&& other) noexcept
    : path_(std::move(other.path_)),
      is_plain_(other.is_plain_),
      handle_(std::exchange(other.handle_, nullptr))
{}

FitsFile& FitsFile::operator=(FitsFile&& other) noexcept
{
    if (this != &other) {
        close();
        path_ = std::move(other.path_);
        is_plain_ = other.is_plain_;
        handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
}

void FitsFile::close() noexcept
{
    if (handle_ != nullptr) {
        int status = 0;
        fits_close_file(handle_, &status);
        fits_clear_errmsg();
        handle_ = nullptr;
    }
}

void FitsFile::check(int status, std::string const& doing) const
{
    if (status != 0) {
        fits_clear_errmsg();
        throw FitsError(path_, text_of_status(status), doing);
    }
}

void FitsFile::require_complete(HduShape const& shape) const
{
    std::int64_t bytes = 0;
    if (shape.is_compressed) {
        HeaderCards const table(header_text());
        bytes = table.integer("NAXIS1").value_or(0) * table.integer("NAXIS2").value_or(0) +
                table.integer("PCOUNT").value_or(0);
    } else {
        bytes = std::abs(shape.bits_per_pixel) / 8;
        for (std::int64_t const length : shape.axes) {
            if (__builtin_mul_overflow(bytes, length, &bytes)) {
                throw FitsError(path_, "the header announces an impossible size");
            }
        }
    }
    std::int64_t const available = size() - data_position();
    if (bytes > available) {
        throw FitsError(path_, "the file ends inside its data: " + std::to_string(available) +
                                   " bytes of " + std::to_string(bytes));
    }
}

bool FitsFile::move_to(int hdu)
{
    int status = 0;
    fits_movabs_hdu(handle_, hdu + 1, nullptr, &status);
    if (status == END_OF_FILE) {
        fits_clear_errmsg();
        return false;
    }
    check(status, "read HDU " + std::to_string(hdu) + " of");
    return true;
}

bool FitsFile::move_to(std::string const& name, int version)
{
    int status = 0;
    std::string mutable_name = name;  // CFITSIO takes a pointer to char
    fits_movnam_hdu(handle_, ANY_HDU, mutable_name.data(), version, &status);
    if (status == BAD_HDU_NUM || status == END_OF_FILE) {
        fits_clear_errmsg();
        return false;
    }
    check(status, "find extension " + name + " of");
    return true;
}

HduShape FitsFile::shape() const
{
    int status = 0;
    int type = 0;
    HduShape result;
    fits_get_hdu_type(handle_, &type, &status);
    check(status);
    result.is_compressed = fits_is_compressed_image(handle_, &status) != 0;
    result.is_image = type == IMAGE_HDU || result.is_compressed;
    if (!result.is_image) {
        return result;
    }
    int count = 0;
    fits_get_img_dim(handle_, &count, &status);
    fits_get_img_type(handle_, &result.bits_per_pixel, &status);
    check(status);
    std::vector<LONGLONG> axes(static_cast<std::size_t>(std::max(count, 1)), 0);
    fits_get_img_sizell(handle_, count, axes.data(), &status);
    check(status);
    result.axes.assign(axes.begin(), axes.begin() + count);
    return result;
}

std::string FitsFile::header_text() const
{
    int status = 0;
    int count = 0;
    char* text = nullptr;
    fits_hdr2str(handle_, 1, nullptr, 0, &text, &count, &status);
    check(status, "read a header of");
    std::string result(text);
    fits_free_memory(text, &status);
    return result;
}

std::int64_t FitsFile::data_position() const
{
    int status = 0;
    LONGLONG position = 0;
    fits_get_hduaddrll(handle_, nullptr, &position, nullptr, &status);
    check(status);
    return position;
}

std::int64_t FitsFile::size() const
{
    return handle_->Fptr->filesize;
}
}  // namespace sectile::io
