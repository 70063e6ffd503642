// SPDX-License-Identifier: BSD-3-Clause
#include "support/gtest_mpi_listener.hpp"

#include <memory>
#include <span>

namespace sectile::test
{
void MpiListener::OnTestPartResult(::testing::TestPartResult const& result)
{
    if (!result.failed() || world_.is_root()) {
        return;
    }
    failures_ += "\n";
    if (result.file_name() != nullptr) {
        failures_ += std::string(result.file_name()) + ":" + std::to_string(result.line_number());
    }
    failures_ += ": " + std::string(result.message());
}

void MpiListener::OnTestEnd(::testing::TestInfo const& /*info*/)
{
    // Listeners hear of an end in reverse order, so this comes before the printer and its verdict.
    std::string const own = std::exchange(failures_, {});
    auto const by_rank = comm::gather(world_, std::as_bytes(std::span(own)));
    for (std::size_t rank = 0; rank < by_rank.size(); ++rank) {
        if (!by_rank[rank].empty()) {
            ADD_FAILURE() << "on rank " << rank << ":"
                          << std::string_view(reinterpret_cast<char const*>(by_rank[rank].data()),
                                              by_rank[rank].size());
        }
    }
}

void install_mpi_listener(comm::Communicator const& world)
{
    ::testing::TestEventListeners& listeners = ::testing::UnitTest::GetInstance()->listeners();
    if (!world.is_root()) {
        std::unique_ptr<::testing::TestEventListener> const printer(
            listeners.Release(listeners.default_result_printer()));
        std::unique_ptr<::testing::TestEventListener> const file_writer(
            listeners.Release(listeners.default_xml_generator()));
    }
    listeners.Append(new MpiListener(world));  // owned by the list
}
}  // namespace sectile::test
