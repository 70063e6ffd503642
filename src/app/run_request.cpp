// SPDX-License-Identifier: BSD-3-Clause
#include "app/run_request.hpp"

#include "app/run_options.hpp"

namespace sectile::app
{
RunRequest read_run_request(std::vector<std::string> const& words, bool dry_run)
{
    Problems problems;
    RunRequest request = read_options(words, run_options(), problems);
    if (request.help) {
        return request;
    }
    pipeline::RunConfig& config = request.config;
    config.dry_run = config.dry_run || dry_run;
    config.notes = request.notes;
    complete(config);
    if (!request.print_config) {
        check_run(config, problems);
    }
    problems.throw_if_any();
    describe_options(config);
    return request;
}

pipeline::RunConfig run_config_from_text(std::string const& text)
{
    Problems problems;
    pipeline::RunConfig config;
    ConfigFile const file =
        parse_ini(text, "the configuration of rank 0", infos_of(run_options()), problems);
    apply(run_options(), file.settings, config, problems);
    problems.throw_if_any();
    complete(config);
    describe_options(config);
    return config;
}
}  // namespace sectile::app
