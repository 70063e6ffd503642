// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>

#include "sectile/plan/parallel_plan.hpp"

#include "unit/core/pseudo_random.hpp"

/// Jobs and machines for the tests of the parallel plan.
namespace sectile::test
{
inline constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
inline constexpr std::int64_t gibibyte = std::int64_t{1} << 30;

inline plan::Capabilities node_with(std::int64_t ram, int cores = 8, int ranks = 1)
{
    return {cores, ram, ram, ranks, 0};
}

inline plan::JobSize mosaic_job(bool running_mean = true)
{
    plan::JobSize job;
    job.width = 20000;
    job.height = 15000;
    job.planes = 3;
    job.source_width = 4000;
    job.source_height = 3000;
    job.source_planes = 9;
    job.sources = 200;
    job.depth = 12;
    job.running_mean = running_mean;
    return job;
}

inline plan::JobSize random_job(PseudoRandom& random)
{
    plan::JobSize job;
    auto const size = [&] {
        return static_cast<std::int64_t>(std::exp(random.uniform(0.0, 12.0)));
    };
    job.width = size();
    job.height = size();
    job.planes = static_cast<int>(random.integer(1, 4));
    job.source_width = size();
    job.source_height = size();
    job.source_planes = static_cast<int>(random.integer(1, 9));
    job.sources = static_cast<std::int64_t>(std::exp(random.uniform(0.0, 10.0)));
    job.depth = random.integer(0, job.sources);
    job.running_mean = random.integer(0, 1) == 0;
    job.row_spread = random.uniform(0.2, 5.0);
    job.cross_spread = random.uniform(0.0, 3.0);
    return job;
}

inline plan::Capabilities random_node(PseudoRandom& random)
{
    return node_with(static_cast<std::int64_t>(std::exp(random.uniform(15.0, 29.0))),
                     static_cast<int>(random.integer(1, 256)),
                     static_cast<int>(random.integer(1, 64)));
}
}  // namespace sectile::test
