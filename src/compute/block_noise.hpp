// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sectile/image/bayer.hpp"
#include "sectile/image/image.hpp"

namespace sectile::compute
{
/// Noise sigma of each colour of a raw plane in blocks of 64x64 full-frame pixels (the same blocks
/// in every window): 1.4826 / sqrt(2) times the median absolute difference of pixels of one colour
/// two apart in a row, so that smooth background does not count. A block with too few
/// differences takes the median of its neighbours' sigmas.
class BlockNoise
{
  public:
    static constexpr std::int64_t block = 64;

    BlockNoise(image::ImageView<float const> raw, image::BayerPattern pattern);

    /// First pixel of the next block.
    [[nodiscard]] static constexpr std::int64_t end_of_block(std::int64_t x)
    {
        return ((x >> 6) + 1) << 6;
    }
    /// NaN where it is not known. (x, y) within the window.
    [[nodiscard]] double sigma(int plane, std::int64_t x, std::int64_t y) const
    {
        return at(x >> 6, y >> 6)[static_cast<std::size_t>(plane)];
    }
    /// Smallest sigma of all colours; NaN where none is known.
    [[nodiscard]] double lowest(std::int64_t x, std::int64_t y) const;

  private:
    using Sigmas = std::array<double, 3>;
    [[nodiscard]] Sigmas const& at(std::int64_t bx, std::int64_t by) const
    {
        return sigmas_[static_cast<std::size_t>((by - blocks_.y0) * blocks_.width() + bx -
                                                blocks_.x0)];
    }
    void measure(image::ImageView<float const> raw, image::BayerPattern pattern);
    void fill_gaps();

    core::Box blocks_;  ///< in blocks
    std::vector<Sigmas> sigmas_;
};
}  // namespace sectile::compute
