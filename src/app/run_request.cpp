// SPDX-License-Identifier: BSD-3-Clause
#include "app/run_request.hpp"

#include "app/plan_options.hpp"
#include "app/run_options.hpp"

namespace sectile::app
{
RunRequest read_run_request(std::vector<std::string> const& words, bool dry_run)
{
    Problems problems;
    RunRequest request = read_options(words, dry_run ? plan_options() : run_options(), problems);
    if (request.help) {
        return request;
    }
    pipeline::RunConfig& config = request.config;
    config.dry_run = config.dry_run || dry_run;
    complete(config);
    if (config.stacking.rejection_maps && !config.makes_tiles()) {
        request.notes.emplace_back(
            "rejection_maps has no effect (maps are made of master tiles only, and this run makes "
            "none)");
    }
    config.notes = request.notes;
    if (!request.print_config) {
        check_run(config, problems);
        check_machine(config.machine, problems);
    }
    problems.throw_if_any();
    describe_options(config);
    if (dry_run) {
        config.options_text = to_ini(plan_options(), config);
    }
    return request;
}

pipeline::RunConfig run_config_from_text(std::string const& text)
{
    Problems problems;
    pipeline::RunConfig config;
    ConfigFile const file =
        parse_ini(text, "the configuration of rank 0", infos_of(plan_options()), problems);
    apply(plan_options(), file.settings, config, problems);
    problems.throw_if_any();
    complete(config);
    describe_options(config);
    return config;
}
}  // namespace sectile::app
