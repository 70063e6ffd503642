// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstring>
#include <new>
#include <optional>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/error.hpp"

namespace sectile::comm
{
namespace
{
/// How many ranks are quoted, and how much of each: a thousand ranks with one cause are one
/// message.
constexpr std::size_t most_quoted = 4;
constexpr std::size_t longest_message = 4000;

struct Failure
{
    int rank = 0;
    core::ExitCode code = core::ExitCode::internal;
    std::string message;
};

/// Runs `work` and returns what it threw.
std::optional<Failure> failure_of(std::function<void()> const& work, int rank)
{
    try {
        work();
        return std::nullopt;
    } catch (core::Error const& error) {
        return Failure{rank, error.code(), error.what()};
    } catch (std::bad_alloc const&) {
        return Failure{rank, core::ExitCode::internal,
                       "not enough memory (an allocation was refused)"};
    } catch (std::exception const& error) {
        return Failure{rank, core::ExitCode::internal, error.what()};
    } catch (...) {
        return Failure{rank, core::ExitCode::internal, "unknown exception"};
    }
}

/// Exit code and text as bytes; nothing for a rank that did not fail.
std::vector<std::byte> packed(std::optional<Failure> const& failure)
{
    if (!failure) {
        return {};
    }
    auto const code = static_cast<std::int32_t>(failure->code);
    std::size_t const length = std::min(failure->message.size(), longest_message);
    std::vector<std::byte> bytes(sizeof code + length);
    std::memcpy(bytes.data(), &code, sizeof code);
    std::memcpy(bytes.data() + sizeof code, failure->message.data(), length);
    return bytes;
}

std::vector<Failure> unpacked(std::vector<std::vector<std::byte>> const& by_rank)
{
    std::vector<Failure> failures;
    for (std::size_t rank = 0; rank < by_rank.size(); ++rank) {
        std::vector<std::byte> const& bytes = by_rank[rank];
        std::int32_t code = 0;
        if (bytes.size() < sizeof code) {
            continue;
        }
        std::memcpy(&code, bytes.data(), sizeof code);
        std::string message(bytes.size() - sizeof code, '\0');
        std::memcpy(message.data(), bytes.data() + sizeof code, message.size());
        failures.push_back({static_cast<int>(rank), core::ExitCode{code}, std::move(message)});
    }
    return failures;
}

/// One text for all ranks. What every rank says alike (a wrong option, a missing file) concerns the
/// run, so neither ranks nor stage are named.
std::string describe(std::string const& stage, std::vector<Failure> const& failures, int ranks)
{
    Failure const& first = failures.front();
    bool const is_unanimous =
        failures.size() == static_cast<std::size_t>(ranks) &&
        std::all_of(failures.begin(), failures.end(),
                    [&](Failure const& other) { return other.message == first.message; });
    if (is_unanimous) {
        return first.message;
    }
    std::string text = "stage '" + stage + "' failed on ";
    if (failures.size() == 1) {
        return text + "rank " + std::to_string(first.rank) + ": " + first.message;
    }
    text += std::to_string(failures.size()) + " of " + std::to_string(ranks) + " ranks: ";
    std::size_t const quoted = std::min(failures.size(), most_quoted);
    for (std::size_t i = 0; i < quoted; ++i) {
        text += (i == 0 ? "rank " : " | rank ") + std::to_string(failures[i].rank) + ": " +
                failures[i].message;
    }
    if (quoted < failures.size()) {
        text += " | and " + std::to_string(failures.size() - quoted) + " more";
    }
    return text;
}
}  // namespace

void agree(Communicator const& comm, std::string const& stage, std::function<void()> const& work)
{
    std::optional<Failure> const failure = failure_of(work, comm.rank());
    if (all_reduce_max(comm, failure ? 1 : 0) == 0) {
        return;
    }
    std::vector<Failure> const failures = unpacked(all_gather(comm, packed(failure)));
    throw core::StageFailed(failures.front().code, describe(stage, failures, comm.size()));
}
}  // namespace sectile::comm
