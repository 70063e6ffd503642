// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <fstream>
#include <set>
#include <system_error>
#include <unistd.h>

#include "sectile/core/error.hpp"
#include "sectile/io/frame_reader.hpp"

#include "io/header_cards.hpp"

namespace sectile::io
{
namespace
{
namespace fs = std::filesystem;

bool has_fits_name(fs::path const& path)
{
    fs::path name = path.filename();
    std::string extension = upper_case(name.extension().string());
    if (extension == ".GZ" || extension == ".FZ") {
        name = name.stem();
        extension = upper_case(name.extension().string());
    }
    return extension == ".FIT" || extension == ".FITS" || extension == ".FTS";
}

bool is_hidden(fs::path const& path)
{
    return path.filename().string().starts_with('.');
}

[[noreturn]] void refuse(fs::path const& path, std::string const& why)
{
    throw core::InputError(core::sentence("cannot use input " + path.string(), why));
}

/// Collects files; remembers the folders it has been in, so that links to folders cannot lead in
/// circles.
class InputSearch
{
  public:
    void add(fs::path const& path)
    {
        std::error_code error;
        fs::file_status const status = fs::status(path, error);
        if (!fs::exists(status)) {
            refuse(path, status.type() == fs::file_type::not_found
                             ? "there is no such file or directory"
                             : error.message());
        }
        if (fs::is_directory(status)) {
            add_folder(path);
        } else if (::access(path.c_str(), R_OK) != 0) {
            refuse(path, "no permission to read it");
        } else {
            add_file(path);
        }
    }
    void add_list(fs::path const& list)
    {
        std::ifstream lines(list);
        if (!lines) {
            refuse(list, "the list of inputs cannot be read");
        }
        for (std::string line; std::getline(lines, line);) {
            std::string const entry = trimmed(line);
            if (!entry.empty() && entry.front() != '#') {
                add(list.parent_path() / entry);
            }
        }
    }
    [[nodiscard]] std::vector<std::string> sorted() const { return {files_.begin(), files_.end()}; }

  private:
    /// One met in a folder may be unreadable: that is the verdict of its scan and does not end the
    /// run.
    void add_file(fs::path const& path) { files_.insert(path.lexically_normal().string()); }
    void add_folder(fs::path const& folder)
    {
        std::error_code error;
        if (!folders_.insert(fs::canonical(folder, error).string()).second) {
            return;
        }
        fs::directory_iterator const entries(folder, error);
        if (error) {
            refuse(folder, error.message());
        }
        for (fs::directory_entry const& entry : entries) {
            // Hidden names are temporary files and state of programs, this one included.
            if (is_hidden(entry.path())) {
                continue;
            }
            std::error_code ignored;
            if (entry.is_directory(ignored)) {
                add_folder(entry.path());
            } else if (has_fits_name(entry.path()) && entry.is_regular_file(ignored)) {
                add_file(entry.path());
            }
        }
    }

    std::set<std::string> files_;
    std::set<std::string> folders_;
};
}  // namespace

std::vector<std::string> find_fits_files(std::vector<std::string> const& inputs)
{
    InputSearch search;
    for (std::string const& input : inputs) {
        if (input.starts_with('@')) {
            search.add_list(input.substr(1));
        } else {
            search.add(input);
        }
    }
    return search.sorted();
}
}  // namespace sectile::io
