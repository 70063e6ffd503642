// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "sectile/image/image.hpp"

namespace sectile::io
{
/// One header card. Strings longer than a card allows are continued (CONTINUE convention).
struct FitsCard
{
    std::string keyword;
    std::variant<bool, std::int64_t, double, std::string> value;
    std::string comment;
};

/// One image HDU to be written; without width and height a header alone (NAXIS 0).
struct FitsImageSpec
{
    std::string name;          ///< EXTNAME; empty for the primary
    int bits_per_pixel = -32;  ///< BITPIX: 8, 16, 32, -32; unsigned 16 and 32 bits by BZERO
    bool is_unsigned = false;
    std::int64_t width = 0;
    std::int64_t height = 0;
    int planes = 1;  ///< 1: two axes
    /// 80-character cards, copied as they are, but for those of the data layout and those that
    /// `cards` has too; WCSAXES is raised to the number of axes.
    std::string wcs_cards;
    std::vector<FitsCard> cards;
};

/// Writes a multi-extension FITS file by strips of rows, never holding an image: temporary name,
/// fsync, rename on commit(). CHECKSUM and DATASUM of every HDU are valid and nothing (no date)
/// varies between equal runs. Used for mosaic.fits and for tiles. One object per thread. Throws
/// core::IoError.
class FitsWriter
{
  public:
    explicit FitsWriter(std::string path);
    ~FitsWriter();  ///< without commit() the temporary file is removed
    FitsWriter(FitsWriter&&) noexcept;
    /// Starts the next HDU; the ones before must be complete.
    void begin_image(FitsImageSpec const& spec);
    /// Writes rows.box (full width, any rows, all planes) of the current HDU; each row once, in any
    /// order. float needs BITPIX -32, uint8 8, uint32 16 or 32 and values that fit (else
    /// core::InternalError).
    void write_rows(image::ImageView<float const> rows);
    void write_rows(image::ImageView<std::uint32_t const> rows);
    void write_rows(image::ImageView<std::uint8_t const> rows);
    void commit();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};
}  // namespace sectile::io
