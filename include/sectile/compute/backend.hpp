// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "sectile/compute/recipe.hpp"
#include "sectile/compute/source_window.hpp"
#include "sectile/core/task_runner.hpp"

namespace sectile::compute
{
/// Result of a coadd over one strip of the destination, C planes each, all with the strip as box.
/// Empty pixels: science NaN, weight 0, coverage 0.
struct StripOutput
{
    image::ImageView<float> science;
    image::ImageView<float> weight;            ///< of the surviving samples, see OutputWeight
    image::ImageView<std::uint32_t> coverage;  ///< surviving frames
    /// Fractions (0 to 1) of the samples of a pixel, those with weight, that rejection removed
    /// below and above the survivors: 0 where nothing is rejected, NaN where there is no sample.
    /// Both or none; empty: not wanted.
    image::ImageView<float> rejected_low{};
    image::ImageView<float> rejected_high{};

    [[nodiscard]] bool wants_rejected() const { return !rejected_low.empty(); }
    /// The part inside `part`, which must lie within the strip.
    [[nodiscard]] StripOutput clipped_to(core::Box const& part) const
    {
        StripOutput output{science.clipped_to(part), weight.clipped_to(part),
                           coverage.clipped_to(part)};
        if (wants_rejected()) {
            output.rejected_low = rejected_low.clipped_to(part);
            output.rejected_high = rejected_high.clipped_to(part);
        }
        return output;
    }
};

/// Running sums of a mean over one strip, C planes each.
struct StripSums
{
    image::Image<double> value;  ///< sum of weight * value
    image::Image<double> weight;
    image::Image<std::uint32_t> coverage;
    image::Image<double> excess;  ///< sum of weight * excess; empty with OutputWeight::sum

    StripSums() = default;
    StripSums(core::Box const& strip, int planes, OutputWeight output = OutputWeight::sum)
        : value(strip, planes), weight(strip, planes), coverage(strip, planes)
    {
        if (output == OutputWeight::inverse_variance) {
            excess = image::Image<double>(strip, planes);
        }
    }
};

/// Writable samples of one source on a part of the destination, C planes each. Missing samples get
/// value 0, weight 0, coverage 0, sigma 0.
struct SampleOutput
{
    image::ImageView<float> value;
    image::ImageView<float> weight;
    image::ImageView<float> coverage;  ///< may be empty: not wanted
    image::ImageView<float> sigma{};  ///< noise of each sample, 0 unknown; may be empty: not wanted
    /// Weight times variance of each sample, 1 where the weight is its inverse variance; may be
    /// empty: not wanted.
    image::ImageView<float> excess{};
};

/// Pixels that the interpolation kernel needs on each side of a position, and a little more, so
/// that whole vector registers can be loaded.
[[nodiscard]] int kernel_margin(ResampleKernel kernel);

/// The numerics of a coadd on one kind of hardware. One virtual call per strip and batch, never per
/// pixel. All backends give the result the reference backend defines (METHODS.md, section 7):
/// `reference` is plain double loops; `cpu` agrees with it to float rounding and is bit-identical
/// for any number of threads, any strip and any instruction set.
///
/// Sources are given in ascending id, and samples of a pixel are combined in that order.
/// Calls are thread-compatible: one call at a time per object; inside, the work is spread over
/// `runner`.
class Backend
{
  public:
    virtual ~Backend() = default;
    [[nodiscard]] virtual std::string name() const = 0;

    /// Samples of one source on out.value.box: interpolated, photometry applied, weighted.
    virtual void resample(SourceWindow const& source, CoaddRecipe const& recipe,
                          SampleOutput const& out) = 0;

    /// Adds the sources' samples to the sums (recipe.combine.is_running_mean()). Called for batches
    /// of sources in ascending id, the result equals one call with all of them.
    virtual void accumulate(std::span<StripSource const> sources, CoaddRecipe const& recipe,
                            StripSums& sums) = 0;

    /// Quotients of the sums.
    virtual void finish(StripSums const& sums, StripOutput const& out) = 0;

    /// Whole combination (any recipe) of all sources of a strip.
    virtual void combine(std::span<StripSource const> sources, CoaddRecipe const& recipe,
                         StripOutput const& out) = 0;

    /// Bytes that one worker needs beside sources and output when a pixel has at most `depth`
    /// samples.
    [[nodiscard]] virtual std::size_t scratch_bytes(int planes, std::size_t depth) const = 0;
};

/// Slow, short, in double: the definition.
[[nodiscard]] std::unique_ptr<Backend> make_reference_backend();
/// Threads and SIMD. `runner` must outlive the backend.
[[nodiscard]] std::unique_ptr<Backend> make_cpu_backend(core::TaskRunner& runner);
/// Throws core::DeviceError with a sentence when CUDA is not built in or no device can be used.
[[nodiscard]] std::unique_ptr<Backend> make_cuda_backend(int device);
/// Number of CUDA devices that can be used; 0 without CUDA. Never throws.
[[nodiscard]] int cuda_device_count() noexcept;
/// "13.0", or a sentence that CUDA is not built in.
[[nodiscard]] std::string cuda_version_text();
}  // namespace sectile::compute
