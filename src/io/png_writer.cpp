// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/png_writer.hpp"

#include <cerrno>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include <png.h>

#include "sectile/core/error.hpp"
#include "sectile/io/atomic_file.hpp"

namespace sectile::io
{
namespace
{
/// zlib level. Costs: 6 takes about twice as long and makes a picture of noisy sky 8 % smaller.
constexpr int compression_level = 3;

/// Text of the last libpng error, kept where longjmp() cannot destroy it.
struct PngProblem
{
    char text[256] = "unknown reason";
};

void keep_problem(png_structp png, png_const_charp text)
{
    auto* const problem = static_cast<PngProblem*>(png_get_error_ptr(png));
    std::snprintf(problem->text, sizeof(problem->text), "%s", text);
    png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

int color_type(int planes)
{
    switch (planes) {
        case 1:
            return PNG_COLOR_TYPE_GRAY;
        case 3:
            return PNG_COLOR_TYPE_RGB;
        default:
            return PNG_COLOR_TYPE_RGB_ALPHA;
    }
}

/// Pixels of one row, planes side by side.
void interleave(image::ImageView<std::uint8_t const> const& pixels, std::int64_t y,
                std::uint8_t* out)
{
    std::int64_t const width = pixels.box.width();
    for (int plane = 0; plane < pixels.planes; ++plane) {
        std::uint8_t const* const row = pixels.row(plane, y);
        for (std::int64_t x = 0; x < width; ++x) {
            out[x * pixels.planes + plane] = row[x];
        }
    }
}

// Only trivially destructible objects live in the functions below: libpng leaves by longjmp(). They
// are false when it did.

bool encode_header(png_structp png, png_infop info, std::FILE* file, std::int64_t width,
                   std::int64_t height, int planes)
{
    if (setjmp(png_jmpbuf(png)) != 0) {
        return false;
    }
    png_init_io(png, file);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_compression_level(png, compression_level);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE | PNG_FILTER_SUB | PNG_FILTER_UP);
    png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), 8,
                 color_type(planes), PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_write_info(png, info);
    return true;
}

bool encode_rows(png_structp png, image::ImageView<std::uint8_t const> const& pixels,
                 std::uint8_t* row_buffer)
{
    if (setjmp(png_jmpbuf(png)) != 0) {
        return false;
    }
    for (std::int64_t y = pixels.box.y1 - 1; y >= pixels.box.y0; --y) {
        interleave(pixels, y, row_buffer);
        png_write_row(png, row_buffer);
    }
    return true;
}

bool encode_end(png_structp png)
{
    if (setjmp(png_jmpbuf(png)) != 0) {
        return false;
    }
    png_write_end(png, nullptr);
    return true;
}
}  // namespace

/// Owns libpng's two structures and the temporary file; the file is removed unless published.
struct PngWriter::Impl
{
    explicit Impl(std::string target) : path(std::move(target)), part(temporary_name(path)) {}
    ~Impl() { release(); }
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    void open();
    void publish();
    void release();
    /// `done` is what one of the encode functions returned since errno was cleared.
    void require_success(bool done) const;
    [[nodiscard]] core::IoError failure(char const* reason) const;

    std::string path;
    std::string part;
    std::int64_t width = 0;
    int planes = 0;
    std::int64_t rows_left = 0;
    std::vector<std::uint8_t> row;
    std::FILE* file = nullptr;
    png_structp png = nullptr;
    png_infop info = nullptr;
    PngProblem problem;
    bool published = false;
};

void PngWriter::Impl::open()
{
    file = std::fopen(part.c_str(), "wb");
    if (file == nullptr) {
        throw failure(std::strerror(errno));
    }
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &problem, keep_problem, ignore_warning);
    info = png != nullptr ? png_create_info_struct(png) : nullptr;
    if (info == nullptr) {
        throw failure("out of memory");
    }
}

void PngWriter::Impl::publish()
{
    errno = 0;
    int const closed = std::fclose(file);
    file = nullptr;
    if (closed != 0) {
        throw failure(std::strerror(errno));
    }
    publish_file(path);
    published = true;
}

void PngWriter::Impl::release()
{
    png_destroy_write_struct(&png, &info);
    if (file != nullptr) {
        std::fclose(file);
        file = nullptr;
    }
    if (!published) {
        std::remove(part.c_str());
    }
}

void PngWriter::Impl::require_success(bool done) const
{
    if (!done) {
        throw failure(errno != 0 ? std::strerror(errno) : problem.text);
    }
}

core::IoError PngWriter::Impl::failure(char const* reason) const
{
    return core::IoError(core::sentence("the picture '" + path + "' cannot be written", reason,
                                        "check the folder and its free space"));
}

PngWriter::PngWriter(std::string path, std::int64_t width, std::int64_t height, int planes)
{
    core::require(planes == 1 || planes == 3 || planes == 4, "a picture has 1, 3 or 4 planes");
    core::require(width > 0 && height > 0, "a picture has pixels");
    impl_ = std::make_unique<Impl>(std::move(path));
    impl_->width = width;
    impl_->planes = planes;
    impl_->rows_left = height;
    impl_->row.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(planes));
    impl_->open();
    errno = 0;
    impl_->require_success(
        encode_header(impl_->png, impl_->info, impl_->file, width, height, planes));
}

PngWriter::~PngWriter() = default;
PngWriter::PngWriter(PngWriter&&) noexcept = default;

void PngWriter::write_rows(image::ImageView<std::uint8_t const> rows)
{
    core::require(rows.box.width() == impl_->width && rows.planes == impl_->planes,
                  "rows are as wide and deep as their picture");
    core::require(rows.box.height() <= impl_->rows_left,
                  "a picture takes no more rows than it has");
    errno = 0;
    impl_->require_success(encode_rows(impl_->png, rows, impl_->row.data()));
    impl_->rows_left -= rows.box.height();
}

void PngWriter::commit()
{
    core::require(impl_->rows_left == 0 && impl_->file != nullptr,
                  "a picture is committed once, when it is complete");
    errno = 0;
    impl_->require_success(encode_end(impl_->png));
    impl_->publish();
}

void write_png(std::string const& path, image::ImageView<std::uint8_t const> pixels)
{
    PngWriter writer(path, pixels.box.width(), pixels.box.height(), pixels.planes);
    writer.write_rows(pixels);
    writer.commit();
}
}  // namespace sectile::io
