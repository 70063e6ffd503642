// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

// The header does not say that its functions are C.
extern "C" {
#include <sep.h>
}

#include "sectile/image/image.hpp"

namespace sectile::measure
{
struct FreeBackground
{
    void operator()(sep_bkg* background) const { sep_bkg_free(background); }
};
using Background = std::unique_ptr<sep_bkg, FreeBackground>;

struct FreeCatalog
{
    void operator()(sep_catalog* catalog) const { sep_catalog_free(catalog); }
};
using Detections = std::unique_ptr<sep_catalog, FreeCatalog>;

/// Marks of WorkingPlane::mark. SEP is told that marks above `in_star` are masked.
enum Mark : std::uint8_t
{
    sky_pixel = 0,
    in_star = 1,
    masked = 2,
};

/// A copy of a plane as SEP wants it: rows without padding, masked pixels marked and of value 0.
/// Pixel (0, 0) is the view's first.
class WorkingPlane
{
  public:
    WorkingPlane(image::ImageView<float const> const& view, int plane);

    [[nodiscard]] int width() const { return width_; }
    [[nodiscard]] int height() const { return height_; }
    [[nodiscard]] float const* row(int y) const { return values_.view().data + offset(y); }
    [[nodiscard]] float* row(int y) { return values_.view().data + offset(y); }
    [[nodiscard]] std::uint8_t const* mark(int y) const { return marks_.view().data + offset(y); }
    [[nodiscard]] std::uint8_t* mark(int y) { return marks_.view().data + offset(y); }
    [[nodiscard]] std::int64_t valid_pixels() const { return valid_; }
    /// Valid share of the pixels [x0, x1) x [y0, y1).
    [[nodiscard]] double valid_share(int x0, int y0, int x1, int y1) const;
    [[nodiscard]] sep_image as_sep() const;
    void subtract(sep_bkg const& background);
    /// Subtracts level + slope_x * (x - centre) + slope_y * (y - centre).
    void subtract(double level, double slope_x, double slope_y);

  private:
    [[nodiscard]] std::ptrdiff_t offset(int y) const
    {
        return static_cast<std::ptrdiff_t>(y) * width_;
    }

    int width_;
    int height_;
    std::int64_t valid_ = 0;
    image::Image<float> values_;
    image::Image<std::uint8_t> marks_;
};

/// Sky in cells of `mesh_x` x `mesh_y` pixels. Throws as throw_on_failure.
[[nodiscard]] Background find_background(WorkingPlane const& plane, int mesh_x, int mesh_y);

/// Objects of a sky-subtracted plane whose filtered value exceeds `threshold` (units of the plane),
/// `kernel` being side x side weights. On overflow of SEP's buffers the limits are raised for this
/// call alone, then the threshold is. Thread-safe.
[[nodiscard]] Detections extract(WorkingPlane const& plane, double threshold,
                                 std::vector<float> const& kernel, int side);

/// Throws std::bad_alloc or InternalError with SEP's words unless `status` is 0.
void throw_on_failure(int status, char const* what);
}  // namespace sectile::measure
