// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/engine/placed_source.hpp"

#include <algorithm>
#include <cmath>

#include "sectile/comm/share.hpp"
#include "sectile/compute/debayer_noise.hpp"
#include "sectile/core/error.hpp"
#include "sectile/core/event_count.hpp"
#include "sectile/plan/recorded_noise.hpp"
#include "sectile/sky/make_grid_map.hpp"
#include "sectile/source/tile_source.hpp"

namespace sectile::engine
{
namespace
{
/// Destination pixels added around a footprint, so that no pixel which a kernel can reach is left
/// out.
constexpr int footprint_margin = 2;

/// How far the source moves, at the middle of the footprint, per destination pixel.
void measure_spread(sky::SkyWcs const& grid, sky::SkyWcs const& source, Placement& placement)
{
    core::Box const& box = placement.footprint;
    double const x = 0.5 * static_cast<double>(box.x0 + box.x1);
    double const y = 0.5 * static_cast<double>(box.y0 + box.y1);
    sky::PixelPos const here = source.sky_to_pixel(grid.pixel_to_sky({x, y}));
    sky::PixelPos const right = source.sky_to_pixel(grid.pixel_to_sky({x + 1.0, y}));
    sky::PixelPos const up = source.sky_to_pixel(grid.pixel_to_sky({x, y + 1.0}));
    double const along = std::max(std::abs(right.x - here.x), std::abs(up.y - here.y));
    double const across = std::max(std::abs(right.y - here.y), std::abs(up.x - here.x));
    if (std::isfinite(along) && std::isfinite(across)) {
        placement.row_spread = along;
        placement.cross_spread = across;
    }
}

Placement place_with_map(sky::SkyWcs const& shared_grid, sky::WcsDescription const& source)
{
    core::count_event(core::Event::placement);
    // Transforms use scratch inside the system they belong to: a copy for this thread.
    sky::SkyWcs const grid(shared_grid);  // NOLINT(performance-unnecessary-copy-initialization)
    sky::SkyWcs const wcs(source);
    Placement placement = place_on_grid(grid, wcs);
    if (!placement.footprint.empty()) {
        placement.spacing = sky::choose_map_spacing(grid, wcs, placement.footprint);
    }
    return placement;
}

/// Noise sigma to weigh with: frames without measurable noise count as the quietest one that has
/// some.
double noise_floor(std::vector<PlacedSource> const& sources)
{
    double floor = 0.0;
    for (PlacedSource const& source : sources) {
        for (plan::PlaneMeasurement const& plane : source.record->planes) {
            if (plane.noise_sigma > 0.0 && (floor == 0.0 || plane.noise_sigma < floor)) {
                floor = plane.noise_sigma;
            }
        }
    }
    return floor > 0.0 ? floor : 1.0;
}

std::shared_ptr<source::PixelSource const> pixels_of(sky::FrameHeader const& header,
                                                     SourceKind kind, Weighting weighting,
                                                     source::Preparations const& preparations)
{
    if (kind == SourceKind::tile) {
        return source::make_tile_source(header);
    }
    source::FramePreparation preparation = preparations.of(header);
    preparation.weighs = weighting != Weighting::none;
    return source::make_frame_source(header, std::move(preparation));
}

/// What neighbouring pixels of a source have in common of their noise: those of a frame nothing
/// until it is debayered.
std::vector<image::NoiseCovariance> noise_of(plan::FrameRecord const& record, SourceKind kind,
                                             source::Preparations const& preparations)
{
    if (kind == SourceKind::tile) {
        std::vector<image::NoiseCovariance> noise;
        for (plan::PlaneMeasurement const& plane : record.planes) {
            noise.push_back(plan::recorded_noise(plane));
        }
        noise.resize(static_cast<std::size_t>(record.header.geometry.planes),
                     plan::recorded_noise({}));
        return noise;
    }
    if (record.header.geometry.bayer == image::BayerPattern::none) {
        return {};
    }
    auto const noise = compute::debayered_noise(preparations.of(record.header).debayer);
    return {noise.begin(), noise.end()};
}

void weigh(PlacedSource& source, Weighting weighting, double floor, double sharpness)
{
    std::vector<plan::PlaneMeasurement> const& measured_planes = source.record->planes;
    std::size_t const planes = source.photometry.size();
    source.weight_scale.assign(planes, 1.0);
    source.noise_sigma.assign(planes, 0.0);
    for (std::size_t c = 0; c < std::min(planes, measured_planes.size()); ++c) {
        double const gain = source.photometry[c].gain;
        double const measured = measured_planes[c].noise_sigma;
        double const sigma = gain * (measured > 0.0 ? measured : floor);
        source.noise_sigma[c] = gain * measured;
        if (source.kind == SourceKind::tile || source.pixels->has_weight()) {
            // The weight plane of a tile or frame is the inverse variance before the gain, and says
            // the noise of each pixel.
            source.weight_scale[c] = sharpness / (gain * gain);
            source.noise_sigma[c] = source.pixels->has_weight() ? 0.0 : source.noise_sigma[c];
        } else if (weighting != Weighting::none) {
            source.weight_scale[c] = sharpness / (sigma * sigma);
        }
    }
}
}  // namespace

compute::OutputWeight output_weight(Weighting weighting)
{
    return weighting == Weighting::none ? compute::OutputWeight::sum
                                        : compute::OutputWeight::inverse_variance;
}

std::vector<double> sharpness_factors(std::vector<PlacedSource> const& sources, Weighting weighting)
{
    std::vector<double> factors(sources.size(), 1.0);
    std::vector<double> known;
    for (PlacedSource const& source : sources) {
        if (source.record->quality.fwhm > 0.0) {
            known.push_back(source.record->quality.fwhm);
        }
    }
    if (weighting != Weighting::noise_fwhm || known.empty()) {
        return factors;
    }
    std::ranges::sort(known);
    double const median = known[known.size() / 2];
    for (std::size_t i = 0; i < sources.size(); ++i) {
        double const own = sources[i].record->quality.fwhm;
        double const fwhm = own > 0.0 ? own : median;
        factors[i] = known.front() * known.front() / (fwhm * fwhm);
    }
    return factors;
}

Placement place_on_grid(sky::SkyWcs const& grid, sky::SkyWcs const& source)
{
    Placement placement;
    placement.footprint = sky::footprint_box(grid, grid.bounds(), source, footprint_margin);
    if (!placement.footprint.empty()) {
        measure_spread(grid, source, placement);
    }
    return placement;
}

std::vector<plan::FrameRecord const*> accepted_records(std::vector<plan::FrameRecord> const& frames)
{
    std::vector<plan::FrameRecord const*> accepted;
    for (plan::FrameRecord const& frame : frames) {
        if (frame.verdict.accepted()) {
            accepted.push_back(&frame);
        }
    }
    return accepted;
}

std::vector<Placement> find_placements(comm::Communicator const& comm, machine::TbbRunner& runner,
                                       std::vector<plan::FrameRecord const*> const& records,
                                       sky::SkyWcs const& grid)
{
    return comm::all_gather_dealt(
        comm, "placing the sources on the grid", records.size(), [&](comm::Share const& share) {
            std::vector<Placement> own(share.size());
            runner.for_each(own.size(), [&](std::size_t i, int /*worker*/) {
                own[i] = place_with_map(grid, records[share.first + i]->header.wcs);
            });
            return own;
        });
}

std::vector<PlacedSource> placed_sources(std::vector<plan::FrameRecord const*> const& records,
                                         SourceKind kind, std::vector<Placement> const& placements,
                                         int ranks, Weighting weighting,
                                         source::Preparations const& preparations)
{
    core::require(records.size() == placements.size(), "every source has its place");
    std::vector<PlacedSource> sources;
    sources.reserve(records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        sky::FrameHeader const& header = records[i]->header;
        PlacedSource source;
        source.id = core::SourceId{static_cast<std::uint32_t>(i)};
        source.kind = kind;
        source.record = records[i];
        source.pixels = pixels_of(header, kind, weighting, preparations);
        source.wcs = &header.wcs;
        source.footprint = placements[i].footprint;
        source.map_spacing = static_cast<int>(placements[i].spacing);
        source.home = static_cast<int>(i % static_cast<std::size_t>(ranks));
        source.row_spread = placements[i].row_spread;
        source.cross_spread = placements[i].cross_spread;
        source.photometry.resize(static_cast<std::size_t>(header.geometry.planes));
        source.noise_covariance = noise_of(*records[i], kind, preparations);
        sources.push_back(std::move(source));
    }
    return sources;
}

void weigh_sources(std::vector<PlacedSource>& sources, Weighting weighting)
{
    double const floor = noise_floor(sources);
    auto const sharpness = sharpness_factors(sources, weighting);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        weigh(sources[i], weighting, floor, sharpness[i]);
    }
}
}  // namespace sectile::engine
