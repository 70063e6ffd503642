// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "sectile/comm/agreement.hpp"

namespace sectile::comm
{
struct RankCause
{
    int rank = 0;
    Cause cause;
};

/// What all ranks throw.
struct Verdict
{
    core::ExitCode code = core::ExitCode::internal;
    std::string text;
};
inline auto fields(Verdict& verdict)
{
    return std::tie(verdict.code, verdict.text);
}

/// One code and one text, as agree() describes them, of what the culprits threw: at least one, in
/// rank order, of a group of `ranks` that agrees on `stage`.
[[nodiscard]] Verdict verdict_on(std::span<RankCause const> causes, std::string const& stage,
                                 int ranks);

/// "rank 5" or "ranks 1-4, 7", from ascending ranks; after some ranges the rest is only counted.
[[nodiscard]] std::string rank_list(std::span<int const> ranks);
}  // namespace sectile::comm
