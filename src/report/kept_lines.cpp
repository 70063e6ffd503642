// SPDX-License-Identifier: BSD-3-Clause
#include "report/kept_lines.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "report/rank_list.hpp"

namespace sectile::report
{
namespace
{
using Json = nlohmann::json;
/// Time, level, count and what JSON needs around them.
constexpr std::size_t bytes_beside_text = 32;
}  // namespace

void KeptLines::add(LoggedLine line)
{
    line.text = shortened(line.text);
    auto const known = index_.find({line.level, line.text});
    if (known == index_.end()) {
        if (lines_.size() >= most_lines_) {
            left_out_ += line.count;
            return;
        }
        index_.emplace(std::pair{line.level, line.text}, lines_.size());
        lines_.push_back(std::move(line));
        return;
    }
    LoggedLine& first = lines_[known->second];
    first.time = std::min(first.time, line.time);
    first.count += line.count;
    std::vector<int> ranks;
    std::ranges::set_union(first.ranks, line.ranks, std::back_inserter(ranks));
    first.ranks = std::move(ranks);
}

std::vector<std::byte> KeptLines::packed(std::size_t most_bytes) const
{
    Json lines = Json::array();
    std::int64_t left_out = left_out_;
    std::size_t bytes = 0;
    for (LoggedLine const& line : lines_) {
        bytes += line.text.size() + bytes_beside_text;
        if (bytes > most_bytes) {
            left_out += line.count;
        } else {
            lines.push_back({line.time, static_cast<int>(line.level), line.text, line.count});
        }
    }
    if (lines.empty() && left_out == 0) {
        return {};
    }
    auto const encoded = Json::to_cbor(Json::array({std::move(lines), left_out}));
    auto const* const begin = reinterpret_cast<std::byte const*>(encoded.data());
    return {begin, begin + encoded.size()};
}

std::vector<LoggedLine> unpacked_lines(std::vector<std::byte> const& bytes, int rank)
{
    std::vector<LoggedLine> lines;
    if (bytes.empty()) {
        return lines;
    }
    auto const* const begin = reinterpret_cast<std::uint8_t const*>(bytes.data());
    Json const json = Json::from_cbor(begin, begin + bytes.size());
    for (Json const& each : json.at(0)) {
        lines.push_back({each.at(0).get<std::int64_t>(),
                         static_cast<core::LogLevel>(each.at(1).get<int>()),
                         each.at(2).get<std::string>(),
                         each.at(3).get<std::int64_t>(),
                         {rank}});
    }
    if (auto const left_out = json.at(1).get<std::int64_t>(); left_out > 0) {
        std::int64_t const time = lines.empty() ? 0 : lines.back().time;
        lines.push_back({time,
                         core::LogLevel::warning,
                         "further lines found no room in the log",
                         left_out,
                         {rank}});
    }
    return lines;
}
}  // namespace sectile::report
