// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/astrometry/kept_solutions.hpp"

#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/core/hash.hpp"
#include "sectile/io/wcs_file.hpp"

namespace sectile::astrometry
{
namespace fs = std::filesystem;

std::string solution_name(sky::FrameHeader const& header)
{
    constexpr std::size_t digits = 8;
    fs::path const path = fs::absolute(header.path).lexically_normal();
    core::ContentHash hash;
    hash.add(path.string()).add(static_cast<std::uint64_t>(header.hdu));
    fs::path stem = path.stem();
    if (path.extension() == ".gz" || path.extension() == ".fz") {
        stem = stem.stem();
    }
    return stem.string() + "-" + hash.hex().substr(0, digits);
}

KeptSolutions::KeptSolutions(std::string const& output)
    : folder_(output.empty() ? "" : output + "/solutions")
{}

std::optional<sky::WcsDescription> KeptSolutions::find(sky::FrameHeader const& header,
                                                       sky::WcsLimits const& limits) const
{
    if (folder_.empty()) {
        return std::nullopt;
    }
    std::string const path = folder_ + "/" + solution_name(header) + ".wcs";
    std::error_code error;
    auto const solved = fs::last_write_time(path, error);
    if (error) {
        return std::nullopt;
    }
    auto const taken = fs::last_write_time(header.path, error);
    if (error || solved < taken) {
        return std::nullopt;
    }
    io::WcsFile file = io::read_wcs_file(path, header.geometry.width, header.geometry.height);
    try {
        if (!file.reason.empty() || sky::reason_unusable(sky::SkyWcs(file.wcs), limits)) {
            return std::nullopt;
        }
    } catch (core::InputError const&) {
        return std::nullopt;
    }
    return std::move(file.wcs);
}

void KeptSolutions::keep(sky::FrameHeader const& header) const
{
    if (folder_.empty()) {
        return;
    }
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) {
        throw core::IoError(core::sentence("the folder " + folder_ + " cannot be made",
                                           error.message(), "check --output"));
    }
    io::write_wcs_file(folder_ + "/" + solution_name(header) + ".wcs", header.wcs);
}
}  // namespace sectile::astrometry
