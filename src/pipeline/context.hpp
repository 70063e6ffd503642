// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "sectile/comm/communicator.hpp"
#include "sectile/machine/crew.hpp"
#include "sectile/pipeline/run_config.hpp"
#include "sectile/report/progress.hpp"
#include "sectile/report/run_report.hpp"
#include "sectile/source/preparations.hpp"

namespace sectile::pipeline
{
/// Tells the report and the progress of a run what its crew does.
class ReportingWatcher final : public machine::CrewWatcher
{
  public:
    ReportingWatcher(report::RunReport& report, report::Progress& progress)
        : report_(report), progress_(progress)
    {}
    void begin(std::string const& phase, std::int64_t items) override
    {
        progress_.begin(phase, items);
    }
    void advance(std::int64_t items) override { progress_.advance(items); }
    void end() override { progress_.end(); }
    void note(std::string const& text) override { report_.note(text); }

  private:
    report::RunReport& report_;
    report::Progress& progress_;
};

/// Who takes part in a run, and with what. Made once per run; stays where it was made.
struct Context
{
    /// *Collective*: learns the node, opens master frames, starts the threads, chooses the backend.
    Context(RunConfig const& config, comm::Communicator const& members);
    Context(Context const&) = delete;
    Context& operator=(Context const&) = delete;

    comm::Communicator world;
    report::RunReport report;
    report::Progress progress;  ///< speaks on rank 0 only
    ReportingWatcher watcher;
    machine::Crew crew;                 ///< of this rank
    bool spans_nodes = false;           ///< ranks live on more than one node
    source::Preparations preparations;  ///< of the raw pixels of frames
};
}  // namespace sectile::pipeline
