// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/engine/coadd.hpp"
#include "sectile/io/canvas_file.hpp"

namespace sectile::engine
{
/// Hands finished strips to the canvas file, with alpha 255 where any plane has weight.
class CanvasSink final : public StripSink
{
  public:
    explicit CanvasSink(io::CanvasWriter& writer) : writer_(writer) {}
    void write(core::Box const& strip, compute::StripOutput const& rows) override;

  private:
    io::CanvasWriter& writer_;
};
}  // namespace sectile::engine
