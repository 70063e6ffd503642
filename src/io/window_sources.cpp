// SPDX-License-Identifier: BSD-3-Clause
#include "io/window_sources.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "io/header_cards.hpp"
#include "io/pixel_decode.hpp"
#include "io/posix_file.hpp"

namespace sectile::io
{
namespace
{
/// Bytes read from a file at a time: large enough that the call does not count, small enough that
/// they are still in the second-level cache when they are converted.
constexpr std::int64_t block_bytes = std::int64_t{256} * 1024;

/// Rows up to this length are read whole even when few columns are wanted: one call costs as much.
constexpr std::int64_t short_row_bytes = std::int64_t{16} * 1024;

/// Values that CFITSIO unpacks at a time: 4 MiB of float.
constexpr std::int64_t block_values = std::int64_t{1} << 20;

/// Value that `interleaved` holds for each of `planes` in turn, to one row per plane.
void spread_planes(float const* interleaved, image::ImageView<float> const& out, std::int64_t y)
{
    auto const planes = static_cast<std::ptrdiff_t>(out.planes);
    for (int plane = 0; plane < out.planes; ++plane) {
        float* const row = out.row(plane, y);
        for (std::int64_t x = 0; x < out.box.width(); ++x) {
            row[x] = interleaved[x * planes + plane];
        }
    }
}

PixelFormat read_format(HduShape const& shape, HeaderCards const& header)
{
    PixelFormat format;
    format.bits_per_pixel = shape.bits_per_pixel;
    format.scale = header.number({"BSCALE"}).value_or(1.0);
    format.zero = header.number({"BZERO"}).value_or(0.0);
    if (shape.bits_per_pixel > 0) {
        format.blank = header.integer("BLANK");
    }
    return format;
}

/// Pixels straight from the bytes of an uncompressed file.
class DirectSource final : public WindowSource
{
  public:
    DirectSource(FitsFile const& file, HduShape const& shape, AxisRoles const& roles)
        : file_(PosixFile::open_for_reading(file.path())),
          data_position_(file.data_position()),
          format_(read_format(shape, HeaderCards(file.header_text()))),
          values_per_pixel_(roles.columns == 1 ? shape.axes[0] : 1)
    {
        auto const rows = static_cast<std::size_t>(roles.rows);
        auto const columns = static_cast<std::size_t>(roles.columns);
        row_bytes_ = values_per_pixel_ * shape.axes[columns] * pixel_bytes();
        plane_bytes_ = row_bytes_ * shape.axes[rows];
    }

    void read(image::ImageView<float> const& out) override
    {
        std::int64_t const first = out.box.x0 * values_per_pixel_ * pixel_bytes();
        std::int64_t const length = out.box.width() * values_per_pixel_ * pixel_bytes();
        bool const whole_rows = row_bytes_ <= short_row_bytes || 2 * length >= row_bytes_;
        std::int64_t const rows_at_once =
            whole_rows ? std::max<std::int64_t>(1, block_bytes / row_bytes_) : 1;
        int const file_planes = values_per_pixel_ > 1 ? 1 : out.planes;
        for (int plane = 0; plane < file_planes; ++plane) {
            for (std::int64_t y = out.box.y0; y < out.box.y1; y += rows_at_once) {
                std::int64_t const rows = std::min(rows_at_once, out.box.y1 - y);
                auto const bytes = static_cast<std::size_t>((rows - 1) * row_bytes_ + length);
                bytes_.resize(std::max(bytes_.size(), bytes));
                file_.read_at(bytes_.data(), bytes,
                              data_position_ + plane * plane_bytes_ + y * row_bytes_ + first);
                for (std::int64_t k = 0; k < rows; ++k) {
                    decode_row(bytes_.data() + k * row_bytes_, out, plane, y + k);
                }
            }
        }
    }

  private:
    [[nodiscard]] std::int64_t pixel_bytes() const
    {
        return static_cast<std::int64_t>(format_.bytes());
    }

    void decode_row(unsigned char const* source, image::ImageView<float> const& out, int plane,
                    std::int64_t y)
    {
        auto const count = static_cast<std::size_t>(out.box.width() * values_per_pixel_);
        if (values_per_pixel_ == 1) {
            decode_pixels(format_, source, count, out.row(plane, y));
            return;
        }
        values_.resize(std::max(values_.size(), count));
        decode_pixels(format_, source, count, values_.data());
        spread_planes(values_.data(), out, y);
    }

    PosixFile file_;
    std::int64_t data_position_;
    PixelFormat format_;
    std::int64_t values_per_pixel_;  ///< planes of an H,W,C image
    std::int64_t row_bytes_ = 0;
    std::int64_t plane_bytes_ = 0;
    std::vector<unsigned char> bytes_;
    std::vector<float> values_;
};

/// Pixels through CFITSIO, some rows of a plane at a time.
class CfitsioSource final : public WindowSource
{
  public:
    CfitsioSource(FitsFile file, HduShape const& shape, AxisRoles const& roles)
        : file_(std::move(file)), shape_(shape), roles_(roles)
    {
        if (shape.is_compressed) {
            std::vector<long> tile(shape.axes.size(), 1);
            int status = 0;
            fits_get_tile_dim(file_.handle(), static_cast<int>(tile.size()), tile.data(), &status);
            file_.check(status);
            tile_rows_ = std::max<std::int64_t>(1, tile[static_cast<std::size_t>(roles.rows)]);
        }
    }

    void read(image::ImageView<float> const& out) override
    {
        bool const interleaved = roles_.planes == 0;
        int const reads = interleaved ? 1 : out.planes;
        std::int64_t const row_values = out.box.width() * (interleaved ? out.planes : 1);
        for (int plane = 0; plane < reads; ++plane) {
            std::int64_t y = out.box.y0;
            while (y < out.box.y1) {
                std::int64_t const rows = rows_from(y, out.box.y1, row_values);
                read_block({out.box.x0, y, out.box.x1, y + rows}, plane, row_values);
                for (std::int64_t k = 0; k < rows; ++k) {
                    float const* const source = values_.data() + k * row_values;
                    if (interleaved) {
                        spread_planes(source, out, y + k);
                    } else {
                        std::copy_n(source, row_values, out.row(plane, y + k));
                    }
                }
                y += rows;
            }
        }
    }

  private:
    /// Ends a block where a row of tiles ends, so that no tile is unpacked twice.
    [[nodiscard]] std::int64_t rows_from(std::int64_t y, std::int64_t end,
                                         std::int64_t row_values) const
    {
        std::int64_t const wanted = std::max<std::int64_t>(1, block_values / row_values);
        std::int64_t const tile_end = (y + wanted) / tile_rows_ * tile_rows_;
        return std::min(end, tile_end > y ? tile_end : y + wanted) - y;
    }

    void read_block(core::Box const& box, int plane, std::int64_t row_values)
    {
        std::vector<long> first(shape_.axes.size(), 1);
        std::vector<long> last(shape_.axes.size(), 1);
        std::vector<long> step(shape_.axes.size(), 1);
        auto const set = [&](int axis, std::int64_t begin, std::int64_t end) {
            first[static_cast<std::size_t>(axis)] = begin + 1;
            last[static_cast<std::size_t>(axis)] = end;
        };
        set(roles_.columns, box.x0, box.x1);
        set(roles_.rows, box.y0, box.y1);
        if (roles_.planes == 0) {
            set(0, 0, shape_.axes[0]);
        } else if (roles_.planes > 0) {
            set(roles_.planes, plane, plane + 1);
        }
        auto const count = static_cast<std::size_t>(row_values * box.height());
        values_.resize(std::max(values_.size(), count));
        if (shape_.bits_per_pixel == -64) {
            // As double, because CFITSIO calls a value beyond the range of float an error.
            doubles_.resize(std::max(doubles_.size(), count));
            double blank = std::numeric_limits<double>::quiet_NaN();
            read_subset(TDOUBLE, first, last, step, &blank, doubles_.data());
            std::transform(doubles_.begin(), doubles_.begin() + static_cast<std::ptrdiff_t>(count),
                           values_.begin(), [](double value) { return static_cast<float>(value); });
        } else {
            float blank = std::numeric_limits<float>::quiet_NaN();
            read_subset(TFLOAT, first, last, step, &blank, values_.data());
        }
        mask_infinities(values_.data(), count);
    }

    /// Uncompressed floats need no test for blanks; CFITSIO's would turn denormal values into 0.
    void read_subset(int type, std::vector<long>& first, std::vector<long>& last,
                     std::vector<long>& step, void* blank, void* target)
    {
        int status = 0;
        int any_blank = 0;  // CFITSIO writes it even where its manual allows a null pointer
        bool const is_plain_float = shape_.bits_per_pixel < 0 && !shape_.is_compressed;
        fits_read_subset(file_.handle(), type, first.data(), last.data(), step.data(),
                         is_plain_float ? nullptr : blank, target, &any_blank, &status);
        file_.check(status);
    }

    FitsFile file_;
    HduShape shape_;
    AxisRoles roles_;
    std::int64_t tile_rows_ = 1;
    std::vector<float> values_;
    std::vector<double> doubles_;
};
}  // namespace

std::unique_ptr<WindowSource> make_window_source(FitsFile file, HduShape const& shape,
                                                 AxisRoles const& roles)
{
    if (file.is_plain() && !shape.is_compressed) {
        return std::make_unique<DirectSource>(file, shape, roles);
    }
    return make_cfitsio_source(std::move(file), shape, roles);
}

std::unique_ptr<WindowSource> make_cfitsio_source(FitsFile file, HduShape const& shape,
                                                  AxisRoles const& roles)
{
    return std::make_unique<CfitsioSource>(std::move(file), shape, roles);
}
}  // namespace sectile::io
