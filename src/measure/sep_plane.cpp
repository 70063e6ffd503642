// SPDX-License-Identifier: BSD-3-Clause
#include "measure/sep_plane.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <string>

#include "sectile/core/error.hpp"
#include "sectile/measure/measure_stars.hpp"

#if defined(__SANITIZE_ADDRESS__)
// SEP 1.2.1 allocates two columns of its catalogue twice: 8 bytes per object that nobody can free.
extern "C" char const* __lsan_default_suppressions()  // NOLINT(bugprone-reserved-identifier)
{
    return "leak:libsep.so\n";
}
#endif

namespace sectile::measure
{
namespace
{
constexpr int sep_out_of_memory = 1;
constexpr int deblend_levels = 32;
constexpr double deblend_contrast = 0.0005;  ///< of the light of all that touches
constexpr int least_area = 3;                ///< pixels of an object, after filtering
constexpr int most_sub_objects = 4096;       ///< SEP counts them in short, in time of their square
constexpr std::int64_t most_stack_pixels = 50'000'000;  ///< SEP counts their bytes in int
// SEP treats values beyond 1e30 as marks of its own, and squares must stay finite.
constexpr float largest_value = 1e18F;

/// SEP keeps its working state per thread, but its two limits per process: calls that keep the
/// limits share, a call that changes them has SEP to itself. So no call sees another's limits.
std::shared_mutex& limits_mutex()
{
    static std::shared_mutex mutex;
    return mutex;
}

class RaisedLimits
{
  public:
    RaisedLimits(std::size_t stack_pixels, int sub_objects)
        : lock_(limits_mutex()),
          stack_pixels_(sep_get_extract_pixstack()),
          sub_objects_(sep_get_sub_object_limit())
    {
        sep_set_extract_pixstack(std::max(stack_pixels, stack_pixels_));
        sep_set_sub_object_limit(std::max(sub_objects, sub_objects_));
    }
    ~RaisedLimits()
    {
        sep_set_extract_pixstack(stack_pixels_);
        sep_set_sub_object_limit(sub_objects_);
    }
    RaisedLimits(RaisedLimits const&) = delete;
    RaisedLimits& operator=(RaisedLimits const&) = delete;

  private:
    std::unique_lock<std::shared_mutex> lock_;
    std::size_t stack_pixels_;
    int sub_objects_;
};
}  // namespace

void throw_on_failure(int status, char const* what)
{
    if (status == 0) {
        return;
    }
    if (status == sep_out_of_memory) {
        throw std::bad_alloc();
    }
    std::array<char, 128> text{};
    sep_get_errmsg(status, text.data());
    throw core::InternalError(core::sentence(what, text.data()));
}

WorkingPlane::WorkingPlane(image::ImageView<float const> const& view, int plane)
    : width_(static_cast<int>(view.box.width())),
      height_(static_cast<int>(view.box.height())),
      values_({0, 0, view.box.area(), 1}, 1),
      marks_({0, 0, view.box.area(), 1}, 1)
{
    for (int y = 0; y < height_; ++y) {
        float const* const from = view.row(plane, view.box.y0 + y);
        float* const to = row(y);
        std::uint8_t* const marks = mark(y);
        std::int64_t valid = 0;
        for (int x = 0; x < width_; ++x) {
            bool const good = std::abs(from[x]) < largest_value;  // false for NaN
            to[x] = good ? from[x] : 0.0F;
            marks[x] = good ? sky_pixel : masked;
            valid += good ? 1 : 0;
        }
        valid_ += valid;
    }
}

double WorkingPlane::valid_share(int x0, int y0, int x1, int y1) const
{
    std::int64_t valid = 0;
    for (int y = y0; y < y1; ++y) {
        valid += std::count_if(mark(y) + x0, mark(y) + x1, [](auto m) { return m != masked; });
    }
    auto const all = static_cast<std::int64_t>(x1 - x0) * (y1 - y0);
    return all > 0 ? static_cast<double>(valid) / static_cast<double>(all) : 0.0;
}

sep_image WorkingPlane::as_sep() const
{
    sep_image image{};
    image.data = row(0);
    image.mask = mark(0);
    image.dtype = SEP_TFLOAT;
    image.mdtype = SEP_TBYTE;
    image.w = width_;
    image.h = height_;
    image.noise_type = SEP_NOISE_NONE;
    image.maskthresh = in_star;
    return image;
}

void WorkingPlane::subtract(sep_bkg const& background)
{
    for (int y = 0; y < height_; ++y) {
        throw_on_failure(sep_bkg_subline(&background, y, row(y), SEP_TFLOAT),
                         "the sky of a plane could not be subtracted");
        for (int x = 0; x < width_; ++x) {
            row(y)[x] = mark(y)[x] == masked ? 0.0F : row(y)[x];
        }
    }
}

void WorkingPlane::subtract(double level, double slope_x, double slope_y)
{
    for (int y = 0; y < height_; ++y) {
        double const at_left =
            level + slope_y * (y - 0.5 * (height_ - 1)) - slope_x * 0.5 * (width_ - 1);
        for (int x = 0; x < width_; ++x) {
            float const sky = static_cast<float>(at_left + slope_x * x);
            row(y)[x] -= mark(y)[x] == masked ? 0.0F : sky;
        }
    }
}

Background find_background(WorkingPlane const& plane, int mesh_x, int mesh_y)
{
    constexpr int median_cells = 3;
    sep_image const image = plane.as_sep();
    sep_bkg* found = nullptr;
    throw_on_failure(
        sep_background(&image, mesh_x, mesh_y, median_cells, median_cells, 0.0, &found),
        "the sky of a plane could not be measured");
    return Background(found);
}

Detections extract(WorkingPlane const& plane, double threshold, std::vector<float> const& kernel,
                   int side)
{
    sep_image const image = plane.as_sep();
    sep_catalog* found = nullptr;
    auto const run = [&] {
        return sep_extract(&image, static_cast<float>(threshold), SEP_THRESH_ABS, least_area,
                           kernel.data(), side, side, SEP_FILTER_CONV, deblend_levels,
                           deblend_contrast, 0, 1.0, &found);
    };
    int status = 0;
    constexpr int most_tries = 12;
    for (int tries = 0; tries < most_tries; ++tries) {
        {
            std::shared_lock const lock(limits_mutex());
            status = run();
        }
        if (status != 0 && tries == 0) {
            auto const pixels = static_cast<std::int64_t>(plane.width()) * plane.height() + 1024;
            RaisedLimits const raised(static_cast<std::size_t>(std::min(pixels, most_stack_pixels)),
                                      most_sub_objects);
            status = run();
        }
        if (status == 0) {
            return Detections(found);
        }
        threshold *= 2.0;  // fewer pixels in fewer objects: what there is rather than nothing
    }
    throw_on_failure(status, "stars of a plane could not be detected");
    return nullptr;
}
}  // namespace sectile::measure
