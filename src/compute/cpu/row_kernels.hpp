// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sectile/compute/kernels/sample_kern.hpp"
#include "sectile/compute/recipe.hpp"

/// The hot loops of the CPU backend: each works on a piece of one destination row. They are
/// compiled once per instruction set from row_kernels.inc and give the same bits in all of them: no
/// contraction, no reassociation, no library function.
namespace sectile::compute
{
/// Longest piece of a row, destination pixels. The arrays of a piece stay in the first-level cache.
inline constexpr int piece_width = 256;

/// How a destination pixel can be interpolated.
enum class PixelState : std::int32_t
{
    outside = 0,  ///< nearest pixel not in the frame
    plain = 1,    ///< all that the kernel loads lies in the window
    edge = 2,     ///< in the frame, but a load would leave the window: the careful path
};

/// Positions of a piece in the source window.
struct PieceCoords
{
    alignas(64) double x[piece_width];  ///< source coordinates
    alignas(64) double y[piece_width];
    alignas(64) double area[piece_width];          ///< valid when flux is conserved
    alignas(64) double taper[piece_width];         ///< valid with a feather
    alignas(64) std::int32_t column[piece_width];  ///< of the first tap, from the window's corner
    alignas(64) std::int32_t row[piece_width];     ///< both 0 where a pixel is not plain
    alignas(64) float fx[piece_width];             ///< position beyond its floor
    alignas(64) float fy[piece_width];
    alignas(64) std::int32_t phase_x[piece_width];  ///< row of the weight table; valid with a table
    alignas(64) std::int32_t phase_y[piece_width];
    alignas(64) float share_x[piece_width];  ///< of the next row of the table
    alignas(64) float share_y[piece_width];
    alignas(64) std::int32_t state[piece_width];  ///< PixelState; valid unless the piece is plain
};

/// What locate() needs to know of a source.
struct WindowGeometry
{
    kernels::FrameEdges edges;
    std::int32_t x0 = 0;  ///< corner of the window
    std::int32_t y0 = 0;
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::int32_t before = 0;    ///< taps before the floor
    std::int32_t loaded_x = 0;  ///< pixels loaded per row of taps, padding included
    std::int32_t loaded_y = 0;
    bool is_nearest = false;
};

/// First and last pixel + 1 of a piece that lie in the frame, and whether all of these are plain.
struct PieceExtent
{
    int first = 0;
    int last = 0;
    bool is_plain = false;
};

/// The window's pixels and where the interpolated planes go.
struct PlaneSet
{
    float const* data = nullptr;
    std::ptrdiff_t row_stride = 0;
    std::ptrdiff_t plane_stride = 0;
    int planes = 0;
    float* const* out = nullptr;  ///< one row per plane
};

/// Photometry and weight of one plane along a piece.
struct PlaneScaling
{
    Photometry photometry;
    double weight_scale = 1.0;
    double x = 0.0;  ///< destination coordinates of pixel 0 of the piece
    double y = 0.0;
    float const* plane_weight = nullptr;  ///< per pixel; null: 1
    bool has_taper = false;
    bool has_area = false;
};

/// Pixels that are combined together, one per lane of a vector.
inline constexpr int group_width = 8;

/// The samples of group_width neighbouring pixels of one plane and where their combination goes.
/// Row s of value, weight and coverage is source s; `stride` floats from one to the next.
struct StackGroup
{
    CombineRecipe recipe;
    float const* value;
    float const* weight;  ///< 0: no sample
    float const* coverage;
    std::size_t stride;
    int depth;            ///< sources
    double const* noise;  ///< per pixel: root mean square of the known sigmas, 0 unknown
    double const* sky;    ///< per pixel: level without the light of stars, NaN unknown
    float* sorted_float;  ///< scratch: depth * group_width
    double* sorted;       ///< scratch: depth * group_width
    double* column;       ///< scratch: 3 * depth
    double* science;      ///< group_width results each
    double* weight_sum;
    double* coverage_sum;
    double* low;  ///< survivors are the samples from low to high
    double* high;
};

struct RowKernels
{
    char const* name;
    PieceExtent (*locate)(PieceCoords& coords, int count, WindowGeometry const& window);
    void (*taper)(PieceCoords& coords, int first, int last, kernels::Feather const& feather);
    /// Phases and shares of the weight table from fx and fy.
    void (*find_phases)(PieceCoords& coords, int first, int last);
    /// One per ResampleKernel; pixels that are not plain get some value. `table`: WeightTable rows.
    void (*interpolate[6])(PieceCoords const& coords, int first, int last, PlaneSet const& planes,
                           float const* table);
    /// The same arithmetic for one pixel whose taps were copied to `patch`: rows of `lanes` floats.
    float (*interpolate_patch[6])(float const* patch, float const* table, float fx, float fy);
    /// Whether any value is not finite.
    bool (*has_holes)(float const* value, int first, int last);
    /// Values (in place) and weights; pixels without finite value or positive weight get 0 and 0.
    void (*scale)(PieceCoords const& coords, PieceExtent const& extent, PlaneScaling const& scaling,
                  float* value, float* weight);
    /// sums += samples; coverage null: 1 per sample.
    void (*accumulate)(float const* value, float const* weight, float const* coverage, int count,
                       double* value_sum, double* weight_sum, std::uint32_t* coverage_sum);
    void (*finish)(double const* value_sum, double const* weight_sum, int count, float* science,
                   float* weight);
    /// kernels::combine_samples of every pixel of a group, in its order of operations: the same
    /// bits.
    void (*combine_group)(StackGroup const& group);
    /// Bilinear debayering of `count` pixels of a row whose neighbours can all be read; `own` is
    /// the plane of the row's red or blue filters, `other` the third one. Returns whether any pixel
    /// read was not finite; then pixels of the row must be looked at one by one.
    bool (*debayer)(float const* raw, std::ptrdiff_t stride, int count, bool is_green_first,
                    float* own, float* green, float* other);
};

/// The fastest variant this processor can run.
[[nodiscard]] RowKernels const& best_row_kernels();
/// All variants this processor can run, the portable one first.
[[nodiscard]] std::vector<RowKernels const*> usable_row_kernels();
}  // namespace sectile::compute
