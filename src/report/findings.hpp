// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sectile/report/run_report.hpp"

namespace sectile::report
{
/// What every rank has its own of: notes, results of plans and times of phases; of one rank until
/// those of the others are merged. Not thread-safe.
class Findings
{
  public:
    /// True when the note is new.
    bool add_note(std::string const& text, bool is_local);
    void add_plan(PlanResult result);
    /// Times of equal names are added up, peaks are maxima.
    void add_phase(PhaseTiming const& timing);

    [[nodiscard]] std::vector<PhaseTiming> const& phases() const { return phases_; }
    [[nodiscard]] bool has_note(std::string const& text) const
    {
        return note_index_.contains(text);
    }

    /// All but notes about the whole run; notes as far as they fit into about `most_bytes`.
    [[nodiscard]] std::vector<std::byte> packed(std::size_t most_bytes) const;
    /// This is rank 0 of shares.size() ranks; of the others, what packed() made there.
    void merge(std::vector<std::vector<std::byte>> const& shares);

    /// {text, count}, with "ranks" once merged and about ranks.
    [[nodiscard]] nlohmann::ordered_json notes_json() const;
    /// Of rank 0, and once merged an array over all ranks (null: that had no plan) of each number.
    [[nodiscard]] nlohmann::ordered_json plans_json() const;
    /// Of rank 0, and once merged the longest, the sum of the CPU times and the largest peak.
    [[nodiscard]] nlohmann::ordered_json phases_json() const;

  private:
    struct Note
    {
        std::string text;
        bool is_local = true;
        std::int64_t count = 0;
        std::vector<int> ranks;
    };
    struct RankPlan
    {
        int rank = 0;
        PlanResult result;
    };

    void merge_rank(nlohmann::json const& share, int rank);
    Note& note_of(std::string const& text, bool is_local);

    std::vector<Note> notes_;  ///< in order of first appearance
    std::map<std::string, std::size_t> note_index_;
    std::int64_t notes_left_out_ = 0;
    std::vector<PhaseTiming> phases_;
    std::vector<PlanResult> plans_;
    std::size_t ranks_ = 0;                                        ///< 0: not merged
    std::map<std::string, std::vector<RankPlan>> plans_of_ranks_;  ///< by phase, ranks ascend
    std::map<std::string, PhaseTiming> phases_of_ranks_;  ///< longest, sum, largest; by name
};

/// A row of phases, or the total.
[[nodiscard]] nlohmann::ordered_json json_of(PhaseTiming const& timing);
}  // namespace sectile::report
