// SPDX-License-Identifier: BSD-3-Clause
#include "report/findings.hpp"

#include <algorithm>
#include <utility>

#include "report/rank_list.hpp"

namespace sectile::report
{
namespace
{
using Json = nlohmann::ordered_json;

/// A list over all ranks, null where one has no value.
template <class Get>
Json over_ranks(auto const& entries, std::size_t ranks, Get&& get)
{
    std::vector<Json> values(ranks);
    for (auto const& entry : entries) {
        values[static_cast<std::size_t>(entry.rank)] = get(entry.result);
    }
    return values;
}

void raise(PhaseTiming& all, PhaseTiming const& one)
{
    all.wall = std::max(all.wall, one.wall);
    all.cpu += one.cpu;
    all.peak_memory = std::max(all.peak_memory, one.peak_memory);
}
}  // namespace

Json json_of(PhaseTiming const& timing)
{
    return {{"name", timing.name},
            {"wall", timing.wall},
            {"cpu", timing.cpu},
            {"utilisation", timing.wall > 0.0 ? timing.cpu / timing.wall : 0.0},
            {"peak_memory", static_cast<std::int64_t>(timing.peak_memory)}};
}

Findings::Note& Findings::note_of(std::string const& text, bool is_local)
{
    auto const [entry, is_new] = note_index_.try_emplace(text, notes_.size());
    if (is_new) {
        notes_.push_back({text, is_local, 0, {}});
    }
    return notes_[entry->second];
}

bool Findings::add_note(std::string const& text, bool is_local)
{
    return ++note_of(shortened(text), is_local).count == 1;
}

void Findings::add_plan(PlanResult result)
{
    plans_.push_back(std::move(result));
}

void Findings::add_phase(PhaseTiming const& timing)
{
    auto const known = std::ranges::find(phases_, timing.name, &PhaseTiming::name);
    if (known == phases_.end()) {
        phases_.push_back(timing);
        return;
    }
    known->wall += timing.wall;
    known->cpu += timing.cpu;
    known->peak_memory = std::max(known->peak_memory, timing.peak_memory);
}

std::vector<std::byte> Findings::packed(std::size_t most_bytes) const
{
    constexpr std::size_t bytes_beside_text = 16;
    auto notes = nlohmann::json::array();
    std::int64_t left_out = 0;
    std::size_t bytes = 0;
    for (Note const& note : notes_) {
        if (!note.is_local) {
            continue;
        }
        bytes += note.text.size() + bytes_beside_text;
        if (bytes > most_bytes) {
            left_out += note.count;
        } else {
            notes.push_back({note.text, note.count});
        }
    }
    auto plans = nlohmann::json::array();
    for (PlanResult const& plan : plans_) {
        plans.push_back(
            {plan.phase, plan.predicted_peak, plan.measured_peak, plan.cpu_utilisation});
    }
    auto phases = nlohmann::json::array();
    for (PhaseTiming const& phase : phases_) {
        phases.push_back({phase.name, phase.wall, phase.cpu, phase.peak_memory});
    }
    auto const encoded = nlohmann::json::to_cbor(
        nlohmann::json::array({std::move(notes), left_out, std::move(plans), std::move(phases)}));
    auto const* const begin = reinterpret_cast<std::byte const*>(encoded.data());
    return {begin, begin + encoded.size()};
}

void Findings::merge(std::vector<std::vector<std::byte>> const& shares)
{
    ranks_ = shares.size();
    for (Note& note : notes_) {
        if (note.is_local) {
            note.ranks = {0};
        }
    }
    for (PlanResult const& plan : plans_) {
        plans_of_ranks_[plan.phase].push_back({0, plan});
    }
    for (PhaseTiming const& phase : phases_) {
        phases_of_ranks_[phase.name] = phase;
    }
    for (std::size_t rank = 1; rank < shares.size(); ++rank) {
        auto const* const begin = reinterpret_cast<std::uint8_t const*>(shares[rank].data());
        merge_rank(nlohmann::json::from_cbor(begin, begin + shares[rank].size()),
                   static_cast<int>(rank));
    }
}

void Findings::merge_rank(nlohmann::json const& share, int rank)
{
    for (auto const& each : share.at(0)) {
        Note& note = note_of(each.at(0).get<std::string>(), true);
        note.count += each.at(1).get<std::int64_t>();
        note.ranks.push_back(rank);
    }
    notes_left_out_ += share.at(1).get<std::int64_t>();
    for (auto const& each : share.at(2)) {
        PlanResult const result{each.at(0).get<std::string>(),
                                {},
                                each.at(1).get<std::int64_t>(),
                                each.at(2).get<std::int64_t>(),
                                each.at(3).get<double>()};
        if (std::ranges::find(plans_, result.phase, &PlanResult::phase) == plans_.end()) {
            plans_.emplace_back().phase = result.phase;  // rank 0 had no part in it
        }
        plans_of_ranks_[result.phase].push_back({rank, result});
    }
    for (auto const& each : share.at(3)) {
        PhaseTiming const timing{each.at(0).get<std::string>(), each.at(1).get<double>(),
                                 each.at(2).get<double>(), each.at(3).get<double>()};
        raise(phases_of_ranks_[timing.name], timing);
    }
}

Json Findings::notes_json() const
{
    Json notes = Json::array();
    for (Note const& note : notes_) {
        notes.push_back({{"text", note.text}, {"count", note.count}});
        if (!note.ranks.empty()) {
            notes.back()["ranks"] = rank_list(note.ranks);
        }
    }
    if (notes_left_out_ > 0) {
        notes.push_back(
            {{"text", "further notes of ranks found no room here"}, {"count", notes_left_out_}});
    }
    return notes;
}

Json Findings::plans_json() const
{
    Json plans = Json::array();
    for (PlanResult const& plan : plans_) {
        plans.push_back({{"phase", plan.phase},
                         {"summary", plan.summary},
                         {"predicted_peak", plan.predicted_peak},
                         {"measured_peak", plan.measured_peak},
                         {"cpu_utilisation", plan.cpu_utilisation}});
        auto const all = plans_of_ranks_.find(plan.phase);
        if (all == plans_of_ranks_.end()) {
            continue;
        }
        auto const list = [&](auto member) {
            return over_ranks(all->second, ranks_,
                              [&](PlanResult const& result) { return result.*member; });
        };
        plans.back()["ranks"] = {{"predicted_peak", list(&PlanResult::predicted_peak)},
                                 {"measured_peak", list(&PlanResult::measured_peak)},
                                 {"cpu_utilisation", list(&PlanResult::cpu_utilisation)}};
    }
    return plans;
}

Json Findings::phases_json() const
{
    Json phases = Json::array();
    for (PhaseTiming const& phase : phases_) {
        phases.push_back(json_of(phase));
        if (auto const all = phases_of_ranks_.find(phase.name); all != phases_of_ranks_.end()) {
            phases.back()["ranks"] = {
                {"longest_wall", all->second.wall},
                {"sum_of_cpu", all->second.cpu},
                {"largest_peak_memory", static_cast<std::int64_t>(all->second.peak_memory)}};
        }
    }
    return phases;
}
}  // namespace sectile::report
