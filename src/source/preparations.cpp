// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/source/preparations.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/io/find_images.hpp"
#include "sectile/io/frame_reader.hpp"
#include "sectile/source/camera.hpp"

namespace sectile::source
{
namespace
{
using image::BayerPattern;

/// Of a flat, to know its level: more are no better and need memory.
constexpr std::int64_t flat_pixels_wanted = std::int64_t{1} << 24;

constexpr std::size_t colours = 3;

std::optional<sky::FrameHeader> open_master(std::string const& path, std::string const& option)
{
    if (path.empty()) {
        return std::nullopt;
    }
    std::string reason = "it holds no image";
    try {
        auto const images = io::find_images(path);
        if (!images.empty()) {
            sky::FrameHeader header;
            header.path = path;
            header.hdu = images.front().hdu;
            header.geometry = images.front().geometry;
            if (images.size() > 1) {
                core::log_world(core::LogLevel::warning,
                                fmt::format("{} {} holds {} images; the first one is used", option,
                                            path, images.size()));
            }
            return header;
        }
    } catch (core::Error const& error) {
        reason = error.what();
    }
    throw core::ConfigError(
        core::sentence(option + " " + path + " cannot be used", reason, "check the path"));
}

/// Pairs of rows, so that the colours of a mosaic stay where they are; all of a flat that is not
/// huge.
image::Image<float> sample_flat(sky::FrameHeader const& flat)
{
    sky::FrameGeometry const& g = flat.geometry;
    std::int64_t const pairs = std::max<std::int64_t>(1, g.height / 2);
    std::int64_t const step = 1 + (g.width * g.height * g.stored_planes - 1) / flat_pixels_wanted;
    std::int64_t const taken = (pairs + step - 1) / step;
    image::Image<float> sample({0, 0, g.width, 2 * taken}, g.stored_planes);
    io::FrameReader reader(flat);
    for (std::int64_t pair = 0; pair < taken; ++pair) {
        std::int64_t const y = 2 * pair * step;
        image::Image<float> rows({0, y, g.width, y + 2}, g.stored_planes);
        reader.read(rows.view());
        for (int plane = 0; plane < g.stored_planes; ++plane) {
            for (std::int64_t row = 0; row < 2; ++row) {
                std::copy_n(rows.view().row(plane, y + row), g.width,
                            sample.view().row(plane, 2 * pair + row));
            }
        }
    }
    return sample;
}

/// Levels per plane, and of the colours for both kinds of patterns when there is one plane.
std::vector<double> measure_flat(sky::FrameHeader const& flat)
{
    image::Image<float> const sample = sample_flat(flat);
    std::vector<double> levels = compute::flat_level(sample.view(), BayerPattern::none).levels;
    if (std::ranges::none_of(levels, [](double level) { return std::isfinite(level); })) {
        throw core::ConfigError(core::sentence("master_flat " + flat.path + " cannot be used",
                                               "it has no pixel above 0", "check the file"));
    }
    if (flat.geometry.stored_planes == 1) {
        for (BayerPattern const pattern : {BayerPattern::rggb, BayerPattern::grbg}) {
            auto const of_colours = compute::flat_level(sample.view(), pattern).levels;
            levels.insert(levels.end(), of_colours.begin(), of_colours.end());
        }
    }
    return levels;
}

void take_levels(std::vector<double> const& levels, CalibrationFrames& frames)
{
    auto const planes = static_cast<std::ptrdiff_t>(frames.flat->geometry.stored_planes);
    frames.flat_level.levels.assign(levels.begin(), levels.begin() + planes);
    if (levels.size() == static_cast<std::size_t>(planes) + 2 * colours) {
        frames.flat_level_rggb.levels.assign(levels.end() - 2 * colours, levels.end() - colours);
        frames.flat_level_grbg.levels.assign(levels.end() - colours, levels.end());
    }
}

std::shared_ptr<CalibrationFrames const> open_masters(MasterOptions const& masters,
                                                      comm::Communicator const& members)
{
    if (masters.dark.empty() && masters.flat.empty() && masters.bad_pixels.empty()) {
        return nullptr;
    }
    auto frames = std::make_shared<CalibrationFrames>();
    std::vector<double> levels;
    comm::agree(members, "opening the master frames", [&] {
        frames->dark = open_master(masters.dark, "master_dark");
        frames->flat = open_master(masters.flat, "master_flat");
        frames->bad_pixels = open_master(masters.bad_pixels, "bad_pixel_map");
        if (members.is_root() && frames->flat) {
            levels = measure_flat(*frames->flat);
        }
    });
    if (frames->flat) {
        auto const of_root = std::as_bytes(std::span(levels));
        std::vector<std::byte> bytes(of_root.begin(), of_root.end());
        comm::broadcast(members, bytes);
        levels.resize(bytes.size() / sizeof(double));
        std::memcpy(levels.data(), bytes.data(), bytes.size());
        take_levels(levels, *frames);
    }
    return frames;
}

std::string shape_text(std::int64_t width, std::int64_t height, int planes)
{
    return fmt::format("{} x {} pixels in {} plane(s)", width, height, planes);
}
}  // namespace

Preparations::Preparations(PreparationOptions const& options, comm::Communicator const& members)
{
    common_.debayer = options.debayer.value_or(compute::DebayerMethod::bilinear);
    common_.calibration = open_masters(options.masters, members);
    common_.mask_bits = options.partners.mask_bits;
    common_.weight_type = options.partners.weight_type;
}

FramePreparation Preparations::of(sky::FrameHeader const& header) const
{
    FramePreparation preparation = common_;
    if (auto const found = defects_.find(camera_of(header)); found != defects_.end()) {
        preparation.defects = found->second;
    }
    return preparation;
}

std::optional<std::string> Preparations::reason_unfit(sky::FrameHeader const& header) const
{
    if (common_.calibration == nullptr) {
        return std::nullopt;
    }
    sky::FrameGeometry const& g = header.geometry;
    CalibrationFrames const& frames = *common_.calibration;
    for (auto const& [name, master] :
         {std::pair{"master_dark", &frames.dark}, std::pair{"master_flat", &frames.flat},
          std::pair{"bad_pixel_map", &frames.bad_pixels}}) {
        if (!*master) {
            continue;
        }
        sky::FrameGeometry const& m = (*master)->geometry;
        bool const fits = m.width == g.file_width() && m.height == g.file_height() &&
                          (m.stored_planes == 1 || m.stored_planes == g.stored_planes);
        if (!fits) {
            return fmt::format("it has {} and {} has {}; calibrate frames of another camera apart",
                               shape_text(g.file_width(), g.file_height(), g.stored_planes), name,
                               shape_text(m.width, m.height, m.stored_planes));
        }
    }
    return std::nullopt;
}
}  // namespace sectile::source
