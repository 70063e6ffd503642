// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/comm/agreement.hpp"

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/comm/wire.hpp"

#include "comm/verdict.hpp"

namespace sectile::comm
{
namespace
{
/// How much of a message is quoted: a thousand ranks may fail at once.
constexpr std::size_t longest_message = 4000;

/// What a rank has to say about the end of a stage; the gravest of all ranks is what counts.
enum class Gravity : std::uint8_t
{
    none,
    left,       ///< it left because others failed
    bystander,  ///< an agreement inside told it what others threw
    culprit
};

struct Report
{
    Gravity gravity = Gravity::none;
    std::shared_ptr<Cause const> cause;
};

Report culprit(core::ExitCode code, std::string const& stage, std::string message)
{
    return {Gravity::culprit,
            std::make_shared<Cause const>(Cause{code, stage, std::move(message)})};
}

/// Runs `work` and returns how it ended.
Report report_of(std::function<Ending()> const& work, std::string const& stage)
{
    try {
        return {work() == Ending::left ? Gravity::left : Gravity::none, nullptr};
    } catch (AgreedFailure const& failure) {
        if (failure.own_cause()) {
            return {Gravity::culprit, failure.own_cause()};
        }
        return {Gravity::bystander,
                std::make_shared<Cause const>(Cause{failure.code(), stage, failure.what()})};
    } catch (core::Error const& error) {
        return culprit(error.code(), stage, error.what());
    } catch (std::bad_alloc const&) {
        return culprit(core::ExitCode::internal, stage,
                       "not enough memory (an allocation was refused)");
    } catch (std::exception const& error) {
        return culprit(core::ExitCode::internal, stage, error.what());
    } catch (...) {
        return culprit(core::ExitCode::internal, stage, "unknown exception");
    }
}

/// *Collective*. What the ranks of the gravest kind say, in rank order, on rank 0.
std::vector<RankCause> gather_causes(Communicator const& comm, Cause const* own)
{
    std::vector<std::byte> bytes;
    if (own != nullptr) {
        Cause cut = *own;
        cut.message.resize(std::min(cut.message.size(), longest_message));
        bytes = to_bytes(cut);
    }
    std::vector<RankCause> causes;
    int rank = 0;
    for (std::vector<std::byte> const& part : gather(comm, bytes)) {
        if (!part.empty()) {
            causes.push_back({rank, from_bytes<Cause>(part)});
        }
        ++rank;
    }
    return causes;
}

/// Rank 0. What all ranks throw.
Verdict judged(std::vector<RankCause> const& causes, Gravity worst, std::string const& stage,
               int ranks)
{
    if (worst == Gravity::left) {
        return {core::ExitCode::internal,
                core::sentence("stage '" + stage + "' was left", "no rank says why")};
    }
    if (worst == Gravity::bystander) {
        // The culprits do not take part in this agreement.
        return {causes.front().cause.code, causes.front().cause.message};
    }
    return verdict_on(causes, stage, ranks);
}
}  // namespace

void detail::agree_on(Communicator const& comm, std::string const& stage,
                      std::function<Ending()> const& work)
{
    Report const report = report_of(work, stage);
    auto const worst =
        static_cast<Gravity>(all_reduce_max(comm, static_cast<std::int64_t>(report.gravity)));
    if (worst == Gravity::none) {
        return;
    }
    auto const causes = gather_causes(comm, report.gravity == worst ? report.cause.get() : nullptr);
    std::vector<std::byte> bytes;
    if (comm.is_root()) {
        bytes = to_bytes(judged(causes, worst, stage, comm.size()));
    }
    broadcast(comm, bytes);
    auto const verdict = from_bytes<Verdict>(bytes);
    throw AgreedFailure(verdict.code, verdict.text,
                        report.gravity == Gravity::culprit ? report.cause : nullptr);
}
}  // namespace sectile::comm
