// SPDX-License-Identifier: BSD-3-Clause
#include "app/versions.hpp"

#include <algorithm>

#include <boost/version.hpp>
#include <nlohmann/json.hpp>

#include "sectile/comm/communicator.hpp"
#include "sectile/compute/backend.hpp"
#include "sectile/io/canvas_file.hpp"
#include "sectile/io/cfitsio_version.hpp"
#include "sectile/sky/wcslib_version.hpp"

namespace sectile::app
{
namespace
{
/// MPI libraries describe themselves in several lines; the first says which one it is.
std::string first_line(std::string const& text)
{
    return text.substr(0, std::min(text.find('\n'), text.find(", package")));
}

std::string boost_version()
{
    return std::to_string(BOOST_VERSION / 100000) + "." +
           std::to_string(BOOST_VERSION / 100 % 1000) + "." + std::to_string(BOOST_VERSION % 100);
}

std::string json_version()
{
    return std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." +
           std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." +
           std::to_string(NLOHMANN_JSON_VERSION_PATCH);
}
}  // namespace

std::string version_text()
{
    std::string text = "sectile " SECTILE_VERSION "\n";
    auto const add = [&](char const* name, std::string const& version) {
        std::string line = "  " + std::string(name);
        line.resize(12, ' ');
        text += line + version + "\n";
    };
    add("MPI", first_line(comm::mpi_library_version()));
    add("HDF5", io::hdf5_version_text());
    add("CFITSIO", io::cfitsio_version_text());
    add("WCSLIB", sky::wcslib_version_text());
    add("Boost", boost_version());
    add("JSON", "nlohmann " + json_version());
    add("CUDA", compute::cuda_version_text());
    return text;
}
}  // namespace sectile::app
