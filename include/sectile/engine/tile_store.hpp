// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/engine/coadd.hpp"
#include "sectile/io/fits_writer.hpp"

namespace sectile::engine
{
/// A tile on disk is several FITS files, so that all planes stream at once: NAME.fits (science),
/// NAME.weight.fits (inverse variance), NAME.coverage.fits (frames) and, one plane, NAME.alpha.fits
/// (factor of the weight in a mosaic, see tile_alpha.hpp). The partner names are those SWarp uses
/// for weights.
struct TileFiles
{
    std::string science;
    std::string weight;
    std::string coverage;
    std::string alpha;
};
[[nodiscard]] TileFiles tile_files(std::string const& science_path);

/// Files of the rejection maps of a tile: fractions of the samples of each pixel that were rejected
/// below and above the survivors (compute::StripOutput), on the grid of the tile. Empty: none.
struct RejectionFiles
{
    std::string low;
    std::string high;

    [[nodiscard]] bool are_wanted() const { return !low.empty(); }
};

/// Writes a tile by strips. With a team of several ranks the strips are gathered to the team's rank
/// 0, which writes. Strips have rejection maps exactly when `rejection` names files for them.
/// commit() is *collective* and makes the files of science, weight and coverage appear, and those
/// of the maps before them.
class TileSink final : public StripSink
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
}  // namespace sectile::engine
