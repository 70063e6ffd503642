// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/ingest/frame_measure.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "sectile/compute/debayer.hpp"
#include "sectile/core/robust.hpp"
#include "sectile/ingest/saturation.hpp"
#include "sectile/measure/measure_stars.hpp"
#include "sectile/source/pixel_source.hpp"

#include "ingest/apertures.hpp"

namespace sectile::ingest
{
namespace
{
constexpr std::int64_t block_side = 2048;
constexpr std::int64_t block_margin = 32;  ///< of a block: more than a star
constexpr std::size_t stars_kept = 200;

/// A block of a frame: what is measured, and what is read around it.
struct Block
{
    core::Box core;
    core::Box read;
};

std::vector<Block> blocks_of(core::Box const& frame)
{
    // Blocks of equal size rather than a narrow rest.
    auto const count = [](std::int64_t side) { return (side + block_side - 1) / block_side; };
    std::int64_t const columns = count(frame.width());
    std::int64_t const rows = count(frame.height());
    std::vector<Block> blocks;
    for (std::int64_t j = 0; j < rows; ++j) {
        for (std::int64_t i = 0; i < columns; ++i) {
            // Whole cells of a colour mosaic.
            auto const cut = [](std::int64_t side, std::int64_t k, std::int64_t count_of) {
                return k == count_of ? side : side * k / count_of / 2 * 2;
            };
            core::Box const core{cut(frame.width(), i, columns), cut(frame.height(), j, rows),
                                 cut(frame.width(), i + 1, columns),
                                 cut(frame.height(), j + 1, rows)};
            blocks.push_back({core, core.grown_by(block_margin).clipped_to(frame)});
        }
    }
    return blocks;
}

/// Mean of all planes; NaN where one is masked.
image::Image<float> mean_plane(image::ImageView<float const> planes)
{
    image::Image<float> mean(planes.box, 1);
    auto const out = mean.view();
    auto const share = 1.0F / static_cast<float>(planes.planes);
    for (std::int64_t y = planes.box.y0; y < planes.box.y1; ++y) {
        float* const line = out.row(0, y);
        for (int plane = 0; plane < planes.planes; ++plane) {
            float const* const from = planes.row(plane, y);
            for (std::int64_t i = 0; i < planes.box.width(); ++i) {
                line[i] = (plane == 0 ? 0.0F : line[i]) + share * from[i];
            }
        }
    }
    return mean;
}

/// Measures a frame block by block.
class FrameSurvey
{
  public:
    FrameSurvey(sky::FrameHeader const& header, source::FramePreparation preparation,
                MeasureRequest const& request)
        : header_(header),
          request_(request),
          debayer_(preparation.debayer),
          raw_(source::make_raw_source(header, unweighed(std::move(preparation)))),
          levels_(measured_geometry())
    {}

    FrameMeasurement measure()
    {
        std::vector<Block> const blocks = blocks_of(raw_->bounds());
        find_saturation(blocks);
        for (Block const& block : blocks) {
            image::Image<float> raw =
                only_block_ ? std::move(*only_block_) : raw_->read(block.read).science;
            if (!is_superpixels()) {
                levels_.add(std::as_const(raw).view().clipped_to(block.core));
            }
            look_for_hot_pixels(block, raw);
            image::Image<float> const planes = debayered(std::move(raw));
            core::Box const core =
                is_superpixels() ? compute::debayered_box_of(debayer_, block.core) : block.core;
            if (is_superpixels()) {
                levels_.add(planes.view().clipped_to(core));
            }
            if (request_.stars) {
                measure_stars(core, planes.view());
            }
        }
        return result();
    }

  private:
    static source::FramePreparation unweighed(source::FramePreparation preparation)
    {
        preparation.weighs = false;
        return preparation;
    }
    [[nodiscard]] bool is_superpixels() const { return header_.geometry.stored_width > 0; }
    /// Of the pixels that the levels are taken from.
    [[nodiscard]] sky::FrameGeometry measured_geometry() const
    {
        sky::FrameGeometry geometry = header_.geometry;
        if (is_superpixels()) {
            geometry.bayer = image::BayerPattern::none;
        }
        return geometry;
    }

    /// One level for all blocks, before any is measured; without stars nobody asks. A frame of one
    /// block is read once all the same.
    void find_saturation(std::vector<Block> const& blocks)
    {
        if (!request_.stars) {
            return;
        }
        SaturationLevel level(header_);
        for (Block const& block : blocks) {
            if (level.needs_pixels()) {
                image::Image<float> raw = raw_->read(block.core).science;
                level.add(std::as_const(raw).view());
                if (blocks.size() == 1) {
                    only_block_ = std::move(raw);
                }
            }
        }
        saturation_ = level.value();
    }

    void look_for_hot_pixels(Block const& block, image::Image<float>& raw)
    {
        if (!request_.hot_pixels || !is_camera_frame(header_.geometry)) {
            return;
        }
        std::vector<std::vector<compute::HotCandidate>> found{
            compute::find_hot_candidates(std::as_const(raw).view(), header_.geometry.bayer)};
        compute::repair_pixels(raw.view(), header_.geometry.bayer,
                               compute::persistent_hot_pixels(found));
        for (compute::HotCandidate const& candidate : found.front()) {
            if (block.core.contains(candidate.x, candidate.y)) {
                hot_.push_back(candidate);
            }
        }
    }

    [[nodiscard]] image::Image<float> debayered(image::Image<float> raw) const
    {
        if (header_.geometry.bayer == image::BayerPattern::none) {
            return raw;
        }
        // Stars are placed as well with the simplest colours.
        auto const method = is_superpixels() ? debayer_ : compute::DebayerMethod::bilinear;
        image::Image<float> colours(compute::debayered_box_of(method, raw.box()), 3);
        compute::debayer(method, header_.geometry.bayer, std::as_const(raw).view(), colours.view());
        return colours;
    }

    void measure_stars(core::Box const& core, image::ImageView<float const> view)
    {
        measure::MeasureOptions options;
        options.saturation = saturation_;
        measure::StarCatalog catalog;
        if (view.planes == 1) {
            catalog = measure::measure_stars(view, 0, options);
        } else {
            image::Image<float> const mean = mean_plane(view);
            catalog = measure::measure_stars(mean.view(), 0, options);
        }
        add_sky(core, catalog.sky);
        saturated_ += catalog.saturated_fraction * static_cast<double>(core.area());
        Apertures apertures(view, catalog.fwhm);
        std::size_t bright = 0;
        for (measure::Star const& star : catalog.stars) {
            if (core.contains(std::llround(star.x), std::llround(star.y))) {
                add_star(star, apertures, std::min(view.planes, 3), bright);
            }
        }
    }

    void add_sky(core::Box const& core, measure::SkyModel const& sky)
    {
        for (std::int64_t const x : {core.x0, core.x1 - 1}) {
            for (std::int64_t const y : {core.y0, core.y1 - 1}) {
                double const level = sky.level +
                                     sky.gradient_x * (static_cast<double>(x) - sky.x_ref) +
                                     sky.gradient_y * (static_cast<double>(y) - sky.y_ref);
                if (std::isfinite(level)) {
                    darkest_ = std::min(darkest_.value_or(level), level);
                    brightest_ = std::max(brightest_.value_or(level), level);
                }
            }
        }
    }

    /// `bright` counts those of the block that are measured in all circles.
    void add_star(measure::Star const& star, Apertures& apertures, int planes, std::size_t& bright)
    {
        constexpr double elongated = 0.5;  // a piece of a trail, or a galaxy
        constexpr std::size_t most_bright = 64;
        bool const is_clean = !star.saturated && !star.near_edge && !star.near_mask &&
                              !star.blended && star.ellipticity < elongated;
        plan::FrameStar kept{
            static_cast<float>(star.x), static_cast<float>(star.y), {}, apertures.first_step()};
        for (auto& circle : kept.flux) {
            circle.fill(std::numeric_limits<float>::quiet_NaN());
        }
        if (is_clean) {
            bool const is_bright = bright++ < most_bright;
            apertures.measure(kept, planes, is_bright ? plan::FrameStar::circles : 1);
        }
        stars_.push_back({star.flux, kept});
        if (is_clean && std::isfinite(star.fwhm)) {
            fwhm_.push_back(star.fwhm);
            ellipticity_.push_back(star.ellipticity);
        }
    }

    FrameMeasurement result()
    {
        FrameMeasurement measured;
        measured.levels = levels_.result();
        measured.hot_candidates = std::move(hot_);
        std::ranges::sort(measured.hot_candidates, [](auto const& a, auto const& b) {
            return std::pair(a.y, a.x) < std::pair(b.y, b.x);
        });
        measured.quality.stars = std::ssize(stars_);
        constexpr std::size_t telling = 5;  // fewer may be pieces of a trail
        if (fwhm_.size() >= telling) {
            measured.quality.fwhm = core::median_in_place(fwhm_);
            measured.quality.ellipticity = core::median_in_place(ellipticity_);
        }
        if (darkest_) {
            measured.quality.gradient = *brightest_ - *darkest_;
        }
        measured.quality.saturated_fraction =
            saturated_ / static_cast<double>(header_.geometry.width * header_.geometry.height);
        std::ranges::stable_sort(stars_, std::greater{}, &Found::brightness);
        stars_.resize(std::min(stars_.size(), stars_kept));
        for (Found const& star : stars_) {
            measured.stars.push_back(star.star);
        }
        return measured;
    }

    struct Found
    {
        double brightness = 0.0;
        plan::FrameStar star;
    };

    sky::FrameHeader const& header_;
    MeasureRequest request_;
    compute::DebayerMethod debayer_;
    std::shared_ptr<source::PixelSource const> raw_;
    FrameLevelPass levels_;
    std::vector<compute::HotCandidate> hot_;
    std::vector<Found> stars_;
    std::vector<double> fwhm_;
    std::vector<double> ellipticity_;
    std::optional<double> darkest_;  ///< of the sky, at the corners of the blocks
    std::optional<double> brightest_;
    std::optional<image::Image<float>> only_block_;  ///< of a frame of one block, already read
    double saturation_ = plan::unmeasured;
    double saturated_ = 0.0;  ///< pixels
};
}  // namespace

bool is_camera_frame(sky::FrameGeometry const& geometry)
{
    return geometry.stored_planes == 1 && geometry.bits_per_pixel > 0;
}

FrameMeasurement measure_frame(sky::FrameHeader const& header, source::FramePreparation preparation,
                               MeasureRequest const& request)
{
    return FrameSurvey(header, std::move(preparation), request).measure();
}

std::int64_t measure_frame_bytes(sky::FrameGeometry const& geometry)
{
    std::int64_t const side = block_side + 2 * block_margin;
    std::int64_t const width = std::min(geometry.file_width(), side);
    std::int64_t const height = std::min(geometry.file_height(), side);
    // Raw pixels and a master; then colours and, one after the other, the raw pixels they are made
    // of and their mean, of which finding stars takes more.
    std::int64_t const floats = std::max<std::int64_t>(
        2 * geometry.stored_planes, geometry.planes > 1 ? geometry.planes + 1 : 0);
    constexpr std::int64_t sample_bytes = std::int64_t{2} << 20;
    return width * height * 4 * floats + measure::measure_bytes(width, height) + sample_bytes;
}
}  // namespace sectile::ingest
