// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/measure/measure_stars.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <vector>

#include "sectile/core/error.hpp"
#include "sectile/core/robust.hpp"

#include "measure/detection.hpp"
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

/// A detection, in pixels of the plane.
struct Candidate
{
    double x, y, order_flux, peak, fwhm_guess;
    int x_peak, y_peak;
    bool blended, cut, saturated;
    bool compact;  ///< stands out from what is near: no knot of a nebula
    bool alone;    ///< no neighbour that adds light to it (known of the brightest only)
    ProfileFit fit;
};

/// Radius of a circle that holds the same share of a profile whatever its FWHM. A circle over
/// pixels sees the profile spread by the pixel (variance 1/12 per axis), which takes -I'(r) / 24
/// per length of the circle out of it: the radius grows by -I' / (24 I).
double aperture_for(double fwhm, double beta)
{
    double const radius = aperture_per_fwhm * fwhm;
    if (beta == gaussian) {
        return radius + radius * std::pow(fwhm_per_sigma / fwhm, 2) / 24.0;
    }
    double const square = 0.25 * fwhm * fwhm / (std::exp2(1.0 / beta) - 1.0);
    return radius + 2.0 * beta * radius / (square + radius * radius) / 24.0;
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
    void put_compact_first();
    [[nodiscard]] bool reaches_saturation(int x, int y) const;
    void fit_shapes();
    void fit(Candidate& c) const;
    void centre(sep_image const& image, Candidate& c) const;
    void find_lone_stars();
    [[nodiscard]] std::vector<Candidate const*> telling_stars() const;
    [[nodiscard]] double choose_profile(double fwhm) const;
    [[nodiscard]] double median_fwhm() const;
    void drop_too_sharp();
    void drop_noise();
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
    // From above, where clipping converges to the core of the distribution.
    catalog_.sky.noise_sigma = noise_of(plane_, 1.5 * sep_bkg_globalrms(background_.get()));
}

/// Once the stars are marked.
void Measurement::refine_sky()
{
    SkyModel const left = leftover_sky(plane_, *background_, catalog_.sky.noise_sigma);
    plane_.subtract(left.level, left.gradient_x, left.gradient_y);
    catalog_.sky.level += left.level;
    catalog_.sky.gradient_x += left.gradient_x;
    catalog_.sky.gradient_y += left.gradient_y;
    if (double const noise = noise_of(plane_, catalog_.sky.noise_sigma); std::isfinite(noise)) {
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
        bool const blended = (found->flag[i] & SEP_OBJ_MERGED) != 0;
        candidates_.push_back({blended ? x : found->x[i],
                               blended ? y : found->y[i],
                               found->flux[i],
                               plane_.row(y)[x],
                               size,
                               x,
                               y,
                               blended,
                               (found->flag[i] & SEP_OBJ_TRUNC) != 0,
                               reaches_saturation(x, y),
                               false,
                               false,
                               {}});
    }
    std::sort(candidates_.begin(), candidates_.end(), [](auto const& a, auto const& b) {
        return std::tuple(-a.order_flux, a.y, a.x) < std::tuple(-b.order_flux, b.y, b.x);
    });
    put_compact_first();
    if (candidates_.size() > options_.most_stars) {
        candidates_.resize(options_.most_stars);
    }
}

/// By the smallest scale at which there are some.
void Measurement::put_compact_first()
{
    constexpr std::ptrdiff_t some = 5;
    for (double const scale : {1.0, 2.0, 4.0, 8.0}) {
        for (Candidate& c : candidates_) {
            c.compact = stands_out(plane_, c.x, c.y, scale * usual_fwhm, catalog_.sky.noise_sigma);
        }
        if (std::ranges::count_if(candidates_, &Candidate::compact) >= some) {
            break;
        }
    }
    std::ranges::stable_partition(candidates_, [](Candidate const& c) { return c.compact; });
}

/// Whether its shape says something of the frame.
bool is_clean(Candidate const& c)
{
    return c.compact && !c.saturated && !c.cut && !c.blended;
}

/// How many of the brightest tell the frame's profile.
constexpr std::size_t most_telling = 200;

void Measurement::find_lone_stars()
{
    constexpr double reach = 5.0;   // FWHM
    constexpr double share = 0.02;  // of its light
    double const square = std::pow(reach * fwhm_, 2);
    for (std::size_t i = 0; i < std::min(most_telling, candidates_.size()); ++i) {
        Candidate& c = candidates_[i];
        c.alone = std::none_of(candidates_.begin(), candidates_.end(), [&](Candidate const& other) {
            double const dx = other.x - c.x;
            double const dy = other.y - c.y;
            return &other != &c && dx * dx + dy * dy < square &&
                   other.order_flux > share * c.order_flux;
        });
    }
}

std::vector<Candidate const*> Measurement::telling_stars() const
{
    constexpr double least_peak = 8.0;  // over the noise
    constexpr std::size_t enough = 8;
    std::vector<Candidate const*> alone;
    std::vector<Candidate const*> clean;
    std::vector<Candidate const*> compact;
    std::vector<Candidate const*> any;
    for (std::size_t i = 0; i < std::min(most_telling, candidates_.size()); ++i) {
        Candidate const& c = candidates_[i];
        if (!c.fit.good || c.saturated) {
            continue;
        }
        any.push_back(&c);
        if (!c.compact) {
            continue;
        }
        compact.push_back(&c);
        bool const bright = c.peak >= least_peak * catalog_.sky.noise_sigma;
        if (bright && is_clean(c)) {
            clean.push_back(&c);
        }
        // A lone star may have been separated from one far away.
        if (bright && c.alone && !c.cut) {
            alone.push_back(&c);
        }
    }
    if (alone.size() >= enough) {
        return alone;
    }
    if (clean.size() >= enough) {
        return clean;
    }
    return compact.empty() ? any : compact;
}

double Measurement::median_fwhm() const
{
    std::vector<double> values;
    for (Candidate const* c : telling_stars()) {
        values.push_back(c->fit.fwhm);
    }
    return values.empty() ? unknown : core::median_in_place(values);
}

double Measurement::choose_profile(double fwhm) const
{
    constexpr std::size_t most_used = 40;
    // Far enough to tell the wings, no farther: the neighbours' light would pass for wings.
    double const radius = aperture_per_fwhm * fwhm;
    constexpr std::array exponents{2.0, 2.5, 3.0, 3.5, 4.5, 7.0, gaussian};
    std::vector<Candidate const*> used = telling_stars();
    used.resize(std::min(used.size(), most_used));
    double best = gaussian;
    double least = INFINITY;
    for (double const beta : exponents) {
        std::vector<double> misfits;
        for (Candidate const* c : used) {
            ProfileFit const fit =
                fit_profile(plane_, c->fit.x, c->fit.y, c->peak, fwhm, radius, beta);
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

void Measurement::fit(Candidate& c) const
{
    constexpr double least_radius = 1.9;  // 9 pixels for the 6 unknowns
    double const radius = std::max(least_radius, aperture_per_fwhm * fwhm_);
    c.fit = fit_profile(plane_, c.x, c.y, c.peak, fwhm_, radius, beta_);
}

void Measurement::centre(sep_image const& image, Candidate& c) const
{
    constexpr int subpixels = 5;
    double x = c.x;
    double y = c.y;
    int rounds = 0;
    short flag = 0;
    int const status = sep_windowed(&image, c.x, c.y, fwhm_ / fwhm_per_sigma, subpixels, 0, &x, &y,
                                    &rounds, &flag);
    // Where a neighbour or a hole pulls it away, the barycentre is the better one.
    if (status == 0 && std::hypot(x - c.x, y - c.y) < 0.5 * fwhm_) {
        c.x = x;
        c.y = y;
    }
}

/// First the profile of the frame from its brightest stars, then each star.
void Measurement::fit_shapes()
{
    std::vector<double> sizes;
    for (std::size_t i = 0; i < std::min(most_telling, candidates_.size()); ++i) {
        if (is_clean(candidates_[i]) && std::isfinite(candidates_[i].fwhm_guess)) {
            sizes.push_back(candidates_[i].fwhm_guess);
        }
    }
    if (!sizes.empty()) {
        fwhm_ = std::clamp(core::median_in_place(sizes), 1.2, 30.0);
    }
    for (int round = 0; round < 2; ++round) {
        find_lone_stars();
        for (std::size_t i = 0; i < std::min(most_telling, candidates_.size()); ++i) {
            fit(candidates_[i]);
        }
        if (double const fwhm = median_fwhm(); std::isfinite(fwhm)) {
            fwhm_ = std::clamp(fwhm, 1.0, 40.0);
        }
        beta_ = choose_profile(fwhm_);
    }
    sep_image const image = plane_.as_sep();
    for (Candidate& c : candidates_) {
        centre(image, c);
        fit(c);
    }
    drop_too_sharp();
    drop_noise();
    catalog_.fwhm = median_fwhm();
    fwhm_ = std::isfinite(catalog_.fwhm) ? catalog_.fwhm : fwhm_;
    if (!candidates_.empty()) {
        catalog_.aperture_radius = aperture_for(fwhm_, beta_);
    }
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

void Measurement::drop_noise()
{
    std::erase_if(candidates_, [&](Candidate const& c) {
        return !stands_out(plane_, c.x, c.y, fwhm_, catalog_.sky.noise_sigma);
    });
}

Star Measurement::measure_star(sep_image const& image, Candidate const& c) const
{
    Star star;
    double sigma = 0.0;
    double area = 0.0;
    short flag = 0;
    int const status = sep_sum_circle(&image, c.x, c.y, catalog_.aperture_radius, 0, 0, 0,
                                      &star.flux, &sigma, &area, &flag);
    throw_on_failure(status, "the flux of a star could not be measured");
    star.x = c.x + static_cast<double>(view_.box.x0);
    star.y = c.y + static_cast<double>(view_.box.y0);
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
    constexpr std::int64_t per_star_pixel = 40;                   // of a quarter of the pixels
    return width * height * per_pixel + width * height / 4 * per_star_pixel + sep_buffers;
}
}  // namespace sectile::measure
