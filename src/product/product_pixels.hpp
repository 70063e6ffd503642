// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sectile/image/image.hpp"
#include "sectile/io/canvas_file.hpp"
#include "sectile/io/fits_checksum.hpp"
#include "sectile/io/frame_reader.hpp"

namespace sectile::product
{
/// Whole rows of all planes of a product.
struct ProductRows
{
    image::ImageView<float> science;
    image::ImageView<float> weight;
    image::ImageView<std::uint32_t> coverage;
    image::ImageView<std::uint8_t> alpha;
};

/// Memory for ProductRows, used again for the next rows.
class ProductRowBuffer
{
  public:
    ProductRowBuffer(core::Box const& rows, int planes)
        : science_(rows, planes), weight_(rows, planes), coverage_(rows, planes), alpha_(rows, 1)
    {}
    /// `rows` are not more than at construction.
    [[nodiscard]] ProductRows at(core::Box const& rows);

  private:
    image::Image<float> science_;
    image::Image<float> weight_;
    image::Image<std::uint32_t> coverage_;
    image::Image<std::uint8_t> alpha_;
};

/// The pixels of mosaic.h5 or of mosaic.fits, read by rows.
class ProductPixels
{
  public:
    virtual ~ProductPixels() = default;
    [[nodiscard]] virtual core::Box bounds() const = 0;
    [[nodiscard]] virtual int planes() const = 0;
    virtual void read(ProductRows const& rows) = 0;
};

class CanvasPixels final : public ProductPixels
{
  public:
    /// Throws core::IoError.
    explicit CanvasPixels(std::string const& path) : reader_(path) {}
    [[nodiscard]] core::Box bounds() const override;
    [[nodiscard]] int planes() const override;
    void read(ProductRows const& rows) override;

  private:
    io::CanvasReader reader_;
};

class FitsPixels final : public ProductPixels
{
  public:
    /// `images` are the HDUs of the file. Throws core::IoError unless they are science, WEIGHT,
    /// COVERAGE and ALPHA of equal size.
    FitsPixels(std::string const& path, std::vector<io::CheckedImage> const& images);
    [[nodiscard]] core::Box bounds() const override;
    [[nodiscard]] int planes() const override;
    void read(ProductRows const& rows) override;

  private:
    core::Box bounds_;
    int planes_ = 1;
    std::vector<io::FrameReader> readers_;  ///< science, weight, coverage, alpha
    image::Image<float> integers_;          ///< integer planes as FrameReader gives them
};
}  // namespace sectile::product
