// SPDX-License-Identifier: BSD-3-Clause
#include "io/canvas_file_schema.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "sectile/core/error.hpp"

namespace sectile::io
{
namespace
{
// A chunk of 64 rows x 1024 columns is 256 KiB of float: a window of a picture viewer touches few
// bytes it does not show, and a band of rows is still long contiguous pieces. Smaller ones cost
// time in collective writes (pieces per round), larger ones cost readers of small windows.
constexpr std::int64_t target_rows = 64;
constexpr std::int64_t target_columns = 1024;

std::int64_t divided_up(std::int64_t value, std::int64_t divisor)
{
    return (value + divisor - 1) / divisor;
}

/// Length of equal pieces near `target` that cover `extent` with the least overhang.
std::int64_t even_piece(std::int64_t extent, std::int64_t target)
{
    return divided_up(extent, divided_up(extent, target));
}

Hdf5Handle make_dataset_creation_list(std::vector<hsize_t> const& chunk)
{
    std::string const action = "describe a dataset";
    Hdf5Handle list(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, action);
    check_hdf5(H5Pset_chunk(list.get(), static_cast<int>(chunk.size()), chunk.data()), action);
    // All space at once and never filled: with fixed extents and no filter the chunks then lie one
    // after another without an index, and nothing is written twice.
    check_hdf5(H5Pset_alloc_time(list.get(), H5D_ALLOC_TIME_EARLY), action);
    check_hdf5(H5Pset_fill_time(list.get(), H5D_FILL_TIME_NEVER), action);
    check_hdf5(H5Pset_obj_track_times(list.get(), 0), action);
    return list;
}

/// Raw transfers without a cache of chunks: no chunk is read to be written, and the part of an edge
/// chunk that lies outside the canvas is never written from memory (it stays the zeros of a new
/// file).
Hdf5Handle make_dataset_access_list()
{
    std::string const action = "describe a dataset";
    Hdf5Handle list(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose, action);
    check_hdf5(H5Pset_chunk_cache(list.get(), 0, 0, H5D_CHUNK_CACHE_W0_DEFAULT), action);
    return list;
}

void create_dataset(hid_t file, char const* name, hid_t type, CanvasLayout const& layout,
                    bool has_planes)
{
    ChunkShape const shape = chunk_shape(layout.width, layout.height);
    std::vector<hsize_t> extent{static_cast<hsize_t>(layout.height),
                                static_cast<hsize_t>(layout.width)};
    std::vector<hsize_t> chunk{static_cast<hsize_t>(shape.rows),
                               static_cast<hsize_t>(shape.columns)};
    if (has_planes) {
        extent.insert(extent.begin(), static_cast<hsize_t>(layout.planes));
        chunk.insert(chunk.begin(), 1);
    }
    std::string const action = std::string("create dataset /") + name;
    Hdf5Handle const space(
        H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose,
        action);
    Hdf5Handle const creation = make_dataset_creation_list(chunk);
    Hdf5Handle const dataset(
        H5Dcreate2(file, name, type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
        H5Dclose, action);
}

/// UTF-8 of fixed length, padded with zeros; HDF5 knows no length zero.
Hdf5Handle make_text_type(std::size_t length)
{
    std::string const action = "describe a text attribute";
    Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose, action);
    check_hdf5(H5Tset_size(type.get(), std::max<std::size_t>(length, 1)), action);
    check_hdf5(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), action);
    check_hdf5(H5Tset_cset(type.get(), H5T_CSET_UTF8), action);
    return type;
}

void write_text(hid_t file, char const* name, std::string const& text)
{
    std::string const action = std::string("write attribute ") + name;
    Hdf5Handle const type = make_text_type(text.size());
    Hdf5Handle const space(H5Screate(H5S_SCALAR), H5Sclose, action);
    Hdf5Handle const attribute(
        H5Acreate2(file, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
        action);
    check_hdf5(H5Awrite(attribute.get(), type.get(), text.c_str()), action);
}

std::string read_text(hid_t file, char const* name)
{
    std::string const action = std::string("read attribute ") + name;
    Hdf5Handle const attribute(H5Aopen(file, name, H5P_DEFAULT), H5Aclose, action);
    Hdf5Handle const type(H5Aget_type(attribute.get()), H5Tclose, action);
    if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0) {
        throw core::IoError(core::sentence("cannot " + action, "it is not text of fixed length"));
    }
    std::string text(H5Tget_size(type.get()), '\0');
    check_hdf5(H5Aread(attribute.get(), type.get(), text.data()), action);
    auto const end = text.find_last_not_of('\0');
    text.resize(end == std::string::npos ? 0 : end + 1);
    return text;
}

Hdf5Handle open_dataset(hid_t file, char const* name)
{
    Hdf5Handle const access = make_dataset_access_list();
    return {H5Dopen2(file, name, access.get()), H5Dclose, std::string("open dataset /") + name};
}

std::vector<hsize_t> extent_of(Hdf5Handle const& dataset)
{
    std::string const action = "read the extent of a dataset";
    Hdf5Handle const space(H5Dget_space(dataset.get()), H5Sclose, action);
    int const axes = H5Sget_simple_extent_ndims(space.get());
    check_hdf5(axes, action);
    std::vector<hsize_t> extent(static_cast<std::size_t>(axes));
    check_hdf5(H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr), action);
    return extent;
}

void require_pixels(Hdf5Handle const& dataset, char const* name, H5T_class_t kind,
                    std::vector<std::size_t> const& sizes, std::vector<hsize_t> const& extent)
{
    Hdf5Handle const type(H5Dget_type(dataset.get()), H5Tclose, "read the type of a dataset");
    bool const is_size_right =
        std::find(sizes.begin(), sizes.end(), H5Tget_size(type.get())) != sizes.end();
    if (H5Tget_class(type.get()) != kind || !is_size_right || extent_of(dataset) != extent) {
        throw core::IoError(core::sentence(
            std::string("dataset /") + name + " does not have the shape and type of a canvas",
            "the file is damaged or was changed"));
    }
}
}  // namespace

std::int64_t canvas_chunk_rows(std::int64_t height)
{
    return even_piece(height, target_rows);
}

ChunkShape chunk_shape(std::int64_t width, std::int64_t height)
{
    return {canvas_chunk_rows(height), even_piece(width, target_columns)};
}

std::int64_t largest_header_size(CanvasLayout const& layout)
{
    auto const text_bytes = static_cast<std::int64_t>(layout.wcs_cards.size() + layout.unit.size() +
                                                      layout.provenance.size());
    // Long texts are kept in blocks of powers of two; object headers and a heap are a few
    // kilobytes.
    return 2 * text_bytes + (std::int64_t{1} << 18);
}

std::int64_t largest_file_size(CanvasLayout const& layout)
{
    ChunkShape const shape = chunk_shape(layout.width, layout.height);
    std::int64_t const plane_pixels = divided_up(layout.width, shape.columns) * shape.columns *
                                      divided_up(layout.height, shape.rows) * shape.rows;
    std::int64_t const pixel_bytes =
        plane_pixels * (layout.planes * (4 + 4 + (layout.wide_coverage ? 4 : 2)) + 1);
    // Each large block may leave a gap before it: four datasets, three texts.
    return pixel_bytes + largest_header_size(layout) + 7 * file_alignment;
}

std::int64_t write_rounds(core::Box const& box, int planes, std::int64_t limit)
{
    std::int64_t const row_bytes = box.width() * planes * std::int64_t{sizeof(float)};
    return divided_up(box.height(), std::max<std::int64_t>(1, limit / row_bytes));
}

core::Box part_of(core::Box const& box, std::int64_t part, std::int64_t parts)
{
    core::Box rows = box;
    rows.y0 = box.y0 + box.height() * part / parts;
    rows.y1 = box.y0 + box.height() * (part + 1) / parts;
    return rows.empty() ? core::Box{} : rows;
}

Hdf5Handle make_file_creation_list()
{
    Hdf5Handle list(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "describe a file");
    check_hdf5(H5Pset_obj_track_times(list.get(), 0), "describe a file");  // the root group's
    return list;
}

void create_canvas(hid_t file, CanvasLayout const& layout)
{
    write_text(file, "FORMAT", canvas_format);
    write_text(file, "wcs", layout.wcs_cards);
    write_text(file, "unit", layout.unit);
    write_text(file, "provenance", layout.provenance);
    hid_t const coverage_type = layout.wide_coverage ? H5T_STD_U32LE : H5T_STD_U16LE;
    create_dataset(file, "science", H5T_IEEE_F32LE, layout, true);
    create_dataset(file, "weight", H5T_IEEE_F32LE, layout, true);
    create_dataset(file, "coverage", coverage_type, layout, true);
    create_dataset(file, "alpha", H5T_STD_U8LE, layout, false);
}

CanvasDatasets open_canvas(hid_t file, CanvasLayout& layout)
{
    if (read_text(file, "FORMAT") != canvas_format) {
        throw core::IoError(
            core::sentence("the file is no canvas of this version",
                           "attribute FORMAT is not '" + std::string(canvas_format) + "'"));
    }
    layout.wcs_cards = read_text(file, "wcs");
    layout.unit = read_text(file, "unit");
    layout.provenance = read_text(file, "provenance");
    CanvasDatasets datasets{open_dataset(file, "science"), open_dataset(file, "weight"),
                            open_dataset(file, "coverage"), open_dataset(file, "alpha")};
    std::vector<hsize_t> const extent = extent_of(datasets.science);
    if (extent.size() != 3) {
        throw core::IoError(
            core::sentence("dataset /science does not have three axes", "the file is damaged"));
    }
    require_pixels(datasets.science, "science", H5T_FLOAT, {4}, extent);
    require_pixels(datasets.weight, "weight", H5T_FLOAT, {4}, extent);
    require_pixels(datasets.coverage, "coverage", H5T_INTEGER, {2, 4}, extent);
    require_pixels(datasets.alpha, "alpha", H5T_INTEGER, {1}, {extent[1], extent[2]});
    layout.planes = static_cast<int>(extent[0]);
    layout.height = static_cast<std::int64_t>(extent[1]);
    layout.width = static_cast<std::int64_t>(extent[2]);
    Hdf5Handle const type(H5Dget_type(datasets.coverage.get()), H5Tclose,
                          "read the type of a dataset");
    layout.wide_coverage = H5Tget_size(type.get()) == 4;
    return datasets;
}

CanvasSelection::CanvasSelection(hid_t dataset, core::Box const& box, int planes,
                                 std::ptrdiff_t row_stride, std::ptrdiff_t plane_rows)
{
    std::string const action = "select rows of a canvas";
    file_space_ = {H5Dget_space(dataset), H5Sclose, action};
    bool const has_planes = H5Sget_simple_extent_ndims(file_space_.get()) == 3;
    if (box.empty()) {
        hsize_t const one = 1;
        memory_space_ = {H5Screate_simple(1, &one, nullptr), H5Sclose, action};
        check_hdf5(H5Sselect_none(file_space_.get()), action);
        check_hdf5(H5Sselect_none(memory_space_.get()), action);
        return;
    }
    std::array<hsize_t, 3> const start{0, static_cast<hsize_t>(box.y0),
                                       static_cast<hsize_t>(box.x0)};
    std::array<hsize_t, 3> const count{static_cast<hsize_t>(planes),
                                       static_cast<hsize_t>(box.height()),
                                       static_cast<hsize_t>(box.width())};
    std::array<hsize_t, 3> const memory{static_cast<hsize_t>(planes),
                                        static_cast<hsize_t>(plane_rows),
                                        static_cast<hsize_t>(row_stride)};
    std::array<hsize_t, 3> const origin{0, 0, 0};
    std::size_t const skip = has_planes ? 0 : 1;
    memory_space_ = {H5Screate_simple(static_cast<int>(3 - skip), memory.data() + skip, nullptr),
                     H5Sclose, action};
    check_hdf5(H5Sselect_hyperslab(file_space_.get(), H5S_SELECT_SET, start.data() + skip, nullptr,
                                   count.data() + skip, nullptr),
               action);
    check_hdf5(H5Sselect_hyperslab(memory_space_.get(), H5S_SELECT_SET, origin.data() + skip,
                                   nullptr, count.data() + skip, nullptr),
               action);
}
}  // namespace sectile::io
