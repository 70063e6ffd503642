// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

namespace sectile::test
{
/// Writes an executable shell script.
inline std::string write_script(std::string const& path, std::string const& text)
{
    std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
    ::chmod(path.c_str(), 0755);
    return path;
}

/// Stands for solve-field. For a frame NAME it looks into `folder`: NAME.hang lets it hang,
/// NAME.crash crash; NAME.wcs is the solution, without which it solves nothing. Each call appends
/// NAME to `calls` there.
inline std::string write_fake_solve_field(std::string const& folder)
{
    return write_script(folder + "/solve-field",
                        "while [ $# -gt 1 ]; do [ \"$1\" = --wcs ] && target=$2; shift; done\n"
                        "name=$(basename \"$target\" .wcs); name=" +
                            folder +
                            "/${name%-*}\n"
                            "basename \"$name\" >> " +
                            folder +
                            "/calls\n"
                            "[ -e \"$name.hang\" ] && sleep 100\n"
                            "[ -e \"$name.crash\" ] && kill -SEGV $$\n"
                            "if [ -e \"$name.wcs\" ]; then cp \"$name.wcs\" \"$target\"; "
                            "else echo 'Did not solve (or no WCS file was written).'; fi");
}

inline std::ptrdiff_t lines_in(std::string const& path)
{
    std::ifstream file(path);
    return std::count(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>(), '\n');
}
}  // namespace sectile::test
