// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>

#include "sectile/core/error.hpp"

namespace sectile::comm
{
class Communicator;

/// How the work of one rank in a stage ended, unless it threw. A rank that stops only because
/// another one failed has no error to tell: it returns `left`, for what it threw could hide the
/// cause.
enum class Ending : std::uint8_t
{
    done,
    left
};

/// What one rank threw itself.
struct Cause
{
    core::ExitCode code = core::ExitCode::internal;
    std::string stage;  ///< the innermost that it was agreed on in
    std::string message;
};
inline auto fields(Cause& cause)
{
    return std::tie(cause.code, cause.stage, cause.message);
}

/// The failure of a stage as all ranks agreed on it; text and code are the same on every rank. It
/// also knows what this rank has to do with it, so that an enclosing agreement, be it of more ranks
/// or of fewer, asks the culprits and not the bystanders.
class AgreedFailure final : public core::StageFailed
{
  public:
    AgreedFailure(core::ExitCode code, std::string const& text,
                  std::shared_ptr<Cause const> own_cause)
        : core::StageFailed(code, text), own_cause_(std::move(own_cause))
    {}
    /// Null on a bystander.
    [[nodiscard]] std::shared_ptr<Cause const> const& own_cause() const noexcept
    {
        return own_cause_;
    }

  private:
    std::shared_ptr<Cause const> own_cause_;
};

/// Keeps what this rank threw in a stage of many collective steps, in which it has to take part
/// until all ranks leave it. The first error of its own counts; the failure of others that it was
/// told of counts only while it has none.
class FirstError
{
  public:
    template <class Work>
    void guard(Work&& work)
    {
        try {
            work();
        } catch (AgreedFailure const& failure) {
            keep(failure.own_cause() != nullptr);
        } catch (...) {
            keep(true);
        }
    }
    [[nodiscard]] bool is_set() const { return error_ != nullptr; }
    /// Throws it if there is one.
    void rethrow() const
    {
        if (error_) {
            std::rethrow_exception(error_);
        }
    }

  private:
    /// The exception that is being handled.
    void keep(bool is_own)
    {
        if (!error_ || (is_own && !is_own_)) {
            error_ = std::current_exception();
            is_own_ = is_own;
        }
    }

    std::exception_ptr error_;
    bool is_own_ = false;
};

namespace detail
{
void agree_on(Communicator const& comm, std::string const& stage,
              std::function<Ending()> const& work);
}

/// *Collective*: runs `work` on every rank, then all ranks agree. `work` returns nothing or an
/// Ending. If it threw on some rank, every rank throws the same AgreedFailure (a core::StageFailed)
/// that tells what the culprits threw. Inside `work` nothing may wait for a rank that could have
/// thrown.
///
/// Culprits are the ranks that threw; those whose work returned `left`, or that were told of the
/// failure by an agreement inside `work`, are bystanders: they are neither quoted nor counted.
/// Equal messages are quoted once with their ranks. Of many different messages some are quoted, of
/// every exit code at least one. What all ranks say alike (a wrong option, a missing file) concerns
/// the run, so that neither ranks nor stage are named.
///
/// The exit code is the smallest among the culprits: a specific one (2 to 5) before 70, which is
/// also that of exhausted memory and failed libraries and thus often a consequence, and a wrong
/// option (2) before what it may lead to. A code of 70 that is not the smallest is still quoted.
template <class Work>
void agree(Communicator const& comm, std::string const& stage, Work&& work)
{
    using Result = std::invoke_result_t<Work&>;
    static_assert(std::is_void_v<Result> || std::is_same_v<Result, Ending>,
                  "the work of a stage returns nothing or how it ended");
    detail::agree_on(comm, stage, [&]() -> Ending {
        if constexpr (std::is_void_v<Result>) {
            work();
            return Ending::done;
        } else {
            return work();
        }
    });
}
}  // namespace sectile::comm
