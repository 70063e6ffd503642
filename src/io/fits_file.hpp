// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <fitsio.h>

#include "sectile/core/error.hpp"

namespace sectile::io
{
/// A file that cannot be read as FITS. The text names the file, `reason` is the cause alone.
class FitsError : public core::IoError
{
  public:
    FitsError(std::string const& path, std::string reason, std::string const& doing = "read");
    [[nodiscard]] std::string const& reason() const noexcept { return reason_; }

  private:
    std::string reason_;
};

/// Type and size of the current HDU as CFITSIO presents it (a tile-compressed image looks like an
/// image).
struct HduShape
{
    bool is_image = false;
    bool is_compressed = false;      ///< stored as tiles in a binary table
    int bits_per_pixel = 0;          ///< BITPIX
    std::vector<std::int64_t> axes;  ///< NAXIS1 first
};

/// Move-only owner of a CFITSIO handle, read-only. Throws FitsError; the message stack of CFITSIO
/// is left empty. One object per thread (CFITSIO must be built re-entrant).
class FitsFile
{
  public:
    /// Opens the file by its literal name (no extended file name syntax); .gz is unpacked in
    /// memory.
    explicit FitsFile(std::string path);
    ~FitsFile();
    FitsFile(FitsFile&& other) noexcept;
    FitsFile& operator=(FitsFile&& other) noexcept;
    FitsFile(FitsFile const&) = delete;
    FitsFile& operator=(FitsFile const&) = delete;

    /// Goes to the HDU (0-based); false when the file has no such HDU.
    [[nodiscard]] bool move_to(int hdu);
    /// Goes to the image extension of that EXTNAME and EXTVER; false when there is none.
    [[nodiscard]] bool move_to(std::string const& name, int version);
    [[nodiscard]] HduShape shape() const;
    /// All cards of the current HDU but COMMENT, HISTORY and blank ones, 80 characters each, END
    /// included. Those of a compressed image are the cards of the table that holds it.
    [[nodiscard]] std::string header_text() const;
    /// First byte of the data unit in the (unpacked) file.
    [[nodiscard]] std::int64_t data_position() const;
    /// Bytes of the (unpacked) file; less than the headers announce when it is truncated.
    [[nodiscard]] std::int64_t size() const;
    /// True when the bytes on disk are those of the FITS file: not gzip, compress or zip.
    [[nodiscard]] bool is_plain() const { return is_plain_; }
    [[nodiscard]] std::string const& path() const { return path_; }
    /// Throws when the file ends before the data unit of the current HDU does: CFITSIO itself
    /// notices that only when it reads so far, and never in a truncated .gz file.
    void require_complete(HduShape const& shape) const;
    [[nodiscard]] fitsfile* handle() const { return handle_; }
    /// Throws for a CFITSIO status other than 0: "cannot <doing> <path> (reason)".
    void check(int status, std::string const& doing = "read") const;

  private:
    void close() noexcept;

    std::string path_;
    bool is_plain_ = true;
    fitsfile* handle_ = nullptr;
};
}  // namespace sectile::io
