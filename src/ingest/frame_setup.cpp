// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/ingest/frame_setup.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/core/robust.hpp"
#include "sectile/ingest/partner_search.hpp"
#include "sectile/io/find_images.hpp"
#include "sectile/solve/wcs_fit.hpp"
#include "sectile/source/pixel_source.hpp"

namespace sectile::ingest
{
namespace
{
/// Rules in force.
std::vector<std::string> rules_of(source::PreparationOptions const& options)
{
    std::vector<std::string> rules;
    for (std::string const& rule : {options.partners.weight_suffix, options.partners.mask_suffix}) {
        if (!rule.empty()) {
            rules.push_back(rule);
        }
    }
    return rules;
}

bool equal_no_case(std::string_view a, std::string_view b)
{
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::toupper(x) == std::toupper(y); });
}

/// Finds the partners of the frames of one file.
class PartnerSearch
{
  public:
    explicit PartnerSearch(std::string path) : path_(std::move(path)) {}

    /// The partner of a frame, if it has one. `is_mask`: of one plane. Throws core::Error when
    /// there is one that cannot be used.
    [[nodiscard]] sky::FramePartner find(sky::FrameHeader const& frame, std::string const& rule,
                                         bool is_mask)
    {
        std::string const name = extension_of_rule(rule);
        std::optional<io::ImageHdu> image;
        std::string path = path_;
        if (!name.empty()) {
            image = extension(frame.hdu, name);
        } else if (path = existing_partner(path_, rule); !path.empty()) {
            image = image_of_file(frame.hdu, io::find_images(path));
            if (!image) {
                throw core::InputError(fmt::format("{} has no image that belongs to it", path));
            }
        }
        if (!image) {
            return {};
        }
        check_shape(frame, *image, path, is_mask);
        return {path, image->hdu, image->geometry, 1.0};
    }

    /// Whether the HDU of the file bears the name of an extension rule.
    [[nodiscard]] bool is_named_by(int hdu, std::string const& rule)
    {
        std::string const name = extension_of_rule(rule);
        return !name.empty() && std::ranges::any_of(own_images(), [&](io::ImageHdu const& image) {
            return image.hdu == hdu && equal_no_case(image.name, name);
        });
    }

  private:
    std::vector<io::ImageHdu> const& own_images()
    {
        if (!own_images_) {
            own_images_ = io::find_images(path_);
        }
        return *own_images_;
    }

    /// That of the frame's EXTVER if only one is; else the only one; else the next behind the
    /// frame.
    std::optional<io::ImageHdu> extension(int frame_hdu, std::string const& name)
    {
        std::vector<io::ImageHdu> named;
        int version = 1;
        for (io::ImageHdu const& image : own_images()) {
            version = image.hdu == frame_hdu ? image.version : version;
            if (equal_no_case(image.name, name) && image.hdu != frame_hdu) {
                named.push_back(image);
            }
        }
        auto const is_of_version = [&](io::ImageHdu const& image) {
            return image.version == version;
        };
        if (named.size() > 1 && std::ranges::count_if(named, is_of_version) == 1) {
            return *std::ranges::find_if(named, is_of_version);
        }
        auto const chosen = named.size() == 1
                                ? named.begin()
                                : std::ranges::find_if(named, [&](io::ImageHdu const& image) {
                                      return image.hdu > frame_hdu;
                                  });
        return chosen == named.end() ? std::nullopt : std::optional(*chosen);
    }

    /// The HDU at the same place, or the only one (a compressed image stands one further).
    static std::optional<io::ImageHdu> image_of_file(int frame_hdu,
                                                     std::vector<io::ImageHdu> const& images)
    {
        auto const same = std::ranges::find(images, frame_hdu, &io::ImageHdu::hdu);
        if (same != images.end()) {
            return *same;
        }
        return images.size() == 1 ? std::optional(images.front()) : std::nullopt;
    }

    static void check_shape(sky::FrameHeader const& frame, io::ImageHdu const& image,
                            std::string const& path, bool is_mask)
    {
        sky::FrameGeometry const& f = frame.geometry;
        sky::FrameGeometry const& p = image.geometry;
        bool const planes_fit =
            p.stored_planes == 1 || (!is_mask && p.stored_planes == f.stored_planes);
        if (p.width != f.file_width() || p.height != f.file_height() || !planes_fit) {
            throw core::InputError(
                fmt::format("{}[{}] has {} x {} pixels in {} plane(s), the frame {} x {} in {}",
                            path, image.hdu, p.width, p.height, p.stored_planes, f.file_width(),
                            f.file_height(), f.stored_planes));
        }
    }

    std::string path_;
    std::optional<std::vector<io::ImageHdu>> own_images_;
};

void name_partners(sky::FrameHeader& frame, PartnerSearch& search,
                   source::PreparationOptions const& options)
{
    source::PartnerOptions const& partners = options.partners;
    if (!partners.weight_suffix.empty() && partners.weight_type != source::WeightType::none) {
        frame.weight = search.find(frame, partners.weight_suffix, false);
    }
    if (!partners.mask_suffix.empty()) {
        frame.mask = search.find(frame, partners.mask_suffix, true);
    }
}

/// Scales the pixel axes of a table: FITS pixel p of the mosaic is p / 2 + 1/4 of the superpixels.
void halve_table(sky::LookupTable& table)
{
    constexpr double half = 0.5;
    table.crval_x = half * table.crval_x + half * half;
    table.crval_y = half * table.crval_y + half * half;
    table.cdelt_x *= half;
    table.cdelt_y *= half;
    for (float& value : table.values) {
        value *= 0.5F;
    }
}
}  // namespace

void halve_frame(sky::FrameHeader& header)
{
    sky::FrameGeometry& geometry = header.geometry;
    geometry.stored_width = geometry.width;
    geometry.stored_height = geometry.height;
    geometry.width /= 2;
    geometry.height /= 2;
    sky::WcsDescription const mosaic = header.wcs;
    header.wcs = {};
    header.wcs.width = geometry.width;
    header.wcs.height = geometry.height;
    if (mosaic.cards.empty()) {
        return;
    }
    // Cell X has its centre at pixel 2 X + 1/2 of the mosaic.
    solve::PlaneAffine const to_mosaic{2.0, 0.0, 0.5, 0.0, 2.0, 0.5};
    header.wcs = solve::transferred_wcs(mosaic, to_mosaic, static_cast<int>(geometry.width),
                                        static_cast<int>(geometry.height));
    // These belong to the same detector here, so that they stay.
    header.wcs.pixel_lookup = mosaic.pixel_lookup;
    header.wcs.detector_lookup = mosaic.detector_lookup;
    for (auto* const tables : {&header.wcs.pixel_lookup, &header.wcs.detector_lookup}) {
        std::ranges::for_each(*tables, halve_table);
    }
}

io::FileScan scan_frames(std::string const& path, source::PreparationOptions const& options,
                         source::Preparations const& preparations)
{
    io::FileScan scan = io::scan_file(path, options.debayer != std::nullopt);
    PartnerSearch search(path);
    std::vector<std::string> const rules = rules_of(options);
    std::vector<sky::FrameHeader> frames;
    for (sky::FrameHeader& frame : scan.frames) {
        auto const refuse = [&](std::string const& problem, std::string const& why) {
            scan.unreadable.push_back({path, frame.hdu, core::sentence(problem, why)});
        };
        try {
            auto const is_partner = [&](auto const& rule) {
                return search.is_named_by(frame.hdu, rule);
            };
            if (std::ranges::any_of(rules, is_partner)) {
                continue;
            }
            if (auto const reason = preparations.reason_unfit(frame)) {
                refuse("the frame cannot be calibrated", *reason);
                continue;
            }
            name_partners(frame, search, options);
        } catch (core::Error const& error) {
            refuse("the weight map or mask of the frame cannot be used", error.what());
            continue;
        }
        if (options.debayer == compute::DebayerMethod::superpixel &&
            frame.geometry.bayer != image::BayerPattern::none) {
            try {
                halve_frame(frame);
            } catch (core::Error const& error) {
                refuse("the WCS is not used", error.what());
                frame.wcs_origin.clear();
            }
        }
        frames.push_back(std::move(frame));
    }
    scan.frames = std::move(frames);
    return scan;
}

void scale_weights(plan::FrameRecord& frame, source::PreparationOptions const& options,
                   std::int64_t rows)
{
    sky::FramePartner& map = frame.header.weight;
    if (!map.exists() || options.partners.weight_type != source::WeightType::map_weight) {
        return;
    }
    double inverse_variance = 0.0;
    for (plan::PlaneMeasurement const& plane : frame.planes) {
        if (!(plane.noise_sigma > 0.0)) {
            return;
        }
        inverse_variance += 1.0 / (plane.noise_sigma * plane.noise_sigma);
    }
    constexpr double samples_wanted = 40'000.0;
    sky::FrameGeometry const& g = map.geometry;
    auto const pixels = static_cast<double>(g.width) * static_cast<double>(g.height);
    auto const step =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(std::sqrt(pixels / samples_wanted)));
    io::FrameReader reader(sky::header_of(map));
    std::vector<float> samples;
    std::int64_t const block_rows = std::clamp<std::int64_t>(rows, 1, g.height);
    for (std::int64_t y0 = 0; y0 < g.height; y0 += block_rows) {
        image::Image<float> block({0, y0, g.width, std::min(g.height, y0 + block_rows)},
                                  g.stored_planes);
        reader.read(block.view());
        for (std::int64_t y = y0; y < block.box().y1; ++y) {
            for (std::int64_t x = 0; x < g.width && y % step == 0; x += step) {
                if (float const value = block.view().at(0, x, y); value > 0.0F) {
                    samples.push_back(value);
                }
            }
        }
    }
    if (!samples.empty()) {
        map.scale = inverse_variance / static_cast<double>(frame.planes.size()) /
                    static_cast<double>(core::median_in_place(samples));
    }
}

std::vector<std::string> frame_files(std::vector<std::string> files,
                                     source::PreparationOptions const& options)
{
    std::vector<std::string> partners;
    files = without_partners(std::move(files), rules_of(options), partners);
    if (!partners.empty()) {
        core::log_world(core::LogLevel::info,
                        fmt::format("{} of the files are weight maps or masks of others, such as "
                                    "{}; they are no frames",
                                    partners.size(), partners.front()));
    }
    return files;
}

std::vector<std::string> lonely_frames(std::vector<plan::FrameRecord> const& frames,
                                       source::PartnerOptions const& partners)
{
    std::vector<std::string> sentences;
    auto const tell = [&](std::string const& rule, char const* what, auto const& partner) {
        std::size_t count = 0;
        std::string first;
        for (plan::FrameRecord const& frame : frames) {
            if (frame.verdict.accepted() && !partner(frame.header).exists()) {
                first = count == 0 ? frame.header.path : first;
                ++count;
            }
        }
        if (count > 0 && !rule.empty()) {
            sentences.push_back(
                core::sentence(fmt::format("{} frames are used without a {}", count, what),
                               fmt::format("{} finds none, first for {}", rule, first)));
        }
    };
    if (partners.weight_type != source::WeightType::none) {
        tell(
            partners.weight_suffix, "weight map",
            [](sky::FrameHeader const& h) -> auto const& { return h.weight; });
    }
    tell(
        partners.mask_suffix, "mask",
        [](sky::FrameHeader const& h) -> auto const& { return h.mask; });
    return sentences;
}
}  // namespace sectile::ingest
