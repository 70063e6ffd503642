// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/box.hpp"
#include "sectile/image/image.hpp"

namespace sectile::io
{
/// What a canvas file is, the same on all ranks. Nothing in it may vary between equal runs.
struct CanvasLayout
{
    std::int64_t width = 0;
    std::int64_t height = 0;
    int planes = 1;
    bool wide_coverage = false;  ///< uint32 instead of uint16 coverage: more than 65535 frames
    std::string wcs_cards;       ///< 80-character cards of the grid, attribute "wcs"
    std::string unit;            ///< BUNIT, attribute "unit"
    std::string provenance;      ///< JSON text, attribute "provenance"
};

/// Rows of a chunk of the file of a canvas of so many rows: strips that begin on a multiple of it
/// are written without sharing chunks.
[[nodiscard]] std::int64_t canvas_chunk_rows(std::int64_t height);

/// Rows of the canvas that one rank writes in a round; an empty box takes part and writes nothing.
struct CanvasStrip
{
    core::Box box;
    image::ImageView<float const> science;
    image::ImageView<float const> weight;
    image::ImageView<std::uint32_t const> coverage;
    image::ImageView<std::uint8_t const> alpha;  ///< one plane
};

/// mosaic.h5 (METHODS.md, section 15.1), written collectively by all ranks of a communicator into a
/// temporary name and renamed by commit(). Datasets /science /weight (C,H,W float32), /coverage
/// (C,H,W uint16 or uint32), /alpha (H,W uint8); chunked by row band x columns, early allocation,
/// no fill, no object times: the bytes depend only on layout and pixels. Texts are attributes of
/// the root group, UTF-8 of fixed length however long ("FORMAT" = "sectile canvas 1", "wcs",
/// "unit", "provenance"); pixels that nobody writes are zero. Rank 0 makes the file and reserves
/// its whole size first, so a full disk is told before the work; while writing, a narrow canvas
/// needs 2 more bytes per pixel of the strip. The communicator's ranks must see one file system.
/// All members are *collective*; so is the destructor, except that it only removes the temporary
/// file (by rank 0) while an exception unwinds. Main thread only.
class CanvasWriter
{
  public:
    /// Throws core::StageFailed with the code of core::IoError, on every rank alike.
    CanvasWriter(comm::Communicator const& comm, std::string path, CanvasLayout const& layout);
    /// Without commit() the temporary file is removed.
    ~CanvasWriter();
    CanvasWriter(CanvasWriter const&) = delete;
    CanvasWriter& operator=(CanvasWriter const&) = delete;

    /// Throws core::StageFailed on every rank alike: for a strip that breaks the contract or
    /// coverage that does not fit 16 bits (internal; nothing was written, the canvas stays usable),
    /// or when writing failed (input/output; the canvas is closed). Views may be larger than the
    /// box.
    void write(CanvasStrip const& strip);
    /// Why a collective write was carried out independently, empty if all were collective.
    [[nodiscard]] std::string independent_cause() const;
    /// Flush, close, fsync, rename.
    void commit();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Reads windows of a canvas file, serially; any box of rows and columns. Throws core::IoError for
/// a file that is no canvas or is damaged, core::InternalError for a window outside. One rank, main
/// thread only.
class CanvasReader
{
  public:
    explicit CanvasReader(std::string const& path);
    ~CanvasReader();
    [[nodiscard]] CanvasLayout const& layout() const;
    void read_science(image::ImageView<float> out) const;  ///< out.box inside the canvas, C planes
    void read_weight(image::ImageView<float> out) const;
    void read_coverage(image::ImageView<std::uint32_t> out) const;
    void read_alpha(image::ImageView<std::uint8_t> out) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

[[nodiscard]] std::string hdf5_version_text();  ///< "1.10.8 (parallel)"
}  // namespace sectile::io
