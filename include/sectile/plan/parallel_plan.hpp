// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "sectile/plan/capabilities.hpp"
#include "sectile/plan/job_size.hpp"

namespace sectile::plan
{
enum class PlanKind : std::uint8_t
{
    ingest,
    master_tiles,
    photometry,  ///< sky levels of the sources, for the match
    phase5_reproject,
    mosaic_first,
    finish  ///< export and pictures on rank 0
};

struct ParallelOptions
{
    bool autotune = true;
    double target_cpu_load = 0.85;
    double target_ram_fraction = 0.75;
    double gpu_vram_fraction = 0.5;   ///< of the free memory of a device
    std::int64_t vram_limit = 0;      ///< bytes of a device, 0: none
    int max_cpu_workers = 0;          ///< 0: automatic
    std::int64_t ram_limit = 0;       ///< bytes for the node, 0: none
    bool use_gpu = true;              ///< when a device is there and a chunk fits
    std::int64_t rows_per_chunk = 0;  ///< 0: automatic; forced band height (tests, experts)
};

/// How a phase is executed on this rank. Never changes the picture.
struct ParallelPlan
{
    PlanKind kind = PlanKind::ingest;
    int cpu_workers = 1;
    std::int64_t rows_per_chunk = 1;  ///< rows of a strip
    /// Columns of a strip; the destination width unless one row is too much.
    std::int64_t columns_per_chunk = 0;
    std::int64_t tiles_per_chunk = 1;  ///< source windows held at once
    std::int64_t max_chunk_bytes = 0;
    /// Bytes this rank may add to what it held when the phase was planned.
    std::int64_t budget_bytes = 0;
    /// Of the whole process: what it held, and every buffer of the phase.
    std::int64_t predicted_peak_bytes = 0;
    std::int64_t added_bytes = 0;  ///< of that, what the phase adds
    std::int64_t predicted_io_bytes = 0;
    bool use_memmap = false;  ///< stacks go through a scratch file
    bool use_gpu = false;
    std::int64_t gpu_rows_per_chunk = 0;
    std::int64_t gpu_max_chunk_bytes = 0;
};

/// Pure. Throws core::ConfigError (naming the least memory that would do) when not even one row of
/// one source fits; never for `finish`, which nothing makes smaller once all work is done.
[[nodiscard]] ParallelPlan make_parallel_plan(PlanKind kind, JobSize const& job,
                                              Capabilities const& node,
                                              ParallelOptions const& options);

/// Bytes that a rank must be able to add to what it holds, or the phase cannot be planned. Pure.
[[nodiscard]] std::int64_t least_bytes(PlanKind kind, JobSize const& job);

/// Throws core::ConfigError, naming the least memory that would do, unless the share of a rank has
/// room for `bytes`. Pure.
void require_memory(PlanKind kind, std::int64_t bytes, Capabilities const& node,
                    ParallelOptions const& options);

/// Workers of a rank that owns `cores`: ceil(load * cores), above 8 cores kept within 0.75 and 0.90
/// of them.
[[nodiscard]] int plan_workers(int cores, ParallelOptions const& options);

/// "parallel_plan_summary phase=… cpu_workers=… …"
[[nodiscard]] std::string summary_line(ParallelPlan const& plan);
[[nodiscard]] char const* name_of(PlanKind kind);
}  // namespace sectile::plan
