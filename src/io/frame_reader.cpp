// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/frame_reader.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/core/event_count.hpp"

#include "io/fits_file.hpp"
#include "io/frame_shape.hpp"
#include "io/header_cards.hpp"
#include "io/window_sources.hpp"

namespace sectile::io
{
namespace
{
void fill_nan(image::ImageView<float> const& out, core::Box const& part)
{
    for (int plane = 0; plane < out.planes; ++plane) {
        for (std::int64_t y = part.y0; y < part.y1; ++y) {
            float* const row = out.row(plane, y) + (part.x0 - out.box.x0);
            std::fill_n(row, part.width(), std::numeric_limits<float>::quiet_NaN());
        }
    }
}

/// The four strips of `out` that surround `inside`; all of it when `inside` is empty.
void fill_outside(image::ImageView<float> const& out, core::Box const& inside)
{
    core::Box const& all = out.box;
    if (inside.empty()) {
        fill_nan(out, all);
        return;
    }
    fill_nan(out, {all.x0, all.y0, all.x1, inside.y0});
    fill_nan(out, {all.x0, inside.y1, all.x1, all.y1});
    fill_nan(out, {all.x0, inside.y0, inside.x0, inside.y1});
    fill_nan(out, {inside.x1, inside.y0, all.x1, inside.y1});
}

bool same_storage(sky::FrameGeometry const& a, sky::FrameGeometry const& b)
{
    return a.file_width() == b.file_width() && a.file_height() == b.file_height() &&
           a.stored_planes == b.stored_planes && a.planes_last == b.planes_last &&
           a.bits_per_pixel == b.bits_per_pixel;
}
}  // namespace

struct FrameReader::Impl
{
    core::Box bounds;
    int planes = 0;
    std::unique_ptr<WindowSource> source;
};

FrameReader::FrameReader(sky::FrameHeader const& header) : impl_(std::make_unique<Impl>())
{
    core::count_event(core::Event::pixel_open);
    FitsFile file(header.path);
    if (!file.move_to(header.hdu)) {
        throw FitsError(header.path, "HDU " + std::to_string(header.hdu) + " is no longer there");
    }
    HduShape const shape = file.shape();
    FrameShape const frame = interpret_axes(shape);
    if (!shape.is_image || !frame.reason.empty() ||
        !same_storage(frame.geometry, header.geometry)) {
        throw FitsError(header.path, "the image has changed since its header was read");
    }
    file.require_complete(shape);
    impl_->bounds = {0, 0, frame.geometry.width, frame.geometry.height};
    impl_->planes = frame.geometry.stored_planes;
    impl_->source = make_window_source(std::move(file), shape, frame.roles);
}

FrameReader::~FrameReader() = default;
FrameReader::FrameReader(FrameReader&&) noexcept = default;
FrameReader& FrameReader::operator=(FrameReader&&) noexcept = default;

void FrameReader::read(image::ImageView<float> out)
{
    core::require(out.planes == impl_->planes, "a window has all stored planes of its frame");
    core::Box const inside = out.box.clipped_to(impl_->bounds);
    fill_outside(out, inside);
    if (!inside.empty()) {
        impl_->source->read(out.clipped_to(inside));
    }
}
}  // namespace sectile::io
