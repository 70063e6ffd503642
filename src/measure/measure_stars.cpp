// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/measure/measure_stars.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <tuple>
#include <vector>

#include "sectile/core/error.hpp"
#include "sectile/core/robust.hpp"

#include "measure/profile_fit.hpp"
#include "measure/sep_plane.hpp"
#include "measure/sky_model.hpp"

namespace sectile::measure
{
namespace
{
constexpr int least_side = 8;               ///< pixels; the filter and a star's sky need room
constexpr std::int64_t least_pixels = 48;   ///< valid ones
constexpr double aperture_per_fwhm = 1.25;  ///< radius
constexpr double fwhm_per_sigma = 2.354820045;
constexpr double usual_fwhm = 2.5;  ///< of the filter, and where nothing is known
constexpr int kernel_side = 5;

/// A detection, in pixels of the plane.
struct Candidate
{
    double x, y, order_flux, peak, fwhm_guess;
    int x_peak, y_peak;
    bool blended, cut, saturated;
    ProfileFit fit;
};

std::vector<float> detection_kernel()
{
    std::vector<float> kernel;
    constexpr int half = kernel_side / 2;
    constexpr double sigma = usual_fwhm / fwhm_per_sigma;
    for (int y = -half; y <= half; ++y) {
        for (int x = -half; x <= half; ++x) {
            kernel.push_back(
                static_cast<float>(std::exp(-0.5 * (x * x + y * y) / (sigma * sigma))));
        }
    }
    float const sum = std::accumulate(kernel.begin(), kernel.end(), 0.0F);
    std::transform(kernel.begin(), kernel.end(), kernel.begin(),
                   [sum](float k) { return k / sum; });
    return kernel;
}

/// Noise of the filtered plane, for detection: never so small that rounding errors or the far wings
/// of noise-free stars count as stars.
double detection_noise(WorkingPlane const& plane, SkyModel const& sky,
                       std::vector<float> const& kernel)
{
    float brightest = 0.0F;
    for (int y = 0; y < plane.height(); ++y) {
        brightest =
            std::max(brightest, *std::max_element(plane.row(y), plane.row(y) + plane.width()));
    }
    double const gradient =
        std::abs(sky.gradient_x) * plane.width() + std::abs(sky.gradient_y) * plane.height();
    double const noise = filtered_noise_of(plane, kernel, kernel_side);
    return std::max({std::isfinite(noise) ? noise : sky.noise_sigma, 1e-5 * brightest,
                     1e-6 * (std::abs(sky.level) + gradient)});
}

/// One pixel that stands alone. In a star of 1.2 pixels FWHM its four neighbours have a mean of
/// 0.15 of it.
bool is_hot_pixel(WorkingPlane const& plane, int x, int y)
{
    constexpr double sharpest = 0.15;
    double sum = 0.0;
    int count = 0;
    for (auto const& [dx, dy] : {std::pair{-1, 0}, {1, 0}, {0, -1}, {0, 1}}) {
        int const ix = x + dx;
        int const iy = y + dy;
        if (ix >= 0 && iy >= 0 && ix < plane.width() && iy < plane.height() &&
            plane.mark(iy)[ix] != masked) {
            sum += plane.row(iy)[ix];
            ++count;
        }
    }
    return count == 0 || sum < sharpest * count * plane.row(y)[x];
}

class Measurement
{
  public:
    Measurement(image::ImageView<float const> const& view, int plane_index,
                MeasureOptions const& options)
        : view_(view), plane_index_(plane_index), options_(options), plane_(view, plane_index)
    {
        catalog_.sky.x_ref = 0.5 * static_cast<double>(view.box.x0 + view.box.x1 - 1);
        catalog_.sky.y_ref = 0.5 * static_cast<double>(view.box.y0 + view.box.y1 - 1);
    }

    StarCatalog run() &&
    {
        count_saturated();
        if (std::min(plane_.width(), plane_.height()) < least_side ||
            plane_.valid_pixels() < least_pixels) {
            return std::move(catalog_);
        }
        measure_sky();
        if (std::isfinite(catalog_.sky.noise_sigma)) {
            detect();
            fit_shapes();
            measure_fluxes();
        }
        return std::move(catalog_);
    }

  private:
    void count_saturated();
    void measure_sky();
    void refine_sky();
    void detect();
    void mark_stars(sep_catalog const& found);
    [[nodiscard]] bool reaches_saturation(int x, int y) const;
    void fit_shapes();
    [[nodiscard]] double choose_profile(double fwhm) const;
    [[nodiscard]] double median_fwhm() const;
    void drop_too_sharp();
    void measure_fluxes();
    [[nodiscard]] Star measure_star(sep_image const& image, Candidate const& c) const;
    void set_medians();

    image::ImageView<float const> view_;
    int plane_index_;
    MeasureOptions options_;
    WorkingPlane plane_;
    Background background_;
    std::vector<Candidate> candidates_;  ///< brightest first
    double fwhm_ = usual_fwhm;
    double beta_ = gaussian;
    StarCatalog catalog_;
};

void Measurement::count_saturated()
{
    if (std::isnan(options_.saturation)) {
        return;
    }
    std::int64_t saturated = 0;
    for (std::int64_t y = view_.box.y0; y < view_.box.y1; ++y) {
        float const* const row = view_.row(plane_index_, y);
        saturated += std::count_if(row, row + view_.box.width(),
                                   [this](float value) { return value >= options_.saturation; });
    }
    if (plane_.valid_pixels() > 0) {
        catalog_.saturated_fraction =
            static_cast<double>(saturated) / static_cast<double>(plane_.valid_pixels());
    }
}

void Measurement::measure_sky()
{
    int const w = plane_.width();
    int const h = plane_.height();
    background_ =
        find_background(plane_, mesh_for(w, w, h, options_.mesh), mesh_for(h, w, h, options_.mesh));
    SkyModel const found = fit_sky(plane_, *background_);
    catalog_.sky.level = found.level;
    catalog_.sky.gradient_x = found.gradient_x;
    catalog_.sky.gradient_y = found.gradient_y;
    plane_.subtract(*background_);
    catalog_.sky.noise_sigma = noise_of(plane_);
}

/// Once the stars are marked.
void Measurement::refine_sky()
{
    SkyModel const left = leftover_sky(plane_, *background_, catalog_.sky.noise_sigma);
    plane_.subtract(left.level, left.gradient_x, left.gradient_y);
    catalog_.sky.level += left.level;
    catalog_.sky.gradient_x += left.gradient_x;
    catalog_.sky.gradient_y += left.gradient_y;
    if (double const noise = noise_of(plane_); std::isfinite(noise)) {
        catalog_.sky.noise_sigma = noise;
    }
}

bool Measurement::reaches_saturation(int x, int y) const
{
    if (std::isnan(options_.saturation)) {
        return false;
    }
    constexpr int reach = 1;
    for (int iy = std::max(0, y - reach); iy <= std::min(plane_.height() - 1, y + reach); ++iy) {
        for (int ix = std::max(0, x - reach); ix <= std::min(plane_.width() - 1, x + reach); ++ix) {
            if (view_.at(plane_index_, view_.box.x0 + ix, view_.box.y0 + iy) >=
                options_.saturation) {
                return true;
            }
        }
    }
    return false;
}

void Measurement::mark_stars(sep_catalog const& found)
{
    for (int i = 0; i < found.nobj; ++i) {
        int const extent = std::max(found.xmax[i] - found.xmin[i], found.ymax[i] - found.ymin[i]);
        int const margin = 3 + extent / 2;  // wings below the threshold
        int const x0 = std::max(0, found.xmin[i] - margin);
        int const x1 = std::min(plane_.width(), found.xmax[i] + 1 + margin);
        int const y1 = std::min(plane_.height(), found.ymax[i] + 1 + margin);
        for (int y = std::max(0, found.ymin[i] - margin); y < y1; ++y) {
            std::uint8_t* const marks = plane_.mark(y);
            for (int x = x0; x < x1; ++x) {
                marks[x] = std::max<std::uint8_t>(marks[x], in_star);
            }
        }
    }
}

void Measurement::detect()
{
    std::vector<float> const kernel = detection_kernel();
    double const noise = detection_noise(plane_, catalog_.sky, kernel);
    Detections const found = extract(plane_, options_.threshold * noise, kernel, kernel_side);
    mark_stars(*found);
    refine_sky();
    for (int i = 0; i < found->nobj; ++i) {
        int const x = found->xpeak[i];
        int const y = found->ypeak[i];
        if (is_hot_pixel(plane_, x, y)) {
            continue;
        }
        double const size = fwhm_per_sigma * std::sqrt(found->a[i] * found->b[i]);
        candidates_.push_back({found->x[i],
                               found->y[i],
                               found->flux[i],
                               plane_.row(y)[x],
                               size,
                               x,
                               y,
                               (found->flag[i] & SEP_OBJ_MERGED) != 0,
                               (found->flag[i] & SEP_OBJ_TRUNC) != 0,
                               reaches_saturation(x, y),
                               {}});
    }
    std::sort(candidates_.begin(), candidates_.end(), [](auto const& a, auto const& b) {
        return std::tuple(-a.order_flux, a.y, a.x) < std::tuple(-b.order_flux, b.y, b.x);
    });
    if (candidates_.size() > options_.most_stars) {
        candidates_.resize(options_.most_stars);
    }
}

/// Whether its shape says something of the frame.
bool is_clean(Candidate const& c)
{
    return !c.saturated && !c.cut && !c.blended;
}

double Measurement::median_fwhm() const
{
    constexpr double least_peak = 8.0;  // over the noise
    std::vector<double> clean;
    std::vector<double> any;
    for (Candidate const& c : candidates_) {
        if (!c.fit.good || c.saturated) {
            continue;
        }
        any.push_back(c.fit.fwhm);
        if (is_clean(c) && c.peak >= least_peak * catalog_.sky.noise_sigma) {
            clean.push_back(c.fit.fwhm);
        }
    }
    constexpr std::size_t enough = 5;
    std::vector<double>& used = clean.size() >= enough ? clean : any;
    return used.empty() ? unknown : core::median_in_place(used);
}

double Measurement::choose_profile(double fwhm) const
{
    constexpr std::size_t most_used = 40;
    constexpr double reach = 1.6;  // FWHM: far enough to see wings, not yet the neighbours
    constexpr std::array exponents{2.0, 2.5, 3.0, 3.5, 4.5, 7.0, gaussian};
    std::vector<Candidate const*> used;
    for (Candidate const& c : candidates_) {
        if (is_clean(c) && c.fit.good && used.size() < most_used) {
            used.push_back(&c);
        }
    }
    double best = gaussian;
    double least = INFINITY;
    for (double const beta : exponents) {
        std::vector<double> misfits;
        for (Candidate const* c : used) {
            ProfileFit const fit =
                fit_profile(plane_, c->fit.x, c->fit.y, c->peak, fwhm, reach * fwhm + 1.0, beta);
            misfits.push_back(fit.good ? fit.misfit : INFINITY);
        }
        double const misfit = misfits.empty() ? INFINITY : core::median_in_place(misfits);
        if (misfit <= least) {
            least = misfit;
            best = beta;
        }
    }
    return best;
}

void Measurement::fit_shapes()
{
    constexpr std::size_t most_sizes = 200;
    std::vector<double> sizes;
    for (Candidate const& c : candidates_) {
        if (is_clean(c) && std::isfinite(c.fwhm_guess) && sizes.size() < most_sizes) {
            sizes.push_back(c.fwhm_guess);
        }
    }
    if (!sizes.empty()) {
        fwhm_ = std::clamp(core::median_in_place(sizes), 1.2, 30.0);
    }
    constexpr double least_radius = 1.9;  // 9 pixels for the 6 unknowns
    auto const fit_all = [&](std::size_t most) {
        double const radius = std::max(least_radius, aperture_per_fwhm * fwhm_);
        for (std::size_t i = 0; i < std::min(most, candidates_.size()); ++i) {
            Candidate& c = candidates_[i];
            c.fit = fit_profile(plane_, c.x_peak, c.y_peak, c.peak, fwhm_, radius, beta_);
            if (c.fit.good) {
                // Once more, so that the circle is centred on the star rather than a pixel.
                c.fit = fit_profile(plane_, c.fit.x, c.fit.y, c.fit.peak, fwhm_, radius, beta_);
            }
        }
    };
    for (int round = 0; round < 2; ++round) {
        fit_all(most_sizes);
        if (double const fwhm = median_fwhm(); std::isfinite(fwhm)) {
            fwhm_ = std::clamp(fwhm, 1.0, 40.0);
        }
        beta_ = choose_profile(fwhm_);
    }
    fit_all(candidates_.size());
    drop_too_sharp();
    catalog_.fwhm = median_fwhm();
    fwhm_ = std::isfinite(catalog_.fwhm) ? catalog_.fwhm : fwhm_;
    catalog_.aperture_radius = candidates_.empty() ? unknown : aperture_per_fwhm * fwhm_;
}

void Measurement::drop_too_sharp()
{
    // Cosmic rays, and hot pixels that a debayering has spread.
    constexpr double sharpest = 0.6;
    double const limit = sharpest * median_fwhm();
    std::erase_if(candidates_, [&](Candidate const& c) {
        return c.fit.good && c.fit.fwhm * std::sqrt(1.0 - c.fit.ellipticity) < limit;
    });
}

Star Measurement::measure_star(sep_image const& image, Candidate const& c) const
{
    double x = c.fit.good ? c.fit.x : c.x;
    double y = c.fit.good ? c.fit.y : c.y;
    double x_found = x;
    double y_found = y;
    int rounds = 0;
    short flag = 0;
    constexpr int subpixels = 5;
    int status = sep_windowed(&image, x, y, fwhm_ / fwhm_per_sigma, subpixels, 0, &x_found,
                              &y_found, &rounds, &flag);
    // Where a neighbour or a hole pulls it away, the first position is the better one.
    if (status == 0 && std::hypot(x_found - x, y_found - y) < 0.5 * fwhm_) {
        x = x_found;
        y = y_found;
    }
    Star star;
    double sigma = 0.0;
    double area = 0.0;
    status = sep_sum_circle(&image, x, y, catalog_.aperture_radius, 0, 0, 0, &star.flux, &sigma,
                            &area, &flag);
    throw_on_failure(status, "the flux of a star could not be measured");
    star.x = x + static_cast<double>(view_.box.x0);
    star.y = y + static_cast<double>(view_.box.y0);
    star.flux_sigma = catalog_.sky.noise_sigma * std::sqrt(area);
    star.peak = c.peak;
    if (c.fit.good && !c.saturated) {
        star.fwhm = c.fit.fwhm;
        star.ellipticity = c.fit.ellipticity;
        star.theta = c.fit.theta;
    }
    star.saturated = c.saturated;
    star.near_edge = (flag & SEP_APER_TRUNC) != 0 || c.cut;
    star.near_mask = (flag & SEP_APER_HASMASKED) != 0;
    star.blended = c.blended;
    return star;
}

void Measurement::measure_fluxes()
{
    sep_image const image = plane_.as_sep();
    for (Candidate const& c : candidates_) {
        if (Star const star = measure_star(image, c); star.flux > 0.0) {
            catalog_.stars.push_back(star);
        }
    }
    std::sort(catalog_.stars.begin(), catalog_.stars.end(), [](Star const& a, Star const& b) {
        return std::tuple(-a.flux, a.y, a.x) < std::tuple(-b.flux, b.y, b.x);
    });
    set_medians();
}

void Measurement::set_medians()
{
    constexpr double least_significance = 20.0;
    std::vector<double> clean;
    std::vector<double> any;
    for (Star const& star : catalog_.stars) {
        if (std::isnan(star.ellipticity)) {
            continue;
        }
        any.push_back(star.ellipticity);
        if (!star.near_edge && !star.near_mask && !star.blended &&
            star.flux >= least_significance * star.flux_sigma) {
            clean.push_back(star.ellipticity);
        }
    }
    std::vector<double>& used = clean.empty() ? any : clean;
    catalog_.ellipticity = used.empty() ? unknown : core::median_in_place(used);
}
}  // namespace

StarCatalog measure_stars(image::ImageView<float const> view, int plane,
                          MeasureOptions const& options)
{
    if (view.empty()) {
        return {};
    }
    core::require(plane >= 0 && plane < view.planes, "a view has the plane that is measured");
    return Measurement(view, plane, options).run();
}

std::int64_t measure_bytes(std::int64_t width, std::int64_t height)
{
    constexpr std::int64_t per_pixel = sizeof(float) + sizeof(std::uint8_t);
    constexpr std::int64_t sep_buffers = std::int64_t{12} << 20;  // pixel stack, deblending
    constexpr std::int64_t per_star_pixel = 32;                   // of a tenth of the pixels
    return width * height * per_pixel + width * height / 10 * per_star_pixel + sep_buffers;
}
}  // namespace sectile::measure
