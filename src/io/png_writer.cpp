// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/png_writer.hpp"

#include <cerrno>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <limits>
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

/// False when libpng gave up. Only trivially destructible objects live here: libpng leaves by
/// longjmp().
bool encode(png_structp png, png_infop info, std::FILE* file,
            image::ImageView<std::uint8_t const> const& pixels, std::uint8_t* row_buffer)
{
    if (setjmp(png_jmpbuf(png)) != 0) {
        return false;
    }
    png_init_io(png, file);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_compression_level(png, compression_level);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE | PNG_FILTER_SUB | PNG_FILTER_UP);
    png_set_IHDR(png, info, static_cast<png_uint_32>(pixels.box.width()),
                 static_cast<png_uint_32>(pixels.box.height()), 8, color_type(pixels.planes),
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_write_info(png, info);
    for (std::int64_t y = pixels.box.y1 - 1; y >= pixels.box.y0; --y) {
        interleave(pixels, y, row_buffer);
        png_write_row(png, row_buffer);
    }
    png_write_end(png, nullptr);
    return true;
}

/// Owns libpng's two structures and the temporary file; the file is removed unless published.
class PngFile
{
  public:
    explicit PngFile(std::string path) : path_(std::move(path)), part_(temporary_name(path_))
    {
        file_ = std::fopen(part_.c_str(), "wb");
        if (file_ == nullptr) {
            throw failure(std::strerror(errno));
        }
        png_ =
            png_create_write_struct(PNG_LIBPNG_VER_STRING, &problem_, keep_problem, ignore_warning);
        info_ = png_ != nullptr ? png_create_info_struct(png_) : nullptr;
        if (info_ == nullptr) {
            release();
            throw failure("out of memory");
        }
    }
    ~PngFile() { release(); }
    PngFile(PngFile const&) = delete;
    PngFile& operator=(PngFile const&) = delete;

    void write(image::ImageView<std::uint8_t const> const& pixels)
    {
        std::vector<std::uint8_t> row(static_cast<std::size_t>(pixels.box.width()) *
                                      static_cast<std::size_t>(pixels.planes));
        errno = 0;
        if (!encode(png_, info_, file_, pixels, row.data())) {
            throw failure(errno != 0 ? std::strerror(errno) : problem_.text);
        }
    }

    void publish()
    {
        errno = 0;
        int const closed = std::fclose(file_);
        file_ = nullptr;
        if (closed != 0) {
            throw failure(std::strerror(errno));
        }
        publish_file(path_);
        published_ = true;
    }

  private:
    [[nodiscard]] core::IoError failure(char const* reason) const
    {
        return core::IoError(core::sentence("the picture '" + path_ + "' cannot be written", reason,
                                            "check the folder and its free space"));
    }

    void release()
    {
        png_destroy_write_struct(&png_, &info_);
        if (file_ != nullptr) {
            std::fclose(file_);
            file_ = nullptr;
        }
        if (!published_) {
            std::remove(part_.c_str());
        }
    }

    std::string path_;
    std::string part_;
    std::FILE* file_ = nullptr;
    png_structp png_ = nullptr;
    png_infop info_ = nullptr;
    PngProblem problem_;
    bool published_ = false;
};
}  // namespace

void write_png(std::string const& path, image::ImageView<std::uint8_t const> pixels)
{
    core::require(pixels.planes == 1 || pixels.planes == 3 || pixels.planes == 4,
                  "a picture has 1, 3 or 4 planes");
    core::require(!pixels.empty(), "a picture has pixels");
    PngFile file(path);
    file.write(pixels);
    file.publish();
}
}  // namespace sectile::io
