// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sectile/core/box.hpp"
#include "sectile/io/canvas_file.hpp"

#include "io/hdf5_handle.hpp"

namespace sectile::io
{
/// What a canvas file calls itself, in the attribute "FORMAT".
inline constexpr char const* canvas_format = "sectile canvas 1";

struct CanvasDatasets
{
    Hdf5Handle science;
    Hdf5Handle weight;
    Hdf5Handle coverage;
    Hdf5Handle alpha;
};

/// Rows and columns of a chunk. They follow from the canvas alone, so that the file does too.
struct ChunkShape
{
    std::int64_t rows = 0;
    std::int64_t columns = 0;
};
[[nodiscard]] ChunkShape chunk_shape(std::int64_t width, std::int64_t height);

/// At most so many bytes has all that is not pixels, and the finished file.
[[nodiscard]] std::int64_t largest_header_size(CanvasLayout const& layout);
[[nodiscard]] std::int64_t largest_file_size(CanvasLayout const& layout);

/// Datasets and other large blocks start on a multiple of this, the usual stripe of parallel file
/// systems.
inline constexpr std::int64_t file_alignment = std::int64_t{1} << 20;

/// Most bytes of one dataset that a rank gives to one collective write: MPI-IO counts in ints, and
/// the library's own buffers stay small. Larger strips are written in several rounds.
inline constexpr std::int64_t most_bytes_per_write = std::int64_t{256} << 20;

/// How many rounds a strip needs so that no write of four-byte pixels exceeds `limit` (but one
/// row).
[[nodiscard]] std::int64_t write_rounds(core::Box const& box, int planes, std::int64_t limit);

/// Rows of `part` (from 0) of `parts` about equal parts, the last of them the highest; may be
/// empty.
[[nodiscard]] core::Box part_of(core::Box const& box, std::int64_t part, std::int64_t parts);

/// Property lists under which equal content gives equal bytes.
[[nodiscard]] Hdf5Handle make_file_creation_list();

/// Makes attributes and datasets in an empty file.
void create_canvas(hid_t file, CanvasLayout const& layout);

/// Opens the datasets of a file and reads its layout. Throws core::IoError for a file that is no
/// canvas.
[[nodiscard]] CanvasDatasets open_canvas(hid_t file, CanvasLayout& layout);

/// Rows and columns of one dataset together with where they are in memory.
class CanvasSelection
{
  public:
    /// `box` of all planes in a view; nothing for an empty box. `row_stride` in elements and
    /// `plane_rows` = plane stride / row stride describe the memory.
    CanvasSelection(hid_t dataset, core::Box const& box, int planes, std::ptrdiff_t row_stride,
                    std::ptrdiff_t plane_rows);
    [[nodiscard]] hid_t file_space() const { return file_space_.get(); }
    [[nodiscard]] hid_t memory_space() const { return memory_space_.get(); }

  private:
    Hdf5Handle file_space_;
    Hdf5Handle memory_space_;
};
}  // namespace sectile::io
