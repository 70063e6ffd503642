// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/flag_reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "io/fits_file.hpp"
#include "io/frame_shape.hpp"

namespace sectile::io
{
namespace
{
/// Read at a time: half a mebibyte. Several rows, because a tile of a compressed image may hold
/// some.
constexpr std::int64_t block_values = std::int64_t{1} << 16;

/// Whether the values need 64 bits. All others are exact in a double, as which CFITSIO gives them
/// of any image, packed or not; 64-bit integers it does not give of a packed one.
bool has_long_values(FitsFile& file)
{
    int status = 0;
    int type = 0;
    fits_get_img_equivtype(file.handle(), &type, &status);
    file.check(status);
    return type == LONGLONG_IMG || type == ULONGLONG_IMG;
}

/// Bits of a value that may have been stored as a real number; all of them where there is none.
std::int64_t flags_of(double value)
{
    constexpr std::int64_t all = -1;
    constexpr double most = 9.2e18;
    return std::abs(value) < most ? std::llround(value) : all;
}
}  // namespace

struct FlagReader::Impl
{
    FitsFile file;
    AxisRoles roles{};
    std::size_t axes = 0;
    core::Box bounds{};
    bool is_long = false;  ///< of 64-bit integers
};

FlagReader::FlagReader(sky::FramePartner const& partner)
    : impl_(std::make_unique<Impl>(Impl{FitsFile(partner.path)}))
{
    FitsFile& file = impl_->file;
    if (!file.move_to(partner.hdu)) {
        throw FitsError(partner.path, "HDU " + std::to_string(partner.hdu) + " is no longer there");
    }
    HduShape const shape = file.shape();
    FrameShape const frame = interpret_axes(shape);
    bool const is_same = shape.is_image && frame.reason.empty() &&
                         frame.geometry.width == partner.geometry.width &&
                         frame.geometry.height == partner.geometry.height;
    if (!is_same) {
        throw FitsError(partner.path, "the image has changed since its header was read");
    }
    if (frame.geometry.stored_planes != 1) {
        throw FitsError(partner.path, "a mask has one plane");
    }
    file.require_complete(shape);
    impl_->roles = frame.roles;
    impl_->axes = shape.axes.size();
    impl_->is_long = has_long_values(file);
    impl_->bounds = {0, 0, frame.geometry.width, frame.geometry.height};
}

FlagReader::~FlagReader() = default;

void FlagReader::read(
    core::Box const& window,
    std::function<void(std::int64_t, std::int64_t, std::span<std::int64_t const>)> const& take)
{
    core::Box const inside = window.clipped_to(impl_->bounds);
    if (inside.empty()) {
        return;
    }
    std::int64_t const rows =
        std::clamp<std::int64_t>(block_values / inside.width(), 1, inside.height());
    auto const count = static_cast<std::size_t>(rows * inside.width());
    std::vector<LONGLONG> integers(impl_->is_long ? count : 0);
    std::vector<double> numbers(impl_->is_long ? 0 : count);
    std::vector<std::int64_t> flags(static_cast<std::size_t>(inside.width()));
    auto const column_axis = static_cast<std::size_t>(impl_->roles.columns);
    auto const row_axis = static_cast<std::size_t>(impl_->roles.rows);
    for (std::int64_t y = inside.y0; y < inside.y1; y += rows) {
        std::int64_t const end = std::min(inside.y1, y + rows);
        std::vector<long> first(impl_->axes, 1);
        std::vector<long> last(impl_->axes, 1);
        std::vector<long> step(impl_->axes, 1);
        first[column_axis] = inside.x0 + 1;
        last[column_axis] = inside.x1;
        first[row_axis] = y + 1;
        last[row_axis] = end;
        int status = 0;
        if (impl_->is_long) {
            LONGLONG blank = -1;
            fits_read_subset(impl_->file.handle(), TLONGLONG, first.data(), last.data(),
                             step.data(), &blank, integers.data(), nullptr, &status);
        } else {
            double blank = std::numeric_limits<double>::quiet_NaN();
            fits_read_subset(impl_->file.handle(), TDOUBLE, first.data(), last.data(), step.data(),
                             &blank, numbers.data(), nullptr, &status);
        }
        impl_->file.check(status);
        for (std::int64_t row = y; row < end; ++row) {
            std::int64_t const from = (row - y) * inside.width();
            if (impl_->is_long) {
                std::copy_n(integers.begin() + from, inside.width(), flags.begin());
            } else {
                std::transform(numbers.begin() + from, numbers.begin() + from + inside.width(),
                               flags.begin(), flags_of);
            }
            take(row, inside.x0, flags);
        }
    }
}
}  // namespace sectile::io
