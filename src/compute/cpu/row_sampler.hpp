// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/compute/source_window.hpp"

#include "compute/cpu/row_kernels.hpp"
#include "compute/cpu/weight_table.hpp"

namespace sectile::compute
{
/// A piece of one destination row: pixels x <= … < x + count of row y, count <= piece_width.
struct RowPiece
{
    std::int64_t y = 0;
    std::int64_t x = 0;
    int count = 0;
};

/// Rows that take the samples of a piece, one pointer per plane. Only pixels of the returned extent
/// are written.
struct RowTarget
{
    std::vector<float*> value;
    std::vector<float*> weight;
    std::vector<float*> coverage;  ///< empty: not wanted
    std::vector<float*> sigma;     ///< empty: not wanted
    std::vector<float*> excess;    ///< empty: not wanted

    explicit RowTarget(int planes)
        : value(static_cast<std::size_t>(planes)), weight(static_cast<std::size_t>(planes))
    {}
};

/// Pixels of a piece that were written; the others have no sample.
struct SampledRange
{
    int first = 0;
    int last = 0;
};

/// Makes the samples of sources piece by piece. Holds the scratch of one worker: not thread-safe.
/// The samples of a pixel do not depend on the piece it is in, on the window or on the kernels'
/// variant.
class RowSampler
{
  public:
    RowSampler(RowKernels const& kernels, WeightTable const& table, CoaddRecipe const& recipe,
               int planes);

    /// Samples of a window, interpolated; the piece must lie in footprint and map domain.
    SampledRange sample(SourceWindow const& source, RowPiece const& piece, RowTarget const& target);

    /// Samples that exist already; the piece must lie in the block's box.
    SampledRange sample(SampleBlock const& block, RowPiece const& piece, RowTarget const& target);

  private:
    struct WindowPlane;
    struct Cell;

    [[nodiscard]] Cell cell_at(int i) const;
    [[nodiscard]] PixelState state_at(PieceExtent const& extent, int i) const
    {
        return extent.is_plain ? PixelState::plain : static_cast<PixelState>(coords_.state[i]);
    }
    void set_window(SourceWindow const& source);
    /// Asks for the source row that the next destination row will need first: the hardware cannot
    /// guess it.
    void prefetch_next_row(SourceWindow const& source, PieceExtent const& extent) const;
    void interpolate(SourceWindow const& source, PieceExtent const& extent,
                     RowTarget const& target);
    void mend(SourceWindow const& source, int plane, PieceExtent const& extent, float* value);
    [[nodiscard]] float careful_value(WindowPlane const& plane, int i, double* cell_weights) const;
    /// Everything that multiplies the weight of all planes alike, into coords_.taper. Returns
    /// whether there is any such thing.
    bool taper(SourceWindow const& source, PieceExtent const& extent);
    void multiply_alpha(SourceWindow const& source, PieceExtent const& extent);
    /// Autocorrelations of the kernel's taps at every pixel, into taps_x_ and taps_y_.
    void correlate_taps(PieceExtent const& extent, int lags);
    /// Excess of the samples with the kernel's taps, into excess_.
    void set_excess(image::NoiseCovariance const& covariance, PieceExtent const& extent,
                    bool has_taper);
    void write_excess(SourceWindow const& source, int plane, PieceExtent const& extent,
                      bool has_taper, float const* weight, float* excess);
    void weigh_by_plane(SourceWindow const& source, int plane, PieceExtent const& extent);
    void write_coverage(SourceWindow const& source, int plane, PieceExtent const& extent,
                        float const* weight, float* coverage) const;
    void write_sigma(SourceWindow const& source, int plane, PieceExtent const& extent,
                     float const* weight, float* sigma) const;

    RowKernels const* kernels_;
    WeightTable const* table_;
    CoaddRecipe recipe_;
    int planes_;
    int taps_;
    WindowGeometry geometry_;
    PieceCoords coords_;
    alignas(64) float plane_weight_[piece_width];
    alignas(64) float taps_x_[image::NoiseCovariance::lags][piece_width];
    alignas(64) float taps_y_[image::NoiseCovariance::lags][piece_width];
    alignas(64) float excess_[piece_width];  ///< of the samples with the kernel's taps

    /// A pixel whose sample has other taps than the kernel's.
    struct Mended
    {
        int pixel;
        double variance;  ///< of the sample, in units of that which the weight stands for
    };
    std::vector<std::vector<Mended>>
        mended_;  ///< of each plane, with OutputWeight::inverse_variance
};
}  // namespace sectile::compute
