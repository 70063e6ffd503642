// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p6_finish.hpp"

#include "sectile/core/memory_budget.hpp"
#include "sectile/io/atomic_file.hpp"
#include "sectile/io/canvas_file.hpp"
#include "sectile/io/fits_writer.hpp"
#include "sectile/product/export_fits.hpp"
#include "sectile/product/pictures.hpp"
#include "sectile/product/provenance.hpp"

#include "pipeline/p5_assemble.hpp"
#include "pipeline/phase.hpp"

namespace sectile::pipeline
{
namespace
{
/// grid.fits: the grid as a header without pixels, sized by IMAGEW and IMAGEH as plate solvers
/// write their .wcs files.
void write_grid_header(plan::CanvasGrid const& grid, std::string const& path)
{
    io::FitsImageSpec spec;
    spec.bits_per_pixel = 8;
    spec.wcs_cards = grid.wcs.cards;
    spec.cards = {{"IMAGEW", grid.width(), "columns of the grid"},
                  {"IMAGEH", grid.height(), "rows of the grid"},
                  {"GRIDHASH", grid.hash(), "hash of the global grid"}};
    io::FitsWriter writer(path);
    writer.begin_image(spec);
    writer.commit();
}
}  // namespace

void finish(plan::MosaicPlan const& mosaic, LocalPlan const& local, RunConfig const& config,
            Context& context)
{
    comm::agree(context.world, "finishing", [&] {
        if (!context.world.is_root()) {
            return;
        }
        if (PlannedPhase const* const planned = local.find(phases::finish.name)) {
            context.crew.keep_to(planned->parallel);
        }
        // Blocks of a few rows: nothing here could be made smaller.
        core::MemoryBudget::Promise const granted;
        io::CanvasReader const canvas(canvas_path(config));
        product::export_fits(canvas, product::provenance_cards(mosaic, config.picture_options_text),
                             config.output + "/mosaic.fits");
        product::write_preview(canvas, config.output + "/preview.png");
        product::write_coverage_picture(canvas, config.output + "/coverage.png");
        io::write_text_file(config.output + "/grid.json", plan::grid_to_json(mosaic.grid));
        write_grid_header(mosaic.grid, config.output + "/grid.fits");
    });
    context.crew.release_plan();
}
}  // namespace sectile::pipeline
