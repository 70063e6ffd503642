// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/gather_ranks.hpp"

#include <algorithm>
#include <cstddef>

namespace sectile::pipeline
{
void gather_ranks(Context& context, report::LogFile& log)
{
    // Texts of all ranks together on rank 0. A rank of a large job may say less: most say the same.
    constexpr std::size_t most_of_all = std::size_t{16} << 20;
    constexpr std::size_t most = std::size_t{64} << 10;
    constexpr std::size_t least = std::size_t{2} << 10;
    std::size_t const room =
        std::clamp(most_of_all / static_cast<std::size_t>(context.world.size()), least, most);
    auto const lines = comm::gather(context.world, log.share(room));
    auto const findings = comm::gather(context.world, context.report.share(room));
    if (context.world.is_root()) {
        log.add_ranks(lines);
        context.report.add_ranks(findings);
        context.report.add_warnings(log.warnings());
    }
}
}  // namespace sectile::pipeline
