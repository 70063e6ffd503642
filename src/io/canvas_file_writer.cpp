// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <limits>
#include <vector>

#include "sectile/comm/share.hpp"
#include "sectile/core/error.hpp"
#include "sectile/io/atomic_file.hpp"
#include "sectile/io/canvas_file.hpp"

#include "io/canvas_file_schema.hpp"
#include "io/canvas_file_space.hpp"
#include "io/posix_file.hpp"

namespace sectile::io
{
namespace
{
void check_layout(CanvasLayout const& layout)
{
    core::require(layout.width > 0 && layout.height > 0 && layout.planes > 0,
                  "a canvas has pixels");
}

/// What a view says about its memory; one plane per `plane_rows` rows.
template <class T>
std::ptrdiff_t plane_rows(image::ImageView<T> const& view)
{
    return view.planes > 1 ? view.plane_stride / view.row_stride : view.box.height();
}

template <class T>
void check_view(image::ImageView<T> const& view, core::Box const& box, int planes)
{
    core::require(!view.empty() && view.box.contains(box) && view.planes == planes,
                  "every part of a strip holds the strip's box and the canvas' planes");
    core::require(view.row_stride >= view.box.width(), "rows of a strip do not overlap");
    core::require(planes == 1 || (view.plane_stride % view.row_stride == 0 &&
                                  plane_rows(view) >= view.box.height()),
                  "planes of a strip are whole rows apart");
}

void check_narrow_coverage(image::ImageView<std::uint32_t const> const& coverage)
{
    std::uint32_t largest = 0;
    for (int plane = 0; plane < coverage.planes; ++plane) {
        for (std::int64_t y = coverage.box.y0; y < coverage.box.y1; ++y) {
            std::uint32_t const* const row = coverage.row(plane, y);
            for (std::int64_t x = 0; x < coverage.box.width(); ++x) {
                largest = std::max(largest, row[x]);
            }
        }
    }
    if (largest > std::numeric_limits<std::uint16_t>::max()) {
        throw core::InternalError(core::sentence("a pixel's coverage does not fit 16 bits",
                                                 std::to_string(largest) + " frames",
                                                 "write wide coverage"));
    }
}

/// Beside HDF5's bits: it names no cause, and still a transfer was not collective.
constexpr std::uint32_t not_collective_for_no_cause = H5D_MPIO_NO_COLLECTIVE_MAX_CAUSE;

std::string describe_cause(std::uint32_t cause)
{
    struct Name
    {
        std::uint32_t bit;
        char const* text;
    };
    static constexpr std::array<Name, 9> names{{
        {H5D_MPIO_SET_INDEPENDENT, "an independent transfer was asked for"},
        {H5D_MPIO_DATATYPE_CONVERSION, "the data type had to be converted"},
        {H5D_MPIO_DATA_TRANSFORMS, "the data had to be transformed"},
        {H5D_MPIO_MPI_OPT_TYPES_ENV_VAR_DISABLED, "HDF5_MPI_OPT_TYPES forbids it"},
        {H5D_MPIO_NOT_SIMPLE_OR_SCALAR_DATASPACES, "a dataspace is not simple"},
        {H5D_MPIO_NOT_CONTIGUOUS_OR_CHUNKED_DATASET, "the dataset's layout forbids it"},
        {H5D_MPIO_PARALLEL_FILTERED_WRITES_DISABLED, "filtered parallel writes are disabled"},
        {H5D_MPIO_ERROR_WHILE_CHECKING_COLLECTIVE_POSSIBLE, "HDF5 could not find out"},
        {not_collective_for_no_cause, "HDF5 wrote chunks independently without a cause"},
    }};
    std::string text;
    for (Name const& name : names) {
        if ((cause & name.bit) != 0) {
            text += (text.empty() ? "" : ", ") + std::string(name.text);
        }
    }
    return text;
}

/// Settings that the file's maker and its writers share.
Hdf5Handle make_file_access_list()
{
    std::string const action = "describe how a file is opened";
    Hdf5Handle list(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, action);
    check_hdf5(H5Pset_fapl_sec2(list.get()), action);
    check_hdf5(H5Pset_libver_bounds(list.get(), H5F_LIBVER_V110, H5F_LIBVER_V110), action);
    check_hdf5(H5Pset_alignment(list.get(), file_alignment, file_alignment), action);
    // The run holds a lock of its own, and not every parallel file system has these.
    check_hdf5(H5Pset_file_locking(list.get(), 0, 1), action);
    return list;
}

/// Makes the file with all that is not pixels. One rank does it, in plain serial calls: these bytes
/// then cannot depend on the ranks, and an error is found where nobody waits.
void make_file(std::string const& path, CanvasLayout const& layout)
{
    Hdf5Handle const creation = make_file_creation_list();
    Hdf5Handle const access = make_file_access_list();
    Hdf5Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose,
                    "create " + path);
    create_canvas(file.get(), layout);
    if (!file.reset()) {
        throw core::IoError(core::sentence("cannot create " + path, hdf5_reason()));
    }
}

Hdf5Handle make_transfer_list(comm::Communicator const& comm)
{
    std::string const action = "describe a transfer";
    Hdf5Handle list(H5Pcreate(H5P_DATASET_XFER), H5Pclose, action);
    if (comm.size() > 1) {
        check_hdf5(H5Pset_dxpl_mpio(list.get(), H5FD_MPIO_COLLECTIVE), action);
        // One transfer for all chunks of a round, not one per chunk.
        check_hdf5(H5Pset_dxpl_mpio_chunk_opt(list.get(), H5FD_MPIO_CHUNK_ONE_IO), action);
    }
    return list;
}
}  // namespace

struct CanvasWriter::Impl
{
    comm::Communicator comm;
    std::string path;
    std::string temporary;
    CanvasLayout layout;
    Hdf5Handle file;
    CanvasDatasets datasets;
    Hdf5Handle transfer;
    std::vector<std::uint16_t> narrow_coverage;  ///< of one round
    std::uint32_t causes = 0;                    ///< why a transfer of this rank was not collective
    bool is_published = false;

    void create() const;
    void open();
    [[nodiscard]] bool close();
    void abandon();
    void remove_temporary() const;
    [[nodiscard]] std::int64_t prepare(CanvasStrip const& strip);
    void write_part(CanvasStrip const& strip, core::Box const& part);
    void write_coverage(CanvasStrip const& strip, core::Box const& part);
    template <class T>
    void write_pixels(Hdf5Handle const& dataset, char const* name, hid_t type,
                      image::ImageView<T> const& view, core::Box const& part);
    void note_cause();
};

void CanvasWriter::Impl::create() const
{
    check_layout(layout);
    if (!comm.is_root()) {
        return;
    }
    // Leftovers of a killed run go.
    std::remove(temporary.c_str());
    // HDF5 cannot be trusted to end well when a file cannot grow, so it is tried before: the whole
    // size, and space for what is not pixels. HDF5 empties the file again.
    PosixFile probe = PosixFile::create(temporary);
    probe.set_size(largest_file_size(layout));
    probe.close();
    reserve_space(temporary, largest_header_size(layout));
    make_file(temporary, layout);
    reserve_space(temporary, static_cast<std::int64_t>(std::filesystem::file_size(temporary)));
}

void CanvasWriter::Impl::open()
{
    std::string const action = "open " + temporary;
    Hdf5Handle const access = make_file_access_list();
    if (comm.size() > 1) {
        check_hdf5(H5Pset_fapl_mpio(access.get(), comm::mpi_handle(comm), MPI_INFO_NULL), action);
        check_hdf5(H5Pset_all_coll_metadata_ops(access.get(), 1), action);
        check_hdf5(H5Pset_coll_metadata_write(access.get(), 1), action);
    }
    transfer = make_transfer_list(comm);
    file = {H5Fopen(temporary.c_str(), H5F_ACC_RDWR, access.get()), H5Fclose, action};
    CanvasLayout found;
    datasets = open_canvas(file.get(), found);
}

bool CanvasWriter::Impl::close()
{
    bool is_good = true;
    for (Hdf5Handle* const handle : {&datasets.science, &datasets.weight, &datasets.coverage,
                                     &datasets.alpha, &transfer, &file}) {
        is_good = handle->reset() && is_good;
    }
    return is_good;
}

void CanvasWriter::Impl::abandon()
{
    for (Hdf5Handle* const handle :
         {&datasets.science, &datasets.weight, &datasets.coverage, &datasets.alpha, &file}) {
        handle->abandon();
    }
}

void CanvasWriter::Impl::remove_temporary() const
{
    if (comm.is_root()) {
        std::remove(temporary.c_str());
    }
}

/// Checks a strip before any rank writes; the number of rounds it needs.
std::int64_t CanvasWriter::Impl::prepare(CanvasStrip const& strip)
{
    core::require(file.is_open(), "a canvas is not written after commit or a failed write");
    if (strip.box.empty()) {
        return 1;
    }
    core::require(core::Box{0, 0, layout.width, layout.height}.contains(strip.box),
                  "a strip lies inside the canvas");
    check_view(strip.science, strip.box, layout.planes);
    check_view(strip.weight, strip.box, layout.planes);
    check_view(strip.coverage, strip.box, layout.planes);
    check_view(strip.alpha, strip.box, 1);
    std::int64_t const rounds = write_rounds(strip.box, layout.planes, most_bytes_per_write);
    if (!layout.wide_coverage) {
        check_narrow_coverage(strip.coverage.clipped_to(strip.box));
        // Other ranks may need more rounds; the parts only become smaller.
        core::Box const part = part_of(strip.box, rounds - 1, rounds);
        narrow_coverage.resize(static_cast<std::size_t>(part.area() * layout.planes));
    }
    return rounds;
}

template <class T>
void CanvasWriter::Impl::write_pixels(Hdf5Handle const& dataset, char const* name, hid_t type,
                                      image::ImageView<T> const& view, core::Box const& part)
{
    // HDF5 wants an address even where there is nothing to write.
    static constexpr T nothing{};
    bool const is_empty = part.empty();
    CanvasSelection const selection(dataset.get(), part, view.planes, view.row_stride,
                                    is_empty ? 0 : plane_rows(view));
    T const* const pixels = is_empty ? &nothing : view.row(0, part.y0) + (part.x0 - view.box.x0);
    check_hdf5(H5Dwrite(dataset.get(), type, selection.memory_space(), selection.file_space(),
                        transfer.get(), pixels),
               std::string("write /") + name + " of " + path);
    note_cause();
}

void CanvasWriter::Impl::write_coverage(CanvasStrip const& strip, core::Box const& part)
{
    if (layout.wide_coverage) {
        write_pixels(datasets.coverage, "coverage", H5T_NATIVE_UINT32, strip.coverage, part);
        return;
    }
    // Converted here: HDF5 would give up collective transfer to do it.
    std::uint16_t* target = narrow_coverage.data();
    for (int plane = 0; plane < layout.planes && !part.empty(); ++plane) {
        for (std::int64_t y = part.y0; y < part.y1; ++y) {
            std::uint32_t const* const row =
                strip.coverage.row(plane, y) + (part.x0 - strip.coverage.box.x0);
            target = std::transform(row, row + part.width(), target, [](std::uint32_t count) {
                return static_cast<std::uint16_t>(count);
            });
        }
    }
    image::ImageView<std::uint16_t const> const narrow{narrow_coverage.data(), part, layout.planes,
                                                       static_cast<std::ptrdiff_t>(part.width()),
                                                       static_cast<std::ptrdiff_t>(part.area())};
    write_pixels(datasets.coverage, "coverage", H5T_NATIVE_UINT16, narrow, part);
}

void CanvasWriter::Impl::write_part(CanvasStrip const& strip, core::Box const& part)
{
    // A rank that fails takes part in the writes that are left: the others would wait for it.
    std::exception_ptr first;
    auto const attempt = [&](auto const& write) {
        try {
            write();
        } catch (...) {
            first = first ? first : std::current_exception();
        }
    };
    attempt(
        [&] { write_pixels(datasets.science, "science", H5T_NATIVE_FLOAT, strip.science, part); });
    attempt([&] { write_pixels(datasets.weight, "weight", H5T_NATIVE_FLOAT, strip.weight, part); });
    attempt([&] { write_coverage(strip, part); });
    attempt([&] { write_pixels(datasets.alpha, "alpha", H5T_NATIVE_UINT8, strip.alpha, part); });
    if (first) {
        std::rethrow_exception(first);
    }
}

void CanvasWriter::Impl::note_cause()
{
    if (comm.size() == 1) {
        return;
    }
    std::uint32_t local = 0;
    std::uint32_t global = 0;
    H5D_mpio_actual_io_mode_t mode = H5D_MPIO_NO_COLLECTIVE;
    check_hdf5(H5Pget_mpio_no_collective_cause(transfer.get(), &local, &global),
               "learn how a transfer was done");
    check_hdf5(H5Pget_mpio_actual_io_mode(transfer.get(), &mode), "learn how a transfer was done");
    causes |= global;
    if (global == 0 && mode != H5D_MPIO_CHUNK_COLLECTIVE) {
        causes |= not_collective_for_no_cause;
    }
}

CanvasWriter::CanvasWriter(comm::Communicator const& comm, std::string path,
                           CanvasLayout const& layout)
    : impl_(std::make_unique<Impl>())
{
    impl_->comm = comm;
    impl_->path = std::move(path);
    impl_->temporary = temporary_name(impl_->path);
    impl_->layout = layout;
    silence_hdf5();
    try {
        comm::agree(comm, "create canvas file", [&] { impl_->create(); });
        comm::agree(comm, "create canvas file", [&] { impl_->open(); });
    } catch (core::StageFailed const&) {
        (void)impl_->close();
        impl_->remove_temporary();
        throw;
    }
}

CanvasWriter::~CanvasWriter()
{
    if (impl_->is_published) {
        return;
    }
    // Closing is collective: a rank that unwinds alone must not wait for the others. HDF5 closes
    // the file when the process ends.
    if (std::uncaught_exceptions() > 0 && impl_->comm.size() > 1) {
        impl_->abandon();
    } else {
        (void)impl_->close();
    }
    impl_->remove_temporary();
}

void CanvasWriter::write(CanvasStrip const& strip)
{
    std::int64_t rounds = 0;
    comm::agree(impl_->comm, "write canvas file", [&] { rounds = impl_->prepare(strip); });
    rounds = comm::all_reduce_max(impl_->comm, rounds);
    try {
        for (std::int64_t round = 0; round < rounds; ++round) {
            comm::agree(impl_->comm, "write canvas file",
                        [&] { impl_->write_part(strip, part_of(strip.box, round, rounds)); });
        }
    } catch (core::StageFailed const&) {
        (void)impl_->close();
        throw;
    }
}

std::string CanvasWriter::independent_cause() const
{
    std::uint32_t causes = 0;
    for (std::uint32_t const of_rank : comm::all_gather_values(impl_->comm, impl_->causes)) {
        causes |= of_rank;
    }
    return describe_cause(causes);
}

void CanvasWriter::commit()
{
    comm::agree(impl_->comm, "finish canvas file", [&] {
        core::require(impl_->file.is_open(), "a canvas is committed once, after good writes");
    });
    comm::agree(impl_->comm, "finish canvas file", [&] {
        // The flush makes every rank's data durable; what rank 0 does below covers its own node
        // only.
        herr_t const flushed = H5Fflush(impl_->file.get(), H5F_SCOPE_GLOBAL);
        std::string const reason = flushed < 0 ? hdf5_reason() : std::string();
        bool const is_closed = impl_->close();
        if (flushed < 0 || !is_closed) {
            throw core::IoError(core::sentence("cannot finish " + impl_->path,
                                               flushed < 0 ? reason : hdf5_reason()));
        }
    });
    comm::agree(impl_->comm, "finish canvas file", [&] {
        if (impl_->comm.is_root()) {
            publish_file(impl_->path);
        }
    });
    impl_->is_published = true;
}
}  // namespace sectile::io
