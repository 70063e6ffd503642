// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/engine/coadd.hpp"
#include "sectile/io/fits_writer.hpp"

namespace sectile::tile
{
/// Files of the rejection maps of a tile: fractions of the samples of each pixel that were rejected
/// below and above the survivors (compute::StripOutput), on the grid of the tile. Empty: none.
struct RejectionFiles
{
    std::string low;
    std::string high;

    [[nodiscard]] bool are_wanted() const { return !low.empty(); }
};

/// The header of a tile that TileSink and write_tile_alpha() write, with its partners, as a scan of
/// the files would find it.
[[nodiscard]] sky::FrameHeader header_of_written_tile(std::string const& science_path,
                                                      sky::WcsDescription const& wcs, int planes);

/// Writes a tile by strips, which cover each pixel once and may have any size and order. With a
/// team of several ranks the strips are gathered to the team's rank 0, which writes. Strips have
/// rejection maps exactly when `rejection` names files for them. commit() is *collective* and makes
/// the files of science, weight and coverage appear, and those of the maps before them.
class TileSink final : public engine::StripSink
{
  public:
    TileSink(comm::Communicator team, std::string const& science_path, core::Box const& tile,
             int planes, std::string const& wcs_cards, std::vector<io::FitsCard> const& cards,
             RejectionFiles const& rejection = {});
    ~TileSink() override;
    void write(core::Box const& strip, compute::StripOutput const& rows) override;
    void commit();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};
}  // namespace sectile::tile
