// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/tile/tile_alpha.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "sectile/compute/kernels/trigonometry_kern.hpp"
#include "sectile/core/error.hpp"
#include "sectile/io/fits_writer.hpp"
#include "sectile/io/frame_reader.hpp"

namespace sectile::tile
{
namespace
{
/// sin^2(pi/2 share) for 0 <= share <= 1.
double rise(double share)
{
    double const sine = compute::kernels::sin_pi_reduced(0.5 * std::min(share, 1.0));
    return sine * sine;
}

/// Coverage of a pixel over all planes, and whether all have data.
struct Summary
{
    float highest;
    bool is_whole;
};

Summary summary_of(image::ImageView<float const> coverage, std::int64_t x, std::int64_t y)
{
    Summary summary{0.0F, true};
    for (int c = 0; c < coverage.planes; ++c) {
        float const frames = coverage.at(c, x, y);
        bool const has_data = frames > 0.0F;
        summary.is_whole = summary.is_whole && has_data;
        summary.highest = has_data && frames > summary.highest ? frames : summary.highest;
    }
    return summary;
}

class AlphaMaker
{
  public:
    AlphaMaker(std::int64_t width, std::int64_t height, int planes, AlphaRecipe const& recipe,
               std::int64_t rows_per_block, CoverageReader const& read, AlphaWriter const& write)
        : width_(width),
          height_(height),
          planes_(planes),
          recipe_(recipe),
          block_rows_(std::clamp<std::int64_t>(rows_per_block, 1, height)),
          // No pixel is further from the outside than this.
          reach_(std::min(static_cast<std::int64_t>(std::ceil(std::min(recipe.feather, 1e9))) + 1,
                          std::min(width, height) / 2 + 1)),
          ring_rows_(reach_ + block_rows_),
          read_(read),
          write_(write),
          thin_({0, 0, width, ring_rows_}, 1),
          whole_({0, 0, width, ring_rows_}, 1),
          last_gap_(static_cast<std::size_t>(width), -1),
          next_gap_(static_cast<std::size_t>(width), 0),
          squares_(static_cast<std::size_t>(width + 2)),
          apex_(static_cast<std::size_t>(width + 2)),
          from_(static_cast<std::size_t>(width + 2))
    {}

    void make()
    {
        if (recipe_.min_coverage > 0.0) {
            for (std::int64_t y = 0; y < height_; y += block_rows_) {
                take_highest(read_block(y));
            }
        }
        for (std::int64_t y = 0; y < height_; y += block_rows_) {
            core::Box const rows{0, y, width_, std::min(height_, y + block_rows_)};
            image::Image<float> alpha(rows, 1);
            for (std::int64_t row = rows.y0; row < rows.y1; ++row) {
                while (loaded_ < std::min(height_, row + reach_)) {
                    load_block();
                }
                make_row(row, alpha.view().row(0, row));
            }
            write_(std::as_const(alpha).view());
        }
    }

  private:
    [[nodiscard]] image::Image<float> read_block(std::int64_t y) const
    {
        image::Image<float> block({0, y, width_, std::min(height_, y + block_rows_)}, planes_);
        read_(block.view());
        return block;
    }

    void take_highest(image::Image<float> const& block)
    {
        for (int c = 0; c < planes_; ++c) {
            for (std::int64_t y = block.box().y0; y < block.box().y1; ++y) {
                float const* const row = block.view().row(c, y);
                for (std::int64_t x = 0; x < width_; ++x) {
                    highest_ = row[x] > highest_ ? row[x] : highest_;
                }
            }
        }
    }

    void load_block()
    {
        image::Image<float> const block = read_block(loaded_);
        for (std::int64_t y = block.box().y0; y < block.box().y1; ++y) {
            float* const thin = thin_.view().row(0, y % ring_rows_);
            std::uint8_t* const whole = whole_.view().row(0, y % ring_rows_);
            for (std::int64_t x = 0; x < width_; ++x) {
                Summary const summary = summary_of(block.view(), x, y);
                thin[x] = summary.highest;
                whole[x] = summary.is_whole ? 1 : 0;
            }
        }
        loaded_ = block.box().y1;
    }

    [[nodiscard]] bool is_whole(std::int64_t x, std::int64_t y)
    {
        return whole_.view().at(0, x, y % ring_rows_) != 0;
    }

    /// Squared distance, in the column, to the next pixel without data; at most reach squared.
    [[nodiscard]] std::int64_t squared_in_column(std::int64_t x, std::int64_t y)
    {
        auto const column = static_cast<std::size_t>(x);
        std::int64_t const stop = std::min(height_, y + reach_);
        std::int64_t& next = next_gap_[column];
        next = std::max(next, y);
        while (next < stop && is_whole(x, next)) {
            ++next;
        }
        if (next == y) {
            last_gap_[column] = y;
        }
        std::int64_t const distance = std::min({y - last_gap_[column], next - y, reach_});
        return distance * distance;
    }

    void make_row(std::int64_t y, float* alpha)
    {
        bool const has_feather = recipe_.feather > 0.0;
        if (has_feather) {
            for (std::int64_t x = 0; x < width_; ++x) {
                squares_[static_cast<std::size_t>(x + 1)] = squared_in_column(x, y);
            }
            find_envelope();
        }
        double const full = recipe_.min_coverage * static_cast<double>(highest_);
        float const* const thin = thin_.view().row(0, y % ring_rows_);
        std::size_t piece = 0;
        for (std::int64_t x = 0; x < width_; ++x) {
            if (!(thin[x] > 0.0F)) {
                alpha[x] = 0.0F;
                continue;
            }
            double value = 1.0;
            if (has_feather) {
                double const squared = static_cast<double>(envelope_at(x + 1, piece));
                double const distance = std::max(1.0, std::sqrt(squared));
                value = rise((distance - 0.5) / recipe_.feather);
            }
            if (full > 0.0) {
                value *= rise(static_cast<double>(thin[x]) / full);
            }
            alpha[x] = static_cast<float>(value);
        }
    }

    /// Lower envelope of the parabolas (x - i)^2 + squares_[i]; the outside of the tile stands at
    /// both ends.
    void find_envelope()
    {
        squares_.front() = 0;
        squares_.back() = 0;
        auto const height_at = [&](std::int64_t x, std::int64_t i) {
            return (x - i) * (x - i) + squares_[static_cast<std::size_t>(i)];
        };
        // First x from which on parabola i lies below parabola k < i, less one.
        auto const crossing = [&](std::int64_t k, std::int64_t i) {
            std::int64_t const rise_to = i * i - k * k + squares_[static_cast<std::size_t>(i)] -
                                         squares_[static_cast<std::size_t>(k)];
            std::int64_t const run = 2 * (i - k);
            return rise_to >= 0 ? rise_to / run : -((-rise_to + run - 1) / run);
        };
        count_ = 1;
        apex_[0] = 0;
        from_[0] = 0;
        for (std::int64_t i = 1; i < width_ + 2; ++i) {
            while (count_ > 0 && height_at(from_[count_ - 1], apex_[count_ - 1]) >
                                     height_at(from_[count_ - 1], i)) {
                --count_;
            }
            std::int64_t const from = count_ == 0 ? 0 : 1 + crossing(apex_[count_ - 1], i);
            if (from < width_ + 2) {
                apex_[count_] = i;
                from_[count_] = from;
                ++count_;
            }
        }
    }

    /// Height of the envelope; x ascends from call to call, `piece` remembers where it is.
    [[nodiscard]] std::int64_t envelope_at(std::int64_t x, std::size_t& piece) const
    {
        while (piece + 1 < count_ && from_[piece + 1] <= x) {
            ++piece;
        }
        std::int64_t const along = x - apex_[piece];
        return along * along + squares_[static_cast<std::size_t>(apex_[piece])];
    }

    std::int64_t width_;
    std::int64_t height_;
    int planes_;
    AlphaRecipe recipe_;
    std::int64_t block_rows_;
    std::int64_t reach_;  ///< rows of look-ahead, the pixel's own included
    std::int64_t ring_rows_;
    CoverageReader const& read_;
    AlphaWriter const& write_;
    image::Image<float> thin_;          ///< ring of rows: coverage
    image::Image<std::uint8_t> whole_;  ///< ring of rows: data in all planes
    std::int64_t loaded_ = 0;           ///< first row that is not in the ring yet
    float highest_ = 0.0F;
    std::vector<std::int64_t> last_gap_;  ///< of each column, last row without data so far
    std::vector<std::int64_t> next_gap_;  ///< first one from here on, as far as looked for
    std::vector<std::int64_t> squares_;
    std::vector<std::int64_t> apex_;  ///< pieces of the envelope: column of the parabola
    std::vector<std::int64_t> from_;  ///< and first x where it is the lowest
    std::size_t count_ = 0;
};
}  // namespace

void make_tile_alpha(std::int64_t width, std::int64_t height, int planes, AlphaRecipe const& recipe,
                     std::int64_t rows_per_block, CoverageReader const& read,
                     AlphaWriter const& write)
{
    core::require(width > 0 && height > 0 && planes > 0, "a tile has pixels");
    AlphaMaker(width, height, planes, recipe, rows_per_block, read, write).make();
}

void write_tile_alpha(sky::FrameHeader const& tile, AlphaRecipe const& recipe,
                      std::int64_t rows_per_block)
{
    io::FrameReader reader(sky::header_of(tile.coverage));
    io::FitsImageSpec spec;
    spec.width = tile.geometry.width;
    spec.height = tile.geometry.height;
    spec.wcs_cards = tile.wcs.cards;
    io::FitsWriter writer(tile.alpha.path);
    writer.begin_image(spec);
    make_tile_alpha(
        spec.width, spec.height, tile.geometry.planes, recipe, rows_per_block,
        [&](image::ImageView<float> rows) { reader.read(rows); },
        [&](image::ImageView<float const> rows) { writer.write_rows(rows); });
    writer.commit();
}
}  // namespace sectile::tile
