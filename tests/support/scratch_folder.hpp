// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace sectile::test
{
/// A folder for one test, empty at the start and removed at the end.
class ScratchFolder
{
  public:
    explicit ScratchFolder(std::string const& name)
    {
        std::string made =
            (std::filesystem::temp_directory_path() / ("sectile_" + name + "_XXXXXX")).string();
        if (mkdtemp(made.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        path_ = made;
    }
    ~ScratchFolder() { std::filesystem::remove_all(path_); }
    ScratchFolder(ScratchFolder const&) = delete;
    ScratchFolder& operator=(ScratchFolder const&) = delete;

    [[nodiscard]] std::filesystem::path const& path() const { return path_; }
    [[nodiscard]] std::string operator/(std::string const& name) const
    {
        return (path_ / name).string();
    }

  private:
    std::filesystem::path path_;
};
}  // namespace sectile::test
