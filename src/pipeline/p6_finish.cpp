// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p6_finish.hpp"

#include "sectile/io/atomic_file.hpp"
#include "sectile/io/canvas_file.hpp"
#include "sectile/pipeline/export_fits.hpp"
#include "sectile/pipeline/pictures.hpp"

#include "pipeline/p5_assemble.hpp"
#include "pipeline/provenance.hpp"

namespace sectile::pipeline
{
void finish(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context)
{
    comm::agree(context.world, "finishing", [&] {
        if (!context.world.is_root()) {
            return;
        }
        io::CanvasReader const canvas(canvas_path(config));
        export_fits(canvas, provenance_cards(mosaic, config), config.output + "/mosaic.fits");
        write_preview(canvas, config.output + "/preview.png");
        write_coverage_picture(canvas, config.output + "/coverage.png");
        io::write_text_file(config.output + "/grid.json", plan::grid_to_json(mosaic.grid));
    });
}
}  // namespace sectile::pipeline
