// SPDX-License-Identifier: BSD-3-Clause
#include "io/hdf5_handle.hpp"

#include <string_view>
#include <vector>

#include "sectile/core/error.hpp"
#include "sectile/io/canvas_file.hpp"

namespace sectile::io
{
namespace
{
herr_t collect(unsigned /*number*/, H5E_error2_t const* error, void* messages)
{
    if (error->desc != nullptr) {
        static_cast<std::vector<std::string>*>(messages)->emplace_back(error->desc);
    }
    return 0;
}
}  // namespace

Hdf5Handle::Hdf5Handle(hid_t id, Close close, std::string const& action) : id_(id), close_(close)
{
    check_hdf5(id < 0 ? -1 : 0, action);
}

bool Hdf5Handle::reset()
{
    if (id_ < 0) {
        return true;
    }
    return close_(std::exchange(id_, H5I_INVALID_HID)) >= 0;
}

void silence_hdf5()
{
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string hdf5_reason()
{
    std::vector<std::string> messages;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect, &messages);
    if (messages.empty()) {
        return "HDF5 gives no reason";
    }
    std::string const& innermost = messages.front();
    // The drivers wrap errno's text in times and addresses, which differ between ranks.
    constexpr std::string_view marker = "error message = '";
    if (auto const found = innermost.find(marker); found != std::string::npos) {
        auto const begin = found + marker.size();
        return innermost.substr(begin, innermost.find('\'', begin) - begin);
    }
    // "MPI_File_open failed", and one level up the text of the MPI library.
    if (innermost.starts_with("MPI_") && messages.size() > 1) {
        return innermost + ": " + messages[1];
    }
    return innermost;
}

void check_hdf5(herr_t status, std::string const& action)
{
    if (status < 0) {
        throw core::IoError(core::sentence("cannot " + action, hdf5_reason()));
    }
}

std::string hdf5_version_text()
{
    unsigned major = 0;
    unsigned minor = 0;
    unsigned release = 0;
    H5get_libversion(&major, &minor, &release);
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release) +
           " (parallel)";
}
}  // namespace sectile::io
