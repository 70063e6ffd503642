// SPDX-License-Identifier: BSD-3-Clause
#include "product/product_pixels.hpp"

#include "sectile/core/error.hpp"

#include "product/canvas_rows.hpp"

namespace sectile::product
{
namespace
{
constexpr std::array<char const*, 4> image_names{"", "WEIGHT", "COVERAGE", "ALPHA"};

sky::FrameHeader header_of(std::string const& path, int hdu, io::CheckedImage const& image)
{
    sky::FrameHeader header;
    header.path = path;
    header.hdu = hdu;
    header.geometry.width = image.axes[0];
    header.geometry.height = image.axes[1];
    header.geometry.planes = image.axes.size() > 2 ? static_cast<int>(image.axes[2]) : 1;
    header.geometry.stored_planes = header.geometry.planes;
    header.geometry.bits_per_pixel = image.bits_per_pixel;
    return header;
}

core::IoError not_a_product(std::string const& path, std::string const& why)
{
    return core::IoError(core::sentence("'" + path + "' is not a finished mosaic", why,
                                        "give an output directory, mosaic.fits or mosaic.h5"));
}

void require_product(std::string const& path, std::vector<io::CheckedImage> const& images)
{
    if (images.size() != image_names.size()) {
        throw not_a_product(path, "it has " + std::to_string(images.size()) + " HDUs instead of 4");
    }
    std::vector<std::int64_t> const& axes = images.front().axes;
    if (axes.size() != 2 && axes.size() != 3) {
        throw not_a_product(path, "its first image does not have 2 or 3 axes");
    }
    for (std::size_t i = 1; i < images.size(); ++i) {
        std::string const name = image_names[i];
        if (images[i].name != name) {
            throw not_a_product(path, "HDU " + std::to_string(i) + " is not " + name);
        }
        bool const flat = name == "ALPHA";
        if (images[i].axes != (flat ? std::vector<std::int64_t>{axes[0], axes[1]} : axes)) {
            throw not_a_product(path, name + " does not have the size of the science image");
        }
    }
}

/// For integers that a float holds exactly: coverage below 2^24 and alpha.
template <class T>
void convert(image::ImageView<float const> values, image::ImageView<T> out)
{
    for (int plane = 0; plane < out.planes; ++plane) {
        for (std::int64_t y = out.box.y0; y < out.box.y1; ++y) {
            float const* const row = values.row(plane, y);
            T* const target = out.row(plane, y);
            for (std::int64_t x = 0; x < out.box.width(); ++x) {
                target[x] = static_cast<T>(row[x]);
            }
        }
    }
}
}  // namespace

ProductRows ProductRowBuffer::at(core::Box const& rows)
{
    return {reused_for(science_, rows), reused_for(weight_, rows), reused_for(coverage_, rows),
            reused_for(alpha_, rows)};
}

core::Box CanvasPixels::bounds() const
{
    return {0, 0, reader_.layout().width, reader_.layout().height};
}

int CanvasPixels::planes() const
{
    return reader_.layout().planes;
}

void CanvasPixels::read(ProductRows const& rows)
{
    reader_.read_science(rows.science);
    reader_.read_weight(rows.weight);
    reader_.read_coverage(rows.coverage);
    reader_.read_alpha(rows.alpha);
}

FitsPixels::FitsPixels(std::string const& path, std::vector<io::CheckedImage> const& images)
{
    require_product(path, images);
    for (std::size_t i = 0; i < images.size(); ++i) {
        readers_.emplace_back(header_of(path, static_cast<int>(i), images[i]));
    }
    std::vector<std::int64_t> const& axes = images.front().axes;
    bounds_ = {0, 0, axes[0], axes[1]};
    planes_ = axes.size() > 2 ? static_cast<int>(axes[2]) : 1;
}

core::Box FitsPixels::bounds() const
{
    return bounds_;
}

int FitsPixels::planes() const
{
    return planes_;
}

void FitsPixels::read(ProductRows const& rows)
{
    core::Box const box = rows.science.box;
    if (integers_.box().height() < box.height()) {
        integers_ = image::Image<float>(box, planes_);
    }
    image::ImageView<float> integers = reused_for(integers_, box);
    readers_[0].read(rows.science);
    readers_[1].read(rows.weight);
    readers_[2].read(integers);
    convert<std::uint32_t>(integers, rows.coverage);
    integers.planes = 1;
    readers_[3].read(integers);
    convert<std::uint8_t>(integers, rows.alpha);
}
}  // namespace sectile::product
