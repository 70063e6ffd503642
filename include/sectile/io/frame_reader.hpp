// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sectile/core/box.hpp"
#include "sectile/image/image.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::io
{
/// What was met where a frame was looked for and could not be used, for the report.
struct UnreadableInput
{
    std::string path;
    int hdu = 0;
    std::string reason;  ///< one sentence
};

/// Frames are the image HDUs with data and two axes, or three (planes; axes of length 1 beyond the
/// second do not count). Extensions whose EXTNAME marks a companion of a science image (ERR, DQ,
/// WHT, WEIGHT, VAR, MASK, COVERAGE, ALPHA, D2IMARR, WCSDVARR and the like) are not frames; any
/// other name, or none, is science. Tables, spectra and HDUs without data are passed over; a file
/// without any frame is unreadable.
struct FileScan
{
    std::vector<sectile::sky::FrameHeader> frames;  ///< in the order of the HDUs
    std::vector<UnreadableInput> unreadable;
};

/// Names of all FITS files given: files as they are, directories searched recursively for .fit
/// .fits .fts (any case) and .gz / .fz of them, @list.txt one path a line (# comments, relative to
/// the list's folder). Sorted, each once; hidden files and folders are passed over. Throws
/// core::InputError when a path does not exist or cannot be read.
[[nodiscard]] std::vector<std::string> find_fits_files(std::vector<std::string> const& inputs);

/// Reads the headers of all image HDUs of a file (also tile-compressed ones) and the .wcs sidecar
/// beside it (same stem: a.fits -> a.wcs; a.fits.gz -> a.wcs). A sidecar wins over the header's own
/// WCS and holds for the first image HDU. Never throws for a bad file: the reason is in
/// `unreadable`. Thread-safe. A sidecar that cannot be used, a missing look-up table and a damaged
/// header after good HDUs are listed in `unreadable` too, beside the frames. geometry.bayer is the
/// pattern of the stored rows: BAYERPAT holds for them as it is, shifted by XBAYROFF and YBAYROFF,
/// and upside down only with ROWORDER = 'BOTTOM-UP'. `debayer`: treat a 2-D frame with a Bayer
/// keyword as a colour mosaic.
[[nodiscard]] FileScan scan_file(std::string const& path, bool debayer);

/// Windowed access to the pixels of one image HDU. One handle per object, one object per thread.
class FrameReader
{
  public:
    /// Throws core::IoError with the reason.
    explicit FrameReader(sectile::sky::FrameHeader const& header);
    ~FrameReader();
    FrameReader(FrameReader&&) noexcept;
    FrameReader& operator=(FrameReader&&) noexcept;

    /// Fills out.box, in stored pixels, of every *stored* plane (geometry.stored_planes): physical
    /// values (BSCALE, BZERO applied), NaN for BLANK, NaN, infinite values and for the part of the
    /// box outside the image. A mosaic comes raw (one plane); debayering is the caller's. Row-major
    /// windows; only the rows and columns asked for are read (a .gz file is unpacked once, on
    /// opening). Throws core::IoError.
    void read(image::ImageView<float> out);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};
}  // namespace sectile::io
