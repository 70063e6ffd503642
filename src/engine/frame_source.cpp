// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>
#include <utility>

#include "sectile/compute/debayer.hpp"
#include "sectile/engine/pixel_source.hpp"
#include "sectile/io/frame_reader.hpp"

namespace sectile::engine
{
namespace
{
class FrameSource final : public PixelSource
{
  public:
    explicit FrameSource(sky::FrameHeader header) : header_(std::move(header)) {}

    [[nodiscard]] core::Box bounds() const override
    {
        return {0, 0, header_.geometry.width, header_.geometry.height};
    }
    [[nodiscard]] int planes() const override { return header_.geometry.planes; }
    [[nodiscard]] int held_planes() const override { return header_.geometry.planes; }

    [[nodiscard]] int planes_while_reading() const override
    {
        return header_.geometry.bayer == image::BayerPattern::none ? 0 : 1;
    }
    [[nodiscard]] std::int64_t bytes_while_open() const override
    {
        return engine::bytes_while_open(header_);
    }

    [[nodiscard]] SourcePixels read(core::Box const& window) const override
    {
        SourcePixels pixels;
        pixels.science = image::Image<float>(window, planes());
        io::FrameReader reader(header_);
        if (header_.geometry.bayer == image::BayerPattern::none) {
            reader.read(pixels.science.view());
            return pixels;
        }
        // One more pixel on each side: the neighbours that the interpolation of colours needs.
        image::Image<float> mosaic(window.grown_by(1), 1);
        reader.read(mosaic.view());
        compute::debayer_bilinear(header_.geometry.bayer, std::as_const(mosaic).view(),
                                  pixels.science.view());
        return pixels;
    }

  private:
    sky::FrameHeader header_;
};
}  // namespace

std::int64_t bytes_while_open(sky::FrameHeader const& header)
{
    sky::FrameGeometry const& geometry = header.geometry;
    return header.path.ends_with(".gz")
               ? geometry.width * geometry.height * geometry.stored_planes *
                     std::abs(geometry.bits_per_pixel) / 8
               : 0;
}

std::shared_ptr<PixelSource const> make_frame_source(sky::FrameHeader header)
{
    return std::make_shared<FrameSource>(std::move(header));
}
}  // namespace sectile::engine
