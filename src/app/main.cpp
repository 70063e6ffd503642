// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/error.hpp"
#include "sectile/core/system.hpp"

#include "app/commands.hpp"
#include "app/suggestion.hpp"
#include "app/versions.hpp"

namespace
{
using sectile::app::Command;
using sectile::core::ExitCode;
namespace comm = sectile::comm;
namespace core = sectile::core;
using Words = std::vector<std::string>;

int said(core::Error const& error)
{
    std::fprintf(stderr, "sectile: %s\n", error.what());
    return static_cast<int>(error.code());
}

int flushed(ExitCode code)
{
    std::cout.flush();
    if (!std::cout && code == ExitCode::done) {
        return said(core::IoError("standard output cannot be written"));
    }
    return static_cast<int>(code);
}

int run_serially(Command const& command, Words const& words)
{
    try {
        return flushed(command.execute(words, {}));
    } catch (core::Error const& error) {
        return said(error);
    } catch (std::exception const& error) {
        return said(core::InternalError(std::string("internal error: ") + error.what()));
    }
}

/// What the ranks agreed on is said once, by rank 0. Any other error on several ranks leaves them
/// waiting for each other, so that one rank has to end them all.
int run_with_ranks(Command const& command, Words const& words, comm::Communicator const& world)
{
    try {
        return flushed(command.execute(words, world));
    } catch (core::StageFailed const& error) {
        return world.is_root() ? said(error) : static_cast<int>(error.code());
    } catch (core::Error const& error) {
        if (world.size() == 1) {
            return said(error);
        }
        comm::abort_all(static_cast<int>(error.code()), error.what());
    } catch (std::exception const& error) {
        comm::abort_all(static_cast<int>(ExitCode::internal),
                        std::string("internal error: ") + error.what());
    }
}

int run_command(Command const& command, int argc, char** argv)
{
    Words const words(argv + 2, argv + argc);
    if (!command.uses_mpi || sectile::app::asks_for_text_only(words)) {
        return run_serially(command, words);
    }
    comm::MpiEnvironment const environment(argc, argv);
    return run_with_ranks(command, words, comm::Communicator::world());
}

int unknown_command(std::string const& word)
{
    Words names;
    for (Command const& command : sectile::app::commands()) {
        names.emplace_back(command.name);
    }
    std::string const nearest = sectile::app::nearest_word(word, names);
    return said(core::ConfigError(
        "unknown subcommand '" + word + "'" +
        (nearest.empty() ? "; see sectile --help" : "; did you mean " + nearest + "?")));
}
}  // namespace

int main(int argc, char** argv)
{
    sectile::core::tune_heap();
    if (argc < 2) {
        std::fputs(sectile::app::usage_text().c_str(), stderr);
        return static_cast<int>(ExitCode::usage);
    }
    std::string const word = argv[1];
    if (word == "--help" || word == "-h") {
        std::cout << sectile::app::usage_text();
        return flushed(ExitCode::done);
    }
    if (word == "--version") {
        std::cout << sectile::app::version_text();
        return flushed(ExitCode::done);
    }
    for (Command const& command : sectile::app::commands()) {
        if (word == command.name) {
            return run_command(command, argc, argv);
        }
    }
    return unknown_command(word);
}
