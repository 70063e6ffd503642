// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace sectile::core
{
/// Exit codes of the program; the meaning is part of the user interface.
enum class ExitCode : int
{
    done = 0,
    usage = 2,
    no_usable_input = 3,
    io_error = 4,
    strict_quarantine = 5,
    internal = 70,
};

/// Base of all errors the program reports. The text is one sentence: problem (why) suggestion.
class Error : public std::runtime_error
{
  public:
    Error(ExitCode code, std::string const& text) : std::runtime_error(text), code_(code) {}
    [[nodiscard]] ExitCode code() const noexcept { return code_; }

  private:
    ExitCode code_;
};

/// What the user said cannot be done: unknown option, value out of range, contradiction.
struct ConfigError : Error
{
    explicit ConfigError(std::string const& text) : Error(ExitCode::usage, text) {}
};

/// There is no usable input, or an input cannot be used. A single bad frame is data (a verdict),
/// not an exception that ends the run.
struct InputError : Error
{
    explicit InputError(std::string const& text) : Error(ExitCode::no_usable_input, text) {}
};

/// Reading or writing failed: disk full, no permission, corrupt product.
struct IoError : Error
{
    explicit IoError(std::string const& text) : Error(ExitCode::io_error, text) {}
};

/// The disk is full.
struct DiskFull : IoError
{
    using IoError::IoError;
};

/// A contract inside the program was broken.
struct InternalError : Error
{
    explicit InternalError(std::string const& text) : Error(ExitCode::internal, text) {}
};

/// A call of the MPI library failed.
struct MpiError : Error
{
    explicit MpiError(std::string const& text) : Error(ExitCode::internal, text) {}
};

/// The accelerator or its runtime failed, or is not built in.
struct DeviceError : Error
{
    explicit DeviceError(std::string const& text) : Error(ExitCode::internal, text) {}
};

/// One or more ranks failed in a stage; every rank throws the same text and code.
struct StageFailed : Error
{
    using Error::Error;
};

/// "problem (why); suggestion" with the empty parts left out.
[[nodiscard]] std::string sentence(std::string_view problem, std::string_view why,
                                   std::string_view suggestion = {});

/// Throws InternalError naming `what` unless `condition` holds. For contracts at boundaries.
inline void require(bool condition, char const* what)
{
    if (!condition) {
        throw InternalError(std::string("internal contract broken: ") + what);
    }
}
}  // namespace sectile::core
