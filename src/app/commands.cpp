// SPDX-License-Identifier: BSD-3-Clause
#include "app/commands.hpp"

#include <algorithm>
#include <cstring>
#include <iostream>
#include <optional>

#include "sectile/core/log.hpp"
#include "sectile/machine/node.hpp"
#include "sectile/pipeline/run_mosaic.hpp"
#include "sectile/product/verify.hpp"
#include "sectile/simulate/write_survey.hpp"

#include "app/plan_options.hpp"
#include "app/plan_report.hpp"
#include "app/run_options.hpp"
#include "app/run_request.hpp"
#include "app/simulate_options.hpp"
#include "app/versions.hpp"

namespace sectile::app
{
namespace
{
using Words = std::vector<std::string>;
using core::ExitCode;

void print_help(char const* command, std::string const& about, std::string const& arguments,
                std::string const& options)
{
    std::cout << "usage: sectile " << command << ' ' << arguments << "\n\n"
              << about << '\n'
              << options;
}

char const* const exit_codes =
    "\nExit codes: 0 done; 2 usage; 3 no usable input; 4 input/output error; 5 frames quarantined "
    "and\n--strict; 70 internal error.\n";

/// What rank 0 made of the command line, the same on all ranks; nothing when rank 0 failed (it
/// throws itself). *Collective*.
std::optional<pipeline::RunConfig> shared_run_config(Words const& words, bool dry_run,
                                                     comm::Communicator const& world)
{
    std::optional<pipeline::RunConfig> config;
    std::optional<core::ConfigError> wrong;
    if (world.is_root()) {
        try {
            config = read_run_request(words, dry_run).config;
        } catch (core::ConfigError const& error) {
            wrong = error;
        }
    }
    // An empty text stands for failure: the text of a configuration never is.
    std::string const text = config ? config->options_text : std::string{};
    auto const begin = reinterpret_cast<std::byte const*>(text.data());
    std::vector<std::byte> bytes(begin, begin + text.size());
    comm::broadcast(world, bytes);
    if (wrong) {
        throw core::StageFailed(wrong->code(), wrong->what());
    }
    if (bytes.empty()) {
        return std::nullopt;
    }
    if (!config) {
        config = run_config_from_text(
            std::string(reinterpret_cast<char const*>(bytes.data()), bytes.size()));
    }
    return config;
}

ExitCode run_or_plan(Words const& words, comm::Communicator const& world, bool dry_run)
{
    std::optional<pipeline::RunConfig> const config = shared_run_config(words, dry_run, world);
    if (!config) {
        return ExitCode::usage;
    }
    for (std::string const& note : config->notes) {
        core::log_world(core::LogLevel::warning, note);
    }
    if (!config->dry_run) {
        return pipeline::run_mosaic(*config, world);
    }
    if (auto const overview = pipeline::plan_mosaic(*config, world)) {
        std::cout << (config->machine.json ? plan_json(*overview) : plan_text(*overview)) << '\n';
    }
    return ExitCode::done;
}

ExitCode print_run_text(Words const& words, bool dry_run)
{
    RunRequest const request = read_run_request(words, dry_run);
    if (request.help) {
        auto const& table = dry_run ? plan_options() : run_options();
        std::string const options = help_text(infos_of(table)) + exit_codes;
        if (dry_run) {
            print_help("plan",
                       "Plans a mosaic without any pixel work, for this machine or another one. "
                       "Takes the options of\nrun as well.",
                       "--input PATH... [options]", options);
        } else {
            print_help("run",
                       "Makes a mosaic of FITS frames. Start it alone, or under mpirun or srun.",
                       "--input PATH... --output DIR [options]", options);
        }
        return ExitCode::done;
    }
    for (std::string const& note : request.notes) {
        core::log_world(core::LogLevel::warning, note);
    }
    std::cout << request.config.options_text;
    return ExitCode::done;
}

ExitCode run_command(Words const& words, comm::Communicator const& world)
{
    return asks_for_text_only(words) ? print_run_text(words, false)
                                     : run_or_plan(words, world, false);
}

ExitCode plan_command(Words const& words, comm::Communicator const& world)
{
    return asks_for_text_only(words) ? print_run_text(words, true)
                                     : run_or_plan(words, world, true);
}

ExitCode probe_command(Words const& words, comm::Communicator const& world)
{
    Problems problems;
    CommandLine const line = parse_command_line(words, {}, 0, problems);
    if (line.help) {
        print_help("probe", "Prints what each node offers to this program.", "", "");
        return ExitCode::done;
    }
    problems.throw_if_any();
    std::string const nodes = machine::describe_nodes(world);
    if (world.is_root()) {
        std::cout << "ranks " << world.size() << '\n' << nodes << version_text();
    }
    return ExitCode::done;
}

ExitCode simulate_command(Words const& words, comm::Communicator const& /*world*/)
{
    auto const request = read_simulate_request(words);
    if (request.help) {
        print_help("simulate", "Writes a synthetic survey: frames and truth.json.",
                   "--output DIR [options]", help_text(infos_of(simulate_options())));
        return ExitCode::done;
    }
    if (request.print_config) {
        std::cout << to_ini(simulate_options(), request.config);
        return ExitCode::done;
    }
    int const frames = simulate::simulate_survey(request.config);
    std::cout << frames << " frames and truth.json written to " << request.config.output << '\n';
    return ExitCode::done;
}

ExitCode verify_command(Words const& words, comm::Communicator const& /*world*/)
{
    Problems problems;
    CommandLine const line = parse_command_line(words, {}, 1, problems);
    if (line.help) {
        print_help(
            "verify",
            "Opens a finished product, checks its checksums and invariants, prints a summary.",
            "PATH   (an output directory, mosaic.fits or mosaic.h5)", "");
        return ExitCode::done;
    }
    if (line.positionals.empty()) {
        problems.add(
            "there is nothing to verify; give an output directory, mosaic.fits or mosaic.h5");
    }
    problems.throw_if_any();
    std::cout << product::verify_product(line.positionals.front()) << '\n';
    return ExitCode::done;
}
}  // namespace

std::vector<Command> const& commands()
{
    static std::vector<Command> const all{
        {"run", "make the mosaic, alone or under mpirun or srun", true, run_command},
        {"plan", "everything up to, and without, pixel work", true, plan_command},
        {"probe", "what this node offers", true, probe_command},
        {"simulate", "write a synthetic survey", false, simulate_command},
        {"verify", "check a finished product", false, verify_command}};
    return all;
}

bool asks_for_text_only(std::vector<std::string> const& words)
{
    return std::any_of(words.begin(), words.end(), [](std::string const& word) {
        return word == "--help" || word == "-h" || word == "--print-config";
    });
}

std::string usage_text()
{
    std::string text = "usage: sectile SUBCOMMAND [options]\n\n";
    for (Command const& command : commands()) {
        std::string line = "  " + std::string(command.name);
        line.resize(12, ' ');
        text += line + command.summary + "\n";
    }
    return text +
           "\nsectile SUBCOMMAND --help explains the options; sectile --version the build.\n";
}
}  // namespace sectile::app
