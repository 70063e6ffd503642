// SPDX-License-Identifier: BSD-3-Clause
#include "compute/cpu/cpu_backend.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "sectile/compute/kernels/combine_kern.hpp"
#include "sectile/core/error.hpp"

#include "compute/cpu/pixel_stack.hpp"
#include "compute/cpu/row_sampler.hpp"
#include "compute/cpu/weight_table.hpp"

namespace sectile::compute
{
namespace
{
/// Blocks of the destination, the unit of work of a thread. Rows of a block share the source rows
/// they read, and its sums (20 bytes per pixel and plane) stay in the second-level cache.
constexpr std::int64_t block_width = piece_width;
constexpr std::int64_t block_height = 32;

std::vector<core::Box> blocks_of(core::Box const& strip)
{
    std::vector<core::Box> blocks;
    for (std::int64_t y = strip.y0; y < strip.y1; y += block_height) {
        for (std::int64_t x = strip.x0; x < strip.x1; x += block_width) {
            blocks.push_back(core::Box{x, y, x + block_width, y + block_height}.clipped_to(strip));
        }
    }
    return blocks;
}

core::Box reach_of(SourceWindow const& source)
{
    return source.footprint.clipped_to(source.map->domain);
}

core::Box reach_of(SampleBlock const& block)
{
    return block.box;
}

core::Box reach_of(StripSource const& source)
{
    return std::visit([](auto const& s) { return reach_of(s); }, source);
}

void check(SourceWindow const& source, int planes)
{
    auto const count = static_cast<std::size_t>(planes);
    core::require(source.map != nullptr && source.science.planes == planes,
                  "a source window has a map and the planes of the strip");
    core::require(source.photometry.size() == count && source.weight_scale.size() == count &&
                      source.noise_sigma.size() == count,
                  "a source window has one photometry, weight scale and noise per plane");
    core::require((source.weight.empty() || source.weight.box == source.science.box) &&
                      (source.coverage.empty() || source.coverage.box == source.science.box),
                  "weight and coverage of a source window lie on the box of its science");
}

void check(SampleBlock const& block, int planes)
{
    core::require(block.value.planes == planes && block.weight.planes == planes &&
                      block.noise_sigma.size() == static_cast<std::size_t>(planes),
                  "a sample block has the planes of the strip");
}

void check_all(std::span<StripSource const> sources, int planes)
{
    for (StripSource const& source : sources) {
        std::visit([&](auto const& s) { check(s, planes); }, source);
    }
}

bool has_coverage(StripSource const& source)
{
    return std::visit([](auto const& s) { return !s.coverage.empty(); }, source);
}

/// Scratch of one worker.
struct Worker
{
    RowSampler sampler;
    std::vector<float> rows;  ///< value, weight, coverage and excess of a piece, per plane
    RowTarget target;
    RowTarget target_with_coverage;
    PixelStack stack;
    std::vector<std::size_t> hits;

    Worker(RowKernels const& kernels, WeightTable const& table, CoaddRecipe const& recipe,
           int planes)
        : sampler(kernels, table, recipe, planes),
          rows(static_cast<std::size_t>(4 * planes * piece_width)),
          target(planes),
          target_with_coverage(planes),
          stack(kernels, planes, recipe.output_weight)
    {
        for (int c = 0; c < planes; ++c) {
            auto const plane = static_cast<std::size_t>(c);
            target.value[plane] = rows.data() + static_cast<std::ptrdiff_t>(4 * c) * piece_width;
            target.weight[plane] = target.value[plane] + piece_width;
            target_with_coverage.coverage.push_back(target.weight[plane] + piece_width);
            if (recipe.output_weight == OutputWeight::inverse_variance) {
                target.excess.push_back(target.weight[plane] + std::ptrdiff_t{2} * piece_width);
            }
        }
        target_with_coverage.excess = target.excess;
        target_with_coverage.value = target.value;
        target_with_coverage.weight = target.weight;
    }
};

/// Sums of a mean as rows that can be added to.
struct SumsView
{
    image::ImageView<double> value;
    image::ImageView<double> weight;
    image::ImageView<std::uint32_t> coverage;
    image::ImageView<double> excess;

    explicit SumsView(StripSums& sums)
        : value(sums.value.view()),
          weight(sums.weight.view()),
          coverage(sums.coverage.view()),
          excess(sums.excess.view())
    {}
};

class CpuBackend final : public Backend
{
  public:
    CpuBackend(core::TaskRunner& runner, RowKernels const& kernels)
        : runner_(&runner), kernels_(&kernels)
    {}

    [[nodiscard]] std::string name() const override { return "cpu"; }
    void resample(SourceWindow const& source, CoaddRecipe const& recipe,
                  SampleOutput const& out) override;
    void accumulate(std::span<StripSource const> sources, CoaddRecipe const& recipe,
                    StripSums& sums) override;
    void finish(StripSums const& sums, StripOutput const& out) override;
    void combine(std::span<StripSource const> sources, CoaddRecipe const& recipe,
                 StripOutput const& out) override;
    [[nodiscard]] std::size_t scratch_bytes(int planes, std::size_t depth) const override;

  private:
    /// Runs task(block, worker's scratch) for all blocks of a strip.
    template <class Task>
    void for_each_block(core::Box const& strip, CoaddRecipe const& recipe, int planes,
                        Task const& task);
    void add_to(SumsView const& sums, core::Box const& block, StripSource const& source,
                Worker& worker) const;
    void stack_block(std::span<StripSource const> sources, CoaddRecipe const& recipe,
                     core::Box const& block, StripOutput const& out, Worker& worker) const;
    void mean_block(std::span<StripSource const> sources, core::Box const& block,
                    StripOutput const& out, Worker& worker) const;
    void finish_block(StripSums const& sums, core::Box const& block, StripOutput const& out) const;

    core::TaskRunner* runner_;
    RowKernels const* kernels_;
};

template <class Task>
void CpuBackend::for_each_block(core::Box const& strip, CoaddRecipe const& recipe, int planes,
                                Task const& task)
{
    WeightTable const& table = weight_table(recipe.resample.kernel);
    std::vector<core::Box> const blocks = blocks_of(strip);
    std::vector<std::unique_ptr<Worker>> workers(static_cast<std::size_t>(runner_->workers()));
    runner_->for_each(blocks.size(), [&](std::size_t index, int number) {
        auto& worker = workers[static_cast<std::size_t>(number)];
        if (!worker) {
            worker = std::make_unique<Worker>(*kernels_, table, recipe, planes);
        }
        task(blocks[index], *worker);
    });
}

void CpuBackend::resample(SourceWindow const& source, CoaddRecipe const& recipe,
                          SampleOutput const& out)
{
    int const planes = out.value.planes;
    check(source, planes);
    core::Box const reach = reach_of(source);
    for_each_block(out.value.box, recipe, planes, [&](core::Box const& block, Worker& worker) {
        RowTarget target(planes);
        target.coverage.resize(out.coverage.empty() ? 0 : static_cast<std::size_t>(planes));
        target.sigma.resize(out.sigma.empty() ? 0 : static_cast<std::size_t>(planes));
        target.excess.resize(out.excess.empty() ? 0 : static_cast<std::size_t>(planes));
        core::Box const part = block.clipped_to(reach);
        auto const clear = [](std::vector<float*> const& rows, std::int64_t from, std::int64_t to) {
            for (float* const row : rows) {
                std::fill(row + from, row + to, 0.0F);
            }
        };
        for (std::int64_t y = block.y0; y < block.y1; ++y) {
            bool const is_reached = y >= part.y0 && y < part.y1;
            std::int64_t const x0 = is_reached ? part.x0 : block.x0;
            std::int64_t const x1 = is_reached ? part.x1 : block.x0;
            for (int c = 0; c < planes; ++c) {
                auto const plane = static_cast<std::size_t>(c);
                auto const row_of = [&](image::ImageView<float> const& view) {
                    return view.row(c, y) + (x0 - view.box.x0);
                };
                target.value[plane] = row_of(out.value);
                target.weight[plane] = row_of(out.weight);
                if (!out.coverage.empty()) {
                    target.coverage[plane] = row_of(out.coverage);
                }
                if (!out.sigma.empty()) {
                    target.sigma[plane] = row_of(out.sigma);
                }
                if (!out.excess.empty()) {
                    target.excess[plane] = row_of(out.excess);
                }
            }
            SampledRange range;
            if (is_reached) {
                range = worker.sampler.sample(source, {y, x0, static_cast<int>(x1 - x0)}, target);
            }
            for (auto const* rows :
                 {&target.value, &target.weight, &target.coverage, &target.sigma, &target.excess}) {
                clear(*rows, block.x0 - x0, range.first);
                clear(*rows, range.last, block.x1 - x0);
            }
        }
    });
}

void CpuBackend::add_to(SumsView const& sums, core::Box const& block, StripSource const& source,
                        Worker& worker) const
{
    core::Box const part = block.clipped_to(reach_of(source));
    if (part.empty()) {
        return;
    }
    bool const with_coverage = has_coverage(source);
    RowTarget const& target = with_coverage ? worker.target_with_coverage : worker.target;
    for (std::int64_t y = part.y0; y < part.y1; ++y) {
        RowPiece const piece{y, part.x0, static_cast<int>(part.width())};
        SampledRange const range = std::visit(
            [&](auto const& s) { return worker.sampler.sample(s, piece, target); }, source);
        if (range.first >= range.last) {
            continue;
        }
        std::int64_t const at = part.x0 + range.first - sums.value.box.x0;
        for (int c = 0; c < sums.value.planes; ++c) {
            auto const plane = static_cast<std::size_t>(c);
            kernels_->accumulate(target.value[plane] + range.first,
                                 target.weight[plane] + range.first,
                                 with_coverage ? target.coverage[plane] + range.first : nullptr,
                                 range.last - range.first, sums.value.row(c, y) + at,
                                 sums.weight.row(c, y) + at, sums.coverage.row(c, y) + at);
            if (!target.excess.empty()) {
                float const* const weight = target.weight[plane];
                float const* const excess = target.excess[plane];
                double* const sum = sums.excess.row(c, y) + at - range.first;
                for (int i = range.first; i < range.last; ++i) {
                    sum[i] += static_cast<double>(weight[i]) * static_cast<double>(excess[i]);
                }
            }
        }
    }
}

void CpuBackend::accumulate(std::span<StripSource const> sources, CoaddRecipe const& recipe,
                            StripSums& sums)
{
    core::require(recipe.combine.is_running_mean(), "sums are of a mean without rejection");
    core::require(sums.excess.empty() == (recipe.output_weight == OutputWeight::sum),
                  "sums are made for the weight that is asked for");
    check_all(sources, sums.value.planes());
    SumsView const view(sums);
    for_each_block(sums.value.box(), recipe, sums.value.planes(),
                   [&](core::Box const& block, Worker& worker) {
                       for (StripSource const& source : sources) {
                           add_to(view, block, source, worker);
                       }
                   });
}

void CpuBackend::finish_block(StripSums const& sums, core::Box const& block,
                              StripOutput const& out) const
{
    auto const value = sums.value.view();
    auto const weight = sums.weight.view();
    auto const coverage = sums.coverage.view();
    std::int64_t const from = block.x0 - value.box.x0;
    std::int64_t const to = block.x0 - out.science.box.x0;
    auto const count = static_cast<int>(block.width());
    for (int c = 0; c < out.science.planes; ++c) {
        for (std::int64_t y = block.y0; y < block.y1; ++y) {
            kernels_->finish(value.row(c, y) + from, weight.row(c, y) + from, count,
                             out.science.row(c, y) + to, out.weight.row(c, y) + to);
            std::copy_n(coverage.row(c, y) + from, count, out.coverage.row(c, y) + to);
            if (!sums.excess.empty()) {
                double const* const plain = weight.row(c, y) + from;
                double const* const excess = sums.excess.view().row(c, y) + from;
                float* const result = out.weight.row(c, y) + to;
                for (int i = 0; i < count; ++i) {
                    result[i] =
                        static_cast<float>(kernels::mean_inverse_variance(plain[i], excess[i]));
                }
            }
            if (out.wants_rejected()) {
                double const* const plain = weight.row(c, y) + from;
                float* const low = out.rejected_low.row(c, y) + to;
                for (int i = 0; i < count; ++i) {
                    low[i] = kernels::rejected_fraction(0, plain[i] > 0.0 ? 1 : 0);
                }
                std::copy_n(low, count, out.rejected_high.row(c, y) + to);
            }
        }
    }
}

void CpuBackend::finish(StripSums const& sums, StripOutput const& out)
{
    std::vector<core::Box> const blocks = blocks_of(out.science.box);
    runner_->for_each(blocks.size(), [&](std::size_t index, int /*worker*/) {
        finish_block(sums, blocks[index], out);
    });
}

void CpuBackend::mean_block(std::span<StripSource const> sources, core::Box const& block,
                            StripOutput const& out, Worker& worker) const
{
    StripSums sums(
        block, out.science.planes,
        worker.target.excess.empty() ? OutputWeight::sum : OutputWeight::inverse_variance);
    SumsView const view(sums);
    for (StripSource const& source : sources) {
        add_to(view, block, source, worker);
    }
    finish_block(sums, block, out);
}

void CpuBackend::stack_block(std::span<StripSource const> sources, CoaddRecipe const& recipe,
                             core::Box const& block, StripOutput const& out, Worker& worker) const
{
    worker.hits.clear();
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (!block.clipped_to(reach_of(sources[i])).empty()) {
            worker.hits.push_back(i);
        }
    }
    int const planes = out.science.planes;
    std::int64_t const step = PixelStack::width_for(planes, worker.hits.size());
    for (std::int64_t y = block.y0; y < block.y1; ++y) {
        for (std::int64_t x = block.x0; x < block.x1; x += step) {
            core::Box const piece = core::Box{x, y, x + step, y + 1}.clipped_to(block);
            worker.stack.start(worker.hits.size(), static_cast<int>(piece.width()));
            for (std::size_t const hit : worker.hits) {
                core::Box const part = piece.clipped_to(reach_of(sources[hit]));
                if (part.empty()) {
                    continue;
                }
                RowPiece const reached{y, part.x0, static_cast<int>(part.width())};
                RowTarget const& target = worker.stack.next(static_cast<int>(part.x0 - x));
                worker.stack.push(std::visit(
                    [&](auto const& source) {
                        return worker.sampler.sample(source, reached, target);
                    },
                    sources[hit]));
            }
            for (int c = 0; c < planes; ++c) {
                std::int64_t const at = x - out.science.box.x0;
                CombinedRow row{out.science.row(c, y) + at, out.weight.row(c, y) + at,
                                out.coverage.row(c, y) + at};
                if (out.wants_rejected()) {
                    row.rejected_low = out.rejected_low.row(c, y) + at;
                    row.rejected_high = out.rejected_high.row(c, y) + at;
                }
                worker.stack.combine(recipe, c, {y, x, static_cast<int>(piece.width())}, row);
            }
        }
    }
}

void CpuBackend::combine(std::span<StripSource const> sources, CoaddRecipe const& recipe,
                         StripOutput const& out)
{
    check_all(sources, out.science.planes);
    for_each_block(out.science.box, recipe, out.science.planes,
                   [&](core::Box const& block, Worker& worker) {
                       if (recipe.combine.is_running_mean()) {
                           mean_block(sources, block, out, worker);
                       } else {
                           stack_block(sources, recipe, block, out, worker);
                       }
                   });
}

std::size_t CpuBackend::scratch_bytes(int planes, std::size_t depth) const
{
    auto const c = static_cast<std::size_t>(planes);
    std::size_t const sums = static_cast<std::size_t>(block_width * block_height) * c *
                             (3 * sizeof(double) + sizeof(std::uint32_t));
    std::size_t const rows = 4 * c * piece_width * sizeof(float);
    return sizeof(Worker) + rows + sums + PixelStack::bytes(planes, depth);
}
}  // namespace

std::unique_ptr<Backend> make_cpu_backend(core::TaskRunner& runner)
{
    return make_cpu_backend(runner, best_row_kernels());
}

std::unique_ptr<Backend> make_cpu_backend(core::TaskRunner& runner, RowKernels const& kernels)
{
    return std::make_unique<CpuBackend>(runner, kernels);
}
}  // namespace sectile::compute
