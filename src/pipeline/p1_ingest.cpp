// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p1_ingest.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "sectile/comm/share.hpp"
#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/ingest/frame_measure.hpp"
#include "sectile/ingest/frame_setup.hpp"
#include "sectile/ingest/hot_pixel_maps.hpp"
#include "sectile/io/frame_reader.hpp"
#include "sectile/plan/footprint.hpp"
#include "sectile/plan/quality_gate.hpp"
#include "sectile/source/tile_source.hpp"
#include "sectile/tile/tile_noise.hpp"

#include "pipeline/phase.hpp"
#include "pipeline/star_travel.hpp"
#include "pipeline/verdicts.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;
using plan::VerdictCode;

void quarantine(FrameRecord& frame, VerdictCode code, std::string reason)
{
    frame.verdict = {code, std::move(reason)};
}

/// The part of a verdict that needs the WCS only.
void judge_wcs(FrameRecord& frame, sky::WcsLimits const& limits)
{
    if (frame.header.wcs.cards.empty()) {
        quarantine(frame, VerdictCode::no_wcs,
                   core::sentence("no celestial WCS",
                                  "neither in the header nor in a .wcs file beside the frame",
                                  "choose a solver or solve the frame first"));
        return;
    }
    try {
        sky::SkyWcs const wcs(frame.header.wcs);
        if (auto const reason = sky::reason_unusable(wcs, limits)) {
            quarantine(frame, VerdictCode::unusable_wcs, *reason);
            return;
        }
        frame.footprint = plan::footprint_of(wcs);
    } catch (core::InputError const& error) {
        quarantine(frame, VerdictCode::unusable_wcs, error.what());
    }
}

/// A frame that is worth its pixels: it has a WCS, or may get one.
bool is_candidate(FrameRecord const& frame, RunConfig const& config)
{
    bool const may_be_solved = frame.verdict.code == VerdictCode::no_wcs && config.solves_frames();
    return frame.verdict.accepted() || may_be_solved;
}

/// Returns the candidates for hot pixels.
std::vector<compute::HotCandidate> judge_pixels(FrameRecord& frame, RunConfig const& config,
                                                source::Preparations const& preparations)
{
    constexpr double too_saturated = 0.5;
    ingest::FrameMeasurement measured = ingest::measure_frame(
        frame.header, preparations.of(frame.header), {!config.start_from_tiles, config.cosmetic});
    ingest::FrameLevels const& levels = measured.levels;
    frame.masked_fraction = levels.masked_fraction;
    frame.planes = levels.planes;
    frame.quality = measured.quality;
    frame.stars = std::move(measured.stars);
    constexpr std::int64_t rows_of_map = 256;
    ingest::scale_weights(frame, config.preparation_in_force(), rows_of_map);
    if (levels.masked_fraction >= 1.0) {
        quarantine(frame, VerdictCode::masked, "every pixel is masked (NaN or BLANK)");
    } else if (levels.lowest == levels.highest) {
        quarantine(frame, VerdictCode::constant,
                   fmt::format("every pixel has the value {:g} (a black or constant frame)",
                               levels.lowest));
    } else if (measured.quality.saturated_fraction > too_saturated) {
        quarantine(frame, VerdictCode::saturated,
                   fmt::format("{:.0f} % of its pixels are saturated",
                               100.0 * measured.quality.saturated_fraction));
    }
    return std::move(measured.hot_candidates);
}

/// What lies beside a finished tile, and with pixels its noise.
void judge_tile(FrameRecord& tile, RunConfig const& config)
{
    source::find_tile_partners(tile.header);
    if (!config.dry_run) {
        tile::record_tile_noise(tile.header, tile.planes);
    }
}

/// Name of the image whose weight, coverage or alpha map (NAME.weight.fits, the convention of
/// SWarp) `path` is, if that image exists.
std::optional<std::string> partner_image(std::filesystem::path const& path)
{
    std::string const name = path.filename().string();
    for (char const* const kind : {".weight.", ".coverage.", ".alpha."}) {
        if (std::size_t const at = name.rfind(kind); at != std::string::npos) {
            std::string const image = name.substr(0, at) + name.substr(at + std::strlen(kind) - 1);
            if (std::filesystem::exists(path.parent_path() / image)) {
                return image;
            }
        }
    }
    return std::nullopt;
}

/// What one file of the input gives.
struct IngestedFile
{
    std::vector<FrameRecord> records;
    /// Of its frames. They wait here, because a file is read again when memory ran out in the
    /// middle of it, and each frame votes once.
    std::vector<ingest::HotPixelVotes::Vote> votes;
};

/// All frames of one file with their verdicts; a bad file is a quarantined record. `known`: its
/// headers where they were scanned before.
IngestedFile ingest_file(std::string const& path, std::optional<io::FileScan> const& known,
                         RunConfig const& config, source::Preparations const& preparations,
                         ingest::HotPixelVotes const& votes)
{
    auto const image = partner_image(path);
    if (image && config.start_from_tiles) {
        return {};
    }
    io::FileScan scan =
        known ? *known : ingest::scan_frames(path, config.preparation_in_force(), preparations);
    IngestedFile file;
    for (sky::FrameHeader& header : scan.frames) {
        FrameRecord frame;
        frame.header = std::move(header);
        if (!config.start_from_tiles) {
            // A frame is one exposure, whatever its maker combined for it.
            frame.header.facts.combined = 1;
            frame.header.facts.mjd_end.reset();
        }
        judge_wcs(frame, config.wcs_limits);
        if (image) {
            quarantine(frame, VerdictCode::companion,
                       "it is the weight map of " + *image + ", not a frame");
        }
        try {
            if (is_candidate(frame, config) && !config.dry_run) {
                auto vote = votes.vote_of(frame.header, judge_pixels(frame, config, preparations));
                if (vote) {
                    file.votes.push_back(std::move(*vote));
                }
            }
            if (is_candidate(frame, config) && config.start_from_tiles) {
                judge_tile(frame, config);
            }
        } catch (core::Error const& error) {
            quarantine(frame, VerdictCode::unreadable, error.what());
        }
        file.records.push_back(std::move(frame));
    }
    for (io::UnreadableInput const& bad : scan.unreadable) {
        FrameRecord frame;
        frame.header.path = bad.path;
        frame.header.hdu = bad.hdu;
        quarantine(frame, VerdictCode::unreadable, bad.reason);
        file.records.push_back(std::move(frame));
    }
    std::ranges::stable_sort(file.records, {}, [](FrameRecord const& f) { return f.header.hdu; });
    return file;
}

/// What was scanned of some of the files, by their index.
using KnownScans = std::vector<std::optional<io::FileScan>>;

/// How the frames are measured, from the headers of some files spread over those of this rank: a
/// larger frame among the others enters the ladder. Returns those headers.
KnownScans plan_ingest(std::span<std::string const> files, RunConfig const& config,
                       Context& context)
{
    constexpr std::size_t looked_at = 8;
    constexpr std::int64_t record_bytes = std::int64_t{14} << 10;  // of a frame, with its stars
    plan::JobSize size;
    constexpr std::int64_t lists_bytes = std::int64_t{1} << 20;  // names, headers, log
    size.held_bytes = std::ssize(files) * record_bytes + lists_bytes;
    size.width = 1;
    size.height = 1;
    size.sources = std::ssize(files);
    KnownScans scans(files.size());
    std::size_t const count = std::min(looked_at, files.size());
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t const file = i * files.size() / count;
        if (config.start_from_tiles && partner_image(files[file])) {
            continue;  // it has the size of its tile
        }
        scans[file] =
            ingest::scan_frames(files[file], config.preparation_in_force(), context.preparations);
        for (sky::FrameHeader const& header : scans[file]->frames) {
            auto const source = source::make_raw_source(header, context.preparations.of(header));
            size.source_width = std::max(size.source_width, source->bounds().width());
            size.source_height = std::max(size.source_height, source->bounds().height());
            size.source_planes = std::max(size.source_planes, source->held_planes());
            size.open_bytes = std::max(size.open_bytes, source->bytes_while_open());
            size.worker_scratch =
                std::max(size.worker_scratch, ingest::measure_frame_bytes(header.geometry));
        }
    }
    context.crew.keep_to(plan::make_parallel_plan(plan::PlanKind::ingest, size,
                                                  context.crew.node_now(), config.parallel));
    return scans;
}

/// The mosaic has one number of planes: that of most accepted frames (of more planes when two are
/// as frequent).
void judge_planes(std::vector<FrameRecord>& frames)
{
    std::map<int, std::size_t> count;
    for (FrameRecord const& frame : frames) {
        if (frame.verdict.accepted()) {
            ++count[frame.header.geometry.planes];
        }
    }
    int planes = 0;
    std::size_t most = 0;
    for (auto const& [candidate, frequency] : count) {
        if (frequency >= most) {
            planes = candidate;
            most = frequency;
        }
    }
    for (FrameRecord& frame : frames) {
        if (frame.verdict.accepted() && frame.header.geometry.planes != planes) {
            quarantine(
                frame, VerdictCode::other_planes,
                fmt::format("it has {} colour plane(s), most frames have {}; mosaic them apart",
                            frame.header.geometry.planes, planes));
        }
    }
}

void log_verdicts(std::vector<FrameRecord> const& frames)
{
    std::size_t accepted = 0;
    for (FrameRecord const& frame : frames) {
        if (frame.verdict.accepted()) {
            ++accepted;
        } else {
            log_quarantined(frame);
        }
    }
    core::log_world(core::LogLevel::info,
                    fmt::format("{} of {} frames accepted", accepted, frames.size()));
}

/// The records of all ranks, numbered in the order of ranks and files. *Collective*.
std::vector<FrameRecord> all_records(std::vector<IngestedFile> per_file,
                                     comm::Communicator const& comm, std::size_t expected)
{
    std::vector<FrameRecord> own;
    own.reserve(per_file.size());
    for (IngestedFile& file : per_file) {
        std::ranges::move(file.records, std::back_inserter(own));
        file.records = {};
    }
    return gather_records(comm, std::move(own), expected);
}

/// Looks for frames that stand out from their kind.
void apply_quality_gate(std::vector<FrameRecord>& frames, RunConfig const& config, Context& context)
{
    if (config.quality_gate == plan::QualityGate::off || config.dry_run ||
        config.start_from_tiles) {
        return;
    }
    for (plan::QualityFinding const& finding :
         plan::judge_quality(frames, config.quality_gate_sigma)) {
        FrameRecord& frame = frames[finding.frame];
        if (config.quality_gate == plan::QualityGate::reject) {
            quarantine(frame, VerdictCode::quality, finding.reason + " (quality_gate reject)");
        } else {
            context.report.note(fmt::format("{}: {}", frame.header.path, finding.reason),
                                core::LogChannel::world);
        }
    }
}

/// Throws when nothing can be used.
void judge_input(std::vector<FrameRecord> const& frames, RunConfig const& config)
{
    auto const first = std::ranges::find_if(
        frames, [](FrameRecord const& frame) { return frame.verdict.accepted(); });
    auto const bad = std::ranges::find_if(
        frames, [](FrameRecord const& frame) { return !frame.verdict.accepted(); });
    if (first == frames.end()) {
        throw core::InputError(core::sentence(
            frames.empty()
                ? fmt::format("there is no FITS file in {}", fmt::join(config.input, ", "))
                : fmt::format("none of the {} frames can be used", frames.size()),
            bad == frames.end()
                ? std::string{}
                : fmt::format("the first one, {}: {}", bad->header.path, bad->verdict.reason),
            frames.empty() ? "check --input" : "see report.json for every frame"));
    }
}
}  // namespace

std::vector<FrameRecord> ingest(RunConfig const& config, Context& context)
{
    auto const files = comm::broadcast_made(context.world, "input", [&] {
        return ingest::frame_files(io::find_fits_files(config.input),
                                   config.preparation_in_force());
    });
    comm::Share const share = comm::deal(files.size(), context.world);

    std::vector<IngestedFile> per_file(share.size());
    ingest::HotPixelVotes votes(files.size());
    comm::agree(context.world, "ingest", [&] {
        KnownScans const scans =
            plan_ingest(std::span(files).subspan(share.first, share.size()), config, context);
        context.crew.for_each_item(
            std::string(phases::ingest.name), per_file.size(), [&](std::size_t i) {
                per_file[i] = ingest_file(files[share.first + i], scans[i], config,
                                          context.preparations, votes);
            });
    });
    context.crew.release_plan();
    for (IngestedFile& file : per_file) {
        for (ingest::HotPixelVotes::Vote& vote : file.votes) {
            votes.add(std::move(vote));
        }
        file.votes = {};
    }
    for (auto& [camera, defects] : ingest::find_hot_pixels(votes, context.world)) {
        context.preparations.set_defects(camera, std::move(defects));
    }
    std::vector<FrameRecord> all = all_records(std::move(per_file), context.world, files.size());
    if (context.world.is_root()) {
        for (std::string const& text :
             ingest::lonely_frames(all, config.preparation_in_force().partners)) {
            context.report.note(text, core::LogChannel::world);
        }
    }
    return all;
}

int planes_of_mosaic(std::vector<FrameRecord>& frames, RunConfig const& config, Context& context)
{
    judge_planes(frames);
    apply_quality_gate(frames, config, context);
    if (context.world.is_root()) {
        log_verdicts(frames);
    }
    comm::agree(context.world, "choosing the frames", [&] { judge_input(frames, config); });
    obey_strict(frames, config, context.world);
    auto const first = std::ranges::find_if(
        frames, [](FrameRecord const& frame) { return frame.verdict.accepted(); });
    return first->header.geometry.planes;
}
}  // namespace sectile::pipeline
