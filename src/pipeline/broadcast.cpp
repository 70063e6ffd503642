// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/broadcast.hpp"

#include <cstddef>
#include <cstring>

namespace sectile::pipeline
{
std::string broadcast_text(comm::Communicator const& comm, std::string const& stage,
                           std::function<std::string()> const& make)
{
    std::string text;
    comm::agree(comm, stage, [&] {
        if (comm.is_root()) {
            text = make();
        }
    });
    std::vector<std::byte> bytes(text.size());
    std::memcpy(bytes.data(), text.data(), text.size());
    comm::broadcast(comm, bytes);
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

std::vector<std::string> broadcast_strings(comm::Communicator const& comm,
                                           std::function<std::vector<std::string>()> const& make)
{
    std::string const joined = broadcast_text(comm, "input", [&] {
        std::string text;
        for (std::string const& item : make()) {
            text.append(item).push_back('\0');
        }
        return text;
    });
    std::vector<std::string> items;
    for (std::size_t begin = 0; begin < joined.size();) {
        std::size_t const end = joined.find('\0', begin);
        items.push_back(joined.substr(begin, end - begin));
        begin = end + 1;
    }
    return items;
}
}  // namespace sectile::pipeline
