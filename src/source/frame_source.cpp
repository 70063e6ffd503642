// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "sectile/compute/debayer.hpp"
#include "sectile/core/error.hpp"
#include "sectile/io/flag_reader.hpp"
#include "sectile/io/frame_reader.hpp"
#include "sectile/source/pixel_source.hpp"

#include "source/weight_planes.hpp"

namespace sectile::source
{
namespace
{
using compute::DebayerMethod;
using image::BayerPattern;

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

image::Image<float> read_stored(sky::FrameHeader const& header, core::Box const& box)
{
    image::Image<float> pixels(box, header.geometry.stored_planes);
    io::FrameReader reader(header);
    reader.read(pixels.view());
    return pixels;
}

void copy_pixels(image::ImageView<float const> from, image::ImageView<float> to)
{
    for (int plane = 0; plane < to.planes; ++plane) {
        for (std::int64_t y = to.box.y0; y < to.box.y1; ++y) {
            std::copy_n(from.row(plane, y) + (to.box.x0 - from.box.x0), to.box.width(),
                        to.row(plane, y));
        }
    }
}

/// Half a cell at the end of the frame would make a pixel beyond bounds().
void fill_outside(image::ImageView<float> view, core::Box const& bounds, float value)
{
    for (int plane = 0; plane < view.planes; ++plane) {
        for (std::int64_t y = view.box.y0; y < view.box.y1; ++y) {
            float* const row = view.row(plane, y);
            for (std::int64_t x = view.box.x0; x < view.box.x1; ++x) {
                row[x - view.box.x0] = bounds.contains(x, y) ? row[x - view.box.x0] : value;
            }
        }
    }
}

/// The stored planes of a frame: calibrated, masked and repaired.
class StoredPixels
{
  public:
    StoredPixels(sky::FrameHeader header, FramePreparation preparation)
        : header_(std::move(header)), preparation_(std::move(preparation))
    {
        auto const fits = [&](sky::FrameGeometry const& g) {
            return g.width == header_.geometry.file_width() &&
                   g.height == header_.geometry.file_height() &&
                   (g.stored_planes == 1 || g.stored_planes == header_.geometry.stored_planes);
        };
        for (sky::FrameHeader const* const master : masters()) {
            core::require(fits(master->geometry), "masters have the shape of their frames");
        }
        for (sky::FramePartner const* const partner : {&*header_.weight, &*header_.mask}) {
            core::require(!partner->exists() || fits(partner->geometry),
                          "weights and masks have the shape of their frames");
        }
        core::require(!is_repairing() || header_.geometry.stored_planes == 1,
                      "defects are those of frames of one stored plane");
    }

    [[nodiscard]] sky::FrameHeader const& header() const { return header_; }
    [[nodiscard]] FramePreparation const& preparation() const { return preparation_; }
    [[nodiscard]] sky::FrameGeometry const& geometry() const { return header_.geometry; }
    [[nodiscard]] int margin() const { return is_repairing() ? compute::repair_margin : 0; }
    [[nodiscard]] bool is_weighing() const
    {
        return preparation_.weighs && header_.weight->exists();
    }
    [[nodiscard]] int weight_planes() const
    {
        return header_.weight->exists() ? header_.weight->geometry.stored_planes : 0;
    }

    /// Most planes held at once beside those of the frame itself: of a master or of the weight map.
    [[nodiscard]] int planes_beside() const
    {
        int planes = weight_planes();
        for (sky::FrameHeader const* const master : masters()) {
            planes = std::max(planes, master->geometry.stored_planes);
        }
        return planes;
    }

    /// Of a stored pixel in its frame, masters and partners.
    [[nodiscard]] std::int64_t stored_bytes() const
    {
        auto const of = [](sky::FrameGeometry const& geometry) {
            return geometry.stored_planes * (std::abs(geometry.bits_per_pixel) / std::int64_t{8});
        };
        std::int64_t bytes = of(header_.geometry);
        for (sky::FrameHeader const* const master : masters()) {
            bytes += of(master->geometry);
        }
        for (sky::FramePartner const* const partner : {&*header_.weight, &*header_.mask}) {
            bytes += partner->exists() ? of(partner->geometry) : 0;
        }
        return bytes;
    }

    [[nodiscard]] std::int64_t bytes_while_open() const
    {
        std::int64_t bytes = source::bytes_while_open(header_);
        for (sky::FrameHeader const* const master : masters()) {
            bytes = std::max(bytes, source::bytes_while_open(*master));
        }
        for (sky::FramePartner const* const partner : {&*header_.weight, &*header_.mask}) {
            bytes = std::max(bytes, source::bytes_while_open(sky::header_of(*partner)));
        }
        return bytes;
    }

    /// Pixels of `box` and margin() more on each side; weight is empty unless is_weighing().
    [[nodiscard]] SourcePixels read(core::Box const& box) const
    {
        core::Box const wide = box.grown_by(margin());
        SourcePixels pixels;
        pixels.science = read_stored(header_, wide);
        calibrate(pixels.science.view());
        apply_mask(pixels.science.view());
        if (header_.weight->exists()) {
            image::Image<float> weight = read_stored(sky::header_of(*header_.weight), wide);
            to_inverse_variance(weight.view(), preparation_.weight_type, header_.weight->scale);
            mask_weightless(std::as_const(weight).view(), pixels.science.view());
            if (is_weighing()) {
                pixels.weight = std::move(weight);
            }
        }
        if (is_repairing()) {
            compute::repair_pixels(pixels.science.view(), header_.geometry.bayer,
                                   *preparation_.defects);
        }
        if (is_weighing()) {
            drop_masked(std::as_const(pixels.science).view(), pixels.weight.view());
        }
        return pixels;
    }

  private:
    [[nodiscard]] bool is_repairing() const
    {
        return preparation_.defects != nullptr && !preparation_.defects->empty();
    }

    [[nodiscard]] std::vector<sky::FrameHeader const*> masters() const
    {
        std::vector<sky::FrameHeader const*> list;
        if (preparation_.calibration != nullptr) {
            CalibrationFrames const& frames = *preparation_.calibration;
            for (auto const* const master : {&frames.dark, &frames.flat, &frames.bad_pixels}) {
                if (*master) {
                    list.push_back(&**master);
                }
            }
        }
        return list;
    }

    /// One master after the other, which is the same as all at once and holds one.
    void calibrate(image::ImageView<float> raw) const
    {
        if (preparation_.calibration == nullptr) {
            return;
        }
        CalibrationFrames const& frames = *preparation_.calibration;
        BayerPattern const pattern = header_.geometry.bayer;
        core::Box const inside = raw.box.clipped_to(
            {0, 0, header_.geometry.file_width(), header_.geometry.file_height()});
        if (inside.empty()) {
            return;
        }
        image::ImageView<float> const part = raw.clipped_to(inside);
        compute::CalibrationMasters master;
        image::Image<float> pixels;
        if (frames.dark) {
            pixels = read_stored(*frames.dark, inside);
            master.dark = std::as_const(pixels).view();
            compute::calibrate(part, pattern, master);
            master = {};
        }
        if (frames.flat) {
            pixels = {};  // before the next one is read
            pixels = read_stored(*frames.flat, inside);
            master.flat = std::as_const(pixels).view();
            master.flat_level = frames.level_of(pattern);
            auto& levels = master.flat_level.levels;
            if (pattern == BayerPattern::none && levels.size() == 1) {
                levels.resize(static_cast<std::size_t>(raw.planes), levels.front());
            }
            compute::calibrate(part, pattern, master);
            master = {};
        }
        if (frames.bad_pixels) {
            pixels = {};
            pixels = read_stored(*frames.bad_pixels, inside);
            master.bad_pixels = std::as_const(pixels).view();
            compute::calibrate(part, pattern, master);
        }
    }

    void apply_mask(image::ImageView<float> raw) const
    {
        if (!header_.mask->exists()) {
            return;
        }
        io::FlagReader reader(*header_.mask);
        std::uint64_t const bits = preparation_.mask_bits;
        reader.read(
            raw.box, [&](std::int64_t y, std::int64_t x0, std::span<std::int64_t const> flags) {
                for (int plane = 0; plane < raw.planes; ++plane) {
                    float* const row = raw.row(plane, y) + (x0 - raw.box.x0);
                    for (std::size_t i = 0; i < flags.size(); ++i) {
                        bool const is_bad = (static_cast<std::uint64_t>(flags[i]) & bits) != 0;
                        row[i] = is_bad ? nan_value : row[i];
                    }
                }
            });
    }

    sky::FrameHeader header_;
    FramePreparation preparation_;
};

/// The stored planes as they are.
class RawSource final : public PixelSource
{
  public:
    explicit RawSource(StoredPixels stored) : stored_(std::move(stored)) {}

    [[nodiscard]] core::Box bounds() const override
    {
        return {0, 0, stored_.geometry().file_width(), stored_.geometry().file_height()};
    }
    [[nodiscard]] int planes() const override { return stored_.geometry().stored_planes; }
    [[nodiscard]] int held_planes() const override
    {
        return planes() + (stored_.is_weighing() ? stored_.weight_planes() : 0);
    }
    [[nodiscard]] bool has_weight() const override
    {
        return stored_.is_weighing() && stored_.weight_planes() > 0;
    }
    [[nodiscard]] int planes_while_reading() const override
    {
        // With a margin all is read in another window than that of the result.
        int const all = planes() + stored_.planes_beside();
        return stored_.margin() > 0 ? all : all - held_planes();
    }
    [[nodiscard]] int margin_while_reading() const override { return stored_.margin(); }
    [[nodiscard]] std::int64_t stored_bytes() const override { return stored_.stored_bytes(); }
    [[nodiscard]] std::int64_t bytes_while_open() const override
    {
        return stored_.bytes_while_open();
    }

    [[nodiscard]] SourcePixels read(core::Box const& window) const override
    {
        SourcePixels wide = stored_.read(window);
        for (image::Image<float>* const pixels : {&wide.science, &wide.weight}) {
            if (!pixels->empty() && stored_.margin() > 0) {
                image::Image<float> inner(window, pixels->planes());
                copy_pixels(std::as_const(*pixels).view(), inner.view());
                *pixels = std::move(inner);
            }
        }
        return wide;
    }

  private:
    StoredPixels stored_;
};

/// A colour mosaic that becomes R, G and B.
class MosaicFrameSource final : public PixelSource
{
  public:
    explicit MosaicFrameSource(StoredPixels stored)
        : stored_(std::move(stored)), method_(stored_.preparation().debayer)
    {
        core::Box const raw{0, 0, stored_.geometry().file_width(),
                            stored_.geometry().file_height()};
        core::require(
            compute::debayered_box_of(method_, raw) == bounds() && stored_.geometry().planes == 3,
            "the header of a mosaic states the size after debayering");
    }

    [[nodiscard]] core::Box bounds() const override
    {
        return {0, 0, stored_.geometry().width, stored_.geometry().height};
    }
    [[nodiscard]] int planes() const override { return 3; }
    [[nodiscard]] int held_planes() const override { return planes() + weight_planes(); }
    [[nodiscard]] bool has_weight() const override { return weight_planes() > 0; }
    [[nodiscard]] int planes_while_reading() const override
    {
        int const pixels_of_cell = method_ == DebayerMethod::superpixel ? 4 : 1;
        return pixels_of_cell * (1 + stored_.planes_beside());
    }
    [[nodiscard]] int margin_while_reading() const override
    {
        int const margin = stored_.margin() + compute::margin_of(method_);
        return method_ == DebayerMethod::superpixel ? margin / 2 : margin;
    }
    [[nodiscard]] std::int64_t stored_bytes() const override
    {
        int const pixels_of_cell = method_ == DebayerMethod::superpixel ? 4 : 1;
        return pixels_of_cell * stored_.stored_bytes();
    }
    [[nodiscard]] std::int64_t bytes_while_open() const override
    {
        return stored_.bytes_while_open();
    }

    [[nodiscard]] SourcePixels read(core::Box const& window) const override
    {
        SourcePixels const raw = stored_.read(compute::raw_box_of(method_, window));
        SourcePixels pixels;
        pixels.science = image::Image<float>(window, 3);
        BayerPattern const pattern = stored_.geometry().bayer;
        compute::debayer(method_, pattern, raw.science.view(), pixels.science.view());
        if (stored_.is_weighing()) {
            pixels.weight = image::Image<float>(window, weight_planes());
            if (method_ == DebayerMethod::superpixel) {
                weigh_superpixels(pattern, raw.weight.view(), pixels.weight.view());
            } else {
                copy_pixels(raw.weight.view(), pixels.weight.view());
            }
        }
        if (method_ == DebayerMethod::superpixel && !bounds().contains(window)) {
            fill_outside(pixels.science.view(), bounds(), nan_value);
            if (!pixels.weight.empty()) {
                fill_outside(pixels.weight.view(), bounds(), 0.0F);
            }
        }
        return pixels;
    }

  private:
    [[nodiscard]] int weight_planes() const
    {
        int const planes = method_ == DebayerMethod::superpixel ? 3 : 1;
        return stored_.is_weighing() ? planes : 0;
    }

    StoredPixels stored_;
    DebayerMethod method_;
};
}  // namespace

compute::FlatLevel CalibrationFrames::level_of(BayerPattern pattern) const
{
    compute::FlatLevel level = flat_level;
    switch (pattern) {
        case BayerPattern::none:
            break;
        case BayerPattern::rggb:
        case BayerPattern::bggr:
            level = flat_level_rggb;
            break;
        case BayerPattern::grbg:
        case BayerPattern::gbrg:
            level = flat_level_grbg;
            break;
    }
    if (pattern == BayerPattern::bggr || pattern == BayerPattern::gbrg) {
        std::ranges::reverse(level.levels);
    }
    return level;
}

std::int64_t bytes_while_open(sky::FrameHeader const& header)
{
    sky::FrameGeometry const& geometry = header.geometry;
    return header.path.ends_with(".gz")
               ? geometry.file_width() * geometry.file_height() * geometry.stored_planes *
                     std::abs(geometry.bits_per_pixel) / 8
               : 0;
}

std::shared_ptr<PixelSource const> make_frame_source(sky::FrameHeader header,
                                                     FramePreparation preparation)
{
    if (header.geometry.bayer == BayerPattern::none) {
        return make_raw_source(std::move(header), std::move(preparation));
    }
    return std::make_shared<MosaicFrameSource>(
        StoredPixels(std::move(header), std::move(preparation)));
}

std::shared_ptr<PixelSource const> make_raw_source(sky::FrameHeader header,
                                                   FramePreparation preparation)
{
    return std::make_shared<RawSource>(StoredPixels(std::move(header), std::move(preparation)));
}
}  // namespace sectile::source
