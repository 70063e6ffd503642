// SPDX-License-Identifier: BSD-3-Clause
#include "simulate/render.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "sectile/io/fits_writer.hpp"

#include "simulate/counter_random.hpp"

namespace sectile::simulate
{
namespace
{
/// Glow at the nodes of a lattice, interpolated by cubic convolution (Keys 1981): the smallest
/// blobs are tens of pixels wide, so that the error stays far below the noise at a 64th of the
/// cost.
class GlowField
{
  public:
    GlowField(Survey const& survey, Exposure const& exposure)
        : nodes_x_(survey.config().width / spacing + 4),
          nodes_y_(survey.config().height / spacing + 4)
    {
        auto const blobs = survey.sky().blobs_near(exposure.wcs.center(), survey.reach(exposure));
        if (blobs.empty()) {
            return;
        }
        nodes_.resize(static_cast<std::size_t>(nodes_x_) * static_cast<std::size_t>(nodes_y_));
        for (int j = 0; j < nodes_y_; ++j) {
            for (int i = 0; i < nodes_x_; ++i) {
                sky::PixelPos const pixel{static_cast<double>((i - 1) * spacing),
                                          static_cast<double>((j - 1) * spacing)};
                nodes_[node(i, j)] = glow_towards(exposure.wcs.direction_at(pixel), blobs);
            }
        }
    }

    [[nodiscard]] bool empty() const { return nodes_.empty(); }

    /// The row's values at the node columns; input of at().
    [[nodiscard]] std::vector<Colours> row(int y) const
    {
        auto const weights = cubic_weights(static_cast<double>(y % spacing) / spacing);
        int const first = y / spacing;
        std::vector<Colours> values(static_cast<std::size_t>(nodes_x_), Colours{});
        for (int i = 0; i < nodes_x_; ++i) {
            for (int k = 0; k < 4; ++k) {
                for (std::size_t c = 0; c < 3; ++c) {
                    values[static_cast<std::size_t>(i)][c] +=
                        weights[static_cast<std::size_t>(k)] * nodes_[node(i, first + k)][c];
                }
            }
        }
        return values;
    }
    [[nodiscard]] static double at(std::vector<Colours> const& row, int x, std::size_t colour)
    {
        static Table const table;
        auto const& weights = table.weights[static_cast<std::size_t>(x % spacing)];
        auto const first = static_cast<std::size_t>(x / spacing);
        double sum = 0.0;
        for (std::size_t k = 0; k < 4; ++k) {
            sum += weights[k] * row[first + k][colour];
        }
        return sum;
    }

  private:
    static constexpr int spacing = 8;

    static std::array<double, 4> cubic_weights(double t)
    {
        return {((-0.5 * t + 1.0) * t - 0.5) * t, (1.5 * t - 2.5) * t * t + 1.0,
                ((-1.5 * t + 2.0) * t + 0.5) * t, (0.5 * t - 0.5) * t * t};
    }
    struct Table
    {
        Table()
        {
            for (int k = 0; k < spacing; ++k) {
                weights[static_cast<std::size_t>(k)] =
                    cubic_weights(static_cast<double>(k) / spacing);
            }
        }
        std::array<std::array<double, 4>, spacing> weights{};
    };

    static Colours glow_towards(Direction const& direction, std::vector<Blob> const& blobs)
    {
        Colours sum{};
        for (Blob const& blob : blobs) {
            double chord_square = 0.0;
            for (std::size_t k = 0; k < 3; ++k) {
                double const difference = direction[k] - blob.direction[k];
                chord_square += difference * difference;
            }
            double const sigma = blob.sigma.radians();
            double const shape = std::exp(-0.5 * chord_square / (sigma * sigma));
            for (std::size_t c = 0; c < 3; ++c) {
                sum[c] += shape * blob.brightness[c];
            }
        }
        return sum;
    }

    [[nodiscard]] std::size_t node(int i, int j) const
    {
        return static_cast<std::size_t>(j) * static_cast<std::size_t>(nodes_x_) +
               static_cast<std::size_t>(i);
    }

    int nodes_x_;
    int nodes_y_;
    std::vector<Colours> nodes_;
};

void fill_background(Survey const& survey, Exposure const& exposure, image::ImageView<float> frame)
{
    GlowField const glow(survey, exposure);
    int const width = survey.config().width;
    int const height = survey.config().height;
    for (int y = 0; y < height; ++y) {
        auto const glow_row = glow.empty() ? std::vector<Colours>{} : glow.row(y);
        double const slope_y = exposure.gradient_y * ((y + 0.5) / height - 0.5);
        for (int plane = 0; plane < frame.planes; ++plane) {
            float* const out = frame.row(plane, y);
            for (int x = 0; x < width; ++x) {
                std::size_t const colour = survey.colour_at(plane, x, y);
                double const slope = exposure.gradient_x * ((x + 0.5) / width - 0.5) + slope_y;
                double value = exposure.sky[colour] * (1.0 + slope);
                if (!glow_row.empty()) {
                    value += exposure.gain * GlowField::at(glow_row, x, colour);
                }
                out[x] = static_cast<float>(value);
            }
        }
    }
}

/// Share of a one-dimensional Gaussian in each of the pixels first … first + shares.size() - 1.
void integrate_gaussian(double center, double sigma, int first, std::vector<double>& shares)
{
    double const scale = 1.0 / (sigma * std::numbers::sqrt2);
    double below = std::erf((first - 0.5 - center) * scale);
    for (std::size_t k = 0; k < shares.size(); ++k) {
        double const above = std::erf((first + static_cast<double>(k) + 0.5 - center) * scale);
        shares[k] = 0.5 * (above - below);
        below = above;
    }
}

void add_stars(Survey const& survey, Exposure const& exposure, image::ImageView<float> frame)
{
    SimulateConfig const& config = survey.config();
    // A round Gaussian is the product of two, exactly integrated over the pixels.
    double const sigma = exposure.seeing / (2.0 * std::sqrt(2.0 * std::numbers::ln2));
    bool const is_product = config.wings == 0.0 && config.elongation == 0.0;
    int const width = survey.config().width;
    int const height = survey.config().height;
    std::vector<double> along_x;
    std::vector<double> along_y;
    for (Star const& star :
         survey.sky().stars_near(exposure.wcs.center(), survey.reach(exposure))) {
        sky::PixelPos const at = exposure.wcs.pixel_of(star.direction);
        StarProfile const profile = profile_of(survey, exposure, star);
        bool const is_simple = is_product && star.size == 0.0;
        constexpr double simple_reach = 6.0;  // 2e-9 of the flux is lost
        double const radius = is_simple ? simple_reach * sigma + 1.0 : profile.reach();
        bool const touches = at.x > -radius && at.y > -radius && at.x < width - 1 + radius &&
                             at.y < height - 1 + radius;
        if (!touches) {
            continue;
        }
        int const x0 = std::max(0, static_cast<int>(std::ceil(at.x - radius)));
        int const y0 = std::max(0, static_cast<int>(std::ceil(at.y - radius)));
        int const x1 = std::min(width, static_cast<int>(std::floor(at.x + radius)) + 1);
        int const y1 = std::min(height, static_cast<int>(std::floor(at.y + radius)) + 1);
        along_x.resize(static_cast<std::size_t>(std::max(0, x1 - x0)));
        along_y.resize(static_cast<std::size_t>(std::max(0, y1 - y0)));
        integrate_gaussian(at.x, sigma, x0, along_x);
        integrate_gaussian(at.y, sigma, y0, along_y);
        for (int plane = 0; plane < frame.planes; ++plane) {
            for (int y = y0; y < y1; ++y) {
                float* const out = frame.row(plane, y);
                double const share = exposure.gain * along_y[static_cast<std::size_t>(y - y0)];
                for (int x = x0; x < x1; ++x) {
                    double const flux = star.flux[survey.colour_at(plane, x, y)];
                    double const light =
                        is_simple ? flux * share * along_x[static_cast<std::size_t>(x - x0)]
                                  : flux * exposure.gain * profile.share(x - at.x, y - at.y);
                    out[x] += static_cast<float>(light);
                }
            }
        }
    }
}

void add_trails(Exposure const& exposure, image::ImageView<float> frame)
{
    for (Trail const& trail : exposure.trails) {
        double const angle = trail.angle * std::numbers::pi / 180.0;
        double const normal_x = -std::sin(angle);
        double const normal_y = std::cos(angle);
        double const half_width = trail.width / 2.0;
        for (std::int64_t y = frame.box.y0; y < frame.box.y1; ++y) {
            for (std::int64_t x = frame.box.x0; x < frame.box.x1; ++x) {
                double const distance = std::abs((static_cast<double>(x) - trail.x) * normal_x +
                                                 (static_cast<double>(y) - trail.y) * normal_y);
                double const cover = std::clamp(half_width + 0.5 - distance, 0.0, 1.0);
                if (cover > 0.0) {
                    for (int plane = 0; plane < frame.planes; ++plane) {
                        frame.at(plane, x, y) += static_cast<float>(trail.brightness * cover);
                    }
                }
            }
        }
    }
}

/// Noise, saturation and, for integer files, the converter: what the electronics do.
void read_out(Survey const& survey, Exposure const& exposure, image::ImageView<float> frame)
{
    SimulateConfig const& config = survey.config();
    bool const is_integer = config.bits_per_pixel == 16;
    double const noise = exposure.noise;
    for (int plane = 0; plane < frame.planes; ++plane) {
        CounterRandom const random(
            config.seed, Purpose::pixel_noise,
            {static_cast<std::uint64_t>(exposure.index), static_cast<std::uint64_t>(plane)});
        auto const pairs_per_row = static_cast<std::uint64_t>((config.width + 1) / 2);
        for (int y = 0; y < config.height; ++y) {
            float* const out = frame.row(plane, y);
            std::uint64_t const row_start = static_cast<std::uint64_t>(y) * pairs_per_row;
            CounterRandom::Pair pair{0.0, 0.0};
            for (int x = 0; x < config.width; ++x) {
                if (noise > 0.0 && x % 2 == 0) {
                    pair = random.normal_pair(row_start + static_cast<std::uint64_t>(x / 2));
                }
                double value = out[x] + noise * (x % 2 == 0 ? pair.first : pair.second);
                value = std::min(value, config.full_well);
                if (is_integer) {
                    value = std::max(0.0, std::nearbyint(value));
                }
                out[x] = static_cast<float>(value);
            }
        }
    }
}

}  // namespace

std::vector<io::FitsCard> header_cards(Survey const& survey, Exposure const& exposure)
{
    SimulateConfig const& config = survey.config();
    std::vector<io::FitsCard> cards = {
        {"OBJECT", std::string("simulated sky"), "name of the field"},
        {"INSTRUME", std::string("sectile-sim"), "camera"},
        {"TELESCOP", std::string("sectile-sim"), "telescope"},
        {"FILTER", std::string(config.colour == "mono" ? "L" : "RGB"), "filter"},
        {"IMAGETYP", std::string("Light Frame"), "type of exposure"},
        {"DATE-OBS", exposure.date_obs, "start of exposure (UTC)"},
        {"EXPTIME", exposure.exposure_time, "[s] exposure time"},
        {"GAIN", 1.0, "[electron/ADU] conversion factor"},
        {"SATURATE", config.full_well, "[ADU] largest value"},
        {"BUNIT", std::string("adu"), "unit of the pixels"},
        {"RA", exposure.wcs.center().lon.degrees(), "[deg] pointing"},
        {"DEC", exposure.wcs.center().lat.degrees(), "[deg] pointing"},
    };
    if (survey.pattern() != image::BayerPattern::none) {
        // TOP-DOWN: the pattern's first row is the first row of the file.
        cards.push_back({"BAYERPAT", config.bayer_pattern, "colour filter array"});
        cards.push_back({"XBAYROFF", std::int64_t{0}, "column of the pattern's first pixel"});
        cards.push_back({"YBAYROFF", std::int64_t{0}, "row of the pattern's first pixel"});
        cards.push_back(
            {"ROWORDER", std::string("TOP-DOWN"), "order of rows the pattern refers to"});
    }
    return cards;
}

namespace
{
image::Image<std::uint32_t> as_integers(image::ImageView<float const> pixels)
{
    image::Image<std::uint32_t> integers(pixels.box, pixels.planes);
    for (int plane = 0; plane < pixels.planes; ++plane) {
        for (std::int64_t y = pixels.box.y0; y < pixels.box.y1; ++y) {
            std::transform(pixels.row(plane, y), pixels.row(plane, y) + pixels.box.width(),
                           integers.view().row(plane, y),
                           [](float value) { return static_cast<std::uint32_t>(value); });
        }
    }
    return integers;
}
}  // namespace

image::Image<float> render(Survey const& survey, Exposure const& exposure)
{
    SimulateConfig const& config = survey.config();
    image::Image<float> frame({0, 0, config.width, config.height}, survey.stored_planes());
    fill_background(survey, exposure, frame.view());
    add_stars(survey, exposure, frame.view());
    add_trails(exposure, frame.view());
    for (HotPixel const& hot : survey.hot_pixels()) {
        frame.view().at(hot.plane, hot.x, hot.y) += static_cast<float>(hot.excess);
    }
    read_out(survey, exposure, frame.view());
    return frame;
}

void write_frame(Survey const& survey, Exposure const& exposure,
                 image::ImageView<float const> pixels, std::string const& path)
{
    SimulateConfig const& config = survey.config();
    io::FitsImageSpec spec;
    spec.bits_per_pixel = config.bits_per_pixel;
    spec.is_unsigned = config.bits_per_pixel == 16;
    spec.width = config.width;
    spec.height = config.height;
    spec.planes = pixels.planes;
    spec.wcs_cards = exposure.stated_wcs.cards();
    spec.cards = header_cards(survey, exposure);
    io::FitsWriter writer(path);
    writer.begin_image(spec);
    if (spec.is_unsigned) {
        image::Image<std::uint32_t> const integers = as_integers(pixels);
        writer.write_rows(integers.view());
    } else {
        writer.write_rows(pixels);
    }
    writer.commit();
}
}  // namespace sectile::simulate
