// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"

namespace sectile::test
{
/// A new folder that all ranks of a test share; removed at the end. Collective to make and to
/// destroy.
class MpiScratchFolder
{
  public:
    explicit MpiScratchFolder(comm::Communicator comm) : comm_(std::move(comm))
    {
        std::vector<std::byte> bytes;
        if (comm_.is_root()) {
            std::string name =
                (std::filesystem::temp_directory_path() / "sectile_mpi_XXXXXX").string();
            if (::mkdtemp(name.data()) == nullptr) {
                throw std::runtime_error("cannot make a folder for the test");
            }
            auto const* const begin = reinterpret_cast<std::byte const*>(name.data());
            bytes.assign(begin, begin + name.size());
        }
        comm::broadcast(comm_, bytes);
        path_.assign(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    }
    ~MpiScratchFolder()
    {
        comm::barrier(comm_);
        if (comm_.is_root()) {
            std::error_code ignored;
            std::filesystem::remove_all(path_, ignored);
        }
    }
    MpiScratchFolder(MpiScratchFolder const&) = delete;
    MpiScratchFolder& operator=(MpiScratchFolder const&) = delete;

    [[nodiscard]] std::string file(std::string const& name) const { return path_ + "/" + name; }
    [[nodiscard]] std::string const& path() const { return path_; }

  private:
    comm::Communicator comm_;
    std::string path_;
};
}  // namespace sectile::test
