// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/solve_findings.hpp"

#include <cstdint>
#include <span>

#include <nlohmann/json.hpp>

namespace sectile::pipeline
{
namespace
{
using astrometry::Finding;
using Json = nlohmann::json;

std::vector<std::uint8_t> packed(std::vector<Finding> const& findings)
{
    Json json = Json::array();
    for (Finding const& each : findings) {
        json.push_back({each.frame, each.cards, each.origin, each.reason, each.is_solver_missing});
    }
    return Json::to_cbor(json);
}

std::vector<Finding> unpacked(std::span<std::byte const> bytes)
{
    auto const* const begin = reinterpret_cast<std::uint8_t const*>(bytes.data());
    std::vector<Finding> findings;
    for (Json const& each : Json::from_cbor(begin, begin + bytes.size())) {
        findings.push_back({each.at(0).get<std::size_t>(), each.at(1).get<std::string>(),
                            each.at(2).get<std::string>(), each.at(3).get<std::string>(),
                            each.at(4).get<bool>()});
    }
    return findings;
}
}  // namespace

std::vector<Finding> deal_findings(Context& context, std::string const& phase, std::size_t count,
                                   std::function<Finding(std::size_t task)> const& task)
{
    auto const ranks = static_cast<std::size_t>(context.world.size());
    std::vector<std::size_t> own;
    for (auto i = static_cast<std::size_t>(context.world.rank()); i < count; i += ranks) {
        own.push_back(i);
    }
    std::vector<Finding> found(own.size());
    comm::agree(context.world, phase, [&] {
        context.crew.for_each_item(phase, own.size(),
                                   [&](std::size_t i) { found[i] = task(own[i]); });
    });
    std::vector<std::uint8_t> const bytes = packed(found);
    std::vector<Finding> all(count);
    auto const parts = comm::all_gather(context.world, std::as_bytes(std::span(bytes)));
    for (std::size_t rank = 0; rank < parts.size(); ++rank) {
        std::vector<Finding> part = unpacked(parts[rank]);
        for (std::size_t i = 0; i < part.size(); ++i) {
            all[rank + i * ranks] = std::move(part[i]);
        }
    }
    return all;
}
}  // namespace sectile::pipeline
