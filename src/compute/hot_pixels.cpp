// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/compute/hot_pixels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "sectile/core/error.hpp"
#include "sectile/core/robust.hpp"

#include "compute/block_noise.hpp"
#include "compute/cpu/mosaic_kernels.hpp"

namespace sectile::compute
{
namespace
{
/// A few values of the neighbourhood of a pixel.
class Values
{
  public:
    void clear() { count_ = 0; }
    void add(float value) { values_[count_++] = value; }
    [[nodiscard]] std::size_t size() const { return count_; }

    /// Mean of the two middle values of an even number; reorders.
    [[nodiscard]] double median()
    {
        auto const first = values_.begin();
        auto const middle = first + static_cast<std::ptrdiff_t>(count_ / 2);
        auto const last = first + static_cast<std::ptrdiff_t>(count_);
        std::nth_element(first, middle, last);
        if (count_ % 2 != 0) {
            return *middle;
        }
        return 0.5 * (static_cast<double>(*middle) + *std::max_element(first, middle));
    }
    /// 1.4826 times the median absolute deviation from the median; changes the values.
    [[nodiscard]] double spread()
    {
        auto const centre = static_cast<float>(median());
        for (std::size_t i = 0; i < count_; ++i) {
            values_[i] = std::fabs(values_[i] - centre);
        }
        return core::sigma_of_mad * median();
    }

  private:
    std::array<float, 81> values_;
    std::size_t count_ = 0;
};

/// Level of a colour around a pixel and its variance in units of the colour's noise.
struct Level
{
    double value = std::numeric_limits<double>::quiet_NaN();
    double variance = 0.0;
};
using Levels = std::array<Level, 3>;

Level median_level(Values& values)
{
    // Variance of a median of many normal values: pi / 2 over their number.
    return {values.median(), 1.5707963267948966 / static_cast<double>(values.size())};
}

/// What the neighbours of a pixel say about a star in it.
struct StarLight
{
    double expected = 0.0;         ///< sum m^2 / s^2
    double found = 0.0;            ///< sum m a / s^2
    std::array<double, 3> pull{};  ///< sum m / s of each colour: what an error of its level does

    void add(std::size_t plane, double m, double a, double s)
    {
        expected += m * m / (s * s);
        found += m * a / (s * s);
        pull[plane] += m / s;
    }
    [[nodiscard]] StarLight without(StarLight const& part) const
    {
        StarLight rest{expected - part.expected, found - part.found, pull};
        for (std::size_t i = 0; i < pull.size(); ++i) {
            rest.pull[i] -= part.pull[i];
        }
        return rest;
    }
    /// Sigma by which the star falls short of `excess` with noise `sigma`; nothing where a star of
    /// that light could be.
    [[nodiscard]] double shortfall(double excess, double sigma, Levels const& levels,
                                   double largest_share) const
    {
        if (!(expected > 0.0) || !(found < largest_share * excess * expected)) {
            return 0.0;
        }
        double variance = expected + expected * expected * sigma * sigma;
        for (std::size_t i = 0; i < pull.size(); ++i) {
            variance += pull[i] * pull[i] * levels[i].variance;
        }
        return (excess * expected - found) / std::sqrt(variance);
    }
};

/// Shares of the expected star light beyond which a pixel is taken for a star: with all neighbours,
/// and with the brightest left out. A star between two pixels of the sharpest width loses at most
/// a tenth of the expected light with the brighter neighbour; the rest is room for shot noise.
constexpr double largest_share = 0.7;
constexpr double largest_share_without_brightest = 0.6;
/// What leaving out costs in certainty, since the brightest is chosen by what was seen.
constexpr double price_of_leaving_out = 1.5;
/// The spread of a few pixels is taken for the noise if it is larger by this.
constexpr double clearly_larger = 1.4;

class HotPixelFinder
{
  public:
    HotPixelFinder(image::ImageView<float const> raw, image::BayerPattern pattern,
                   HotPixelOptions const& options)
        : raw_(raw), pattern_(pattern), options_(options), noise_(raw, pattern)
    {
        double const s = options.sharpest_fwhm / 2.3548200450309493;
        beside_ = std::exp(-0.5 / (s * s));
        corner_ = beside_ * beside_;
        for (int i = 0; i < 4; ++i) {
            colours_[static_cast<std::size_t>(i)] = image::bayer_plane(pattern, i & 1, i >> 1);
        }
    }

    [[nodiscard]] std::vector<HotCandidate> run()
    {
        std::vector<Suspect> suspects = screened();
        std::vector<DefectPosition> proven;
        for (Suspect& suspect : suspects) {
            suspect.sharpness = static_cast<float>(sharpness_of(suspect));
            if (suspect.sharpness >= options_.proof) {
                proven.push_back(suspect.position);
            }
        }
        proven_ = std::move(proven);
        std::vector<HotCandidate> candidates;
        for (Suspect& suspect : suspects) {
            if (suspect.sharpness < options_.proof && has_proven_neighbour(suspect.position)) {
                double const again = sharpness_of(suspect);
                // Beside a hot pixel a star is harder to see: nothing less than proof counts.
                if (again >= options_.proof) {
                    suspect.sharpness = static_cast<float>(again);
                }
            }
            if (suspect.sharpness >= options_.sharpness) {
                candidates.push_back({suspect.position.x, suspect.position.y,
                                      static_cast<float>(suspect.excess / suspect.sigma),
                                      suspect.sharpness});
            }
        }
        return candidates;
    }

  private:
    struct Suspect
    {
        DefectPosition position;
        double level = 0.0;   ///< of the own colour around
        double excess = 0.0;  ///< over it
        double sigma = 0.0;   ///< local noise; 0: not measured yet
        float sharpness = 0.0F;
    };

    [[nodiscard]] int colour(std::int64_t x, std::int64_t y) const
    {
        return colours_[static_cast<std::size_t>((y & 1) * 2 + (x & 1))];
    }

    [[nodiscard]] bool is_proven(std::int64_t x, std::int64_t y) const
    {
        return std::ranges::binary_search(
            proven_, DefectPosition{static_cast<std::int32_t>(y), static_cast<std::int32_t>(x)});
    }
    [[nodiscard]] bool has_proven_neighbour(DefectPosition const& at) const
    {
        for (int i = 0; i < 9; ++i) {
            if (i != 4 && is_proven(at.x + i % 3 - 1, at.y + i / 3 - 1)) {
                return true;
            }
        }
        return false;
    }

    /// Copies a row between two masked pixels on each side; masked pixels are very low, so that
    /// they raise no level and are no suspects.
    void fill_row(std::vector<float>& row, std::int64_t y) const
    {
        constexpr float low = -1e30F;
        row.assign(static_cast<std::size_t>(raw_.box.width() + 4), low);
        if (y < raw_.box.y0 || y >= raw_.box.y1) {
            return;
        }
        float const* const from = raw_.row(0, y);
        float* const to = row.data() + 2;
        for (std::int64_t i = 0; i < raw_.box.width(); ++i) {
            to[i] = from[i] - from[i] == 0.0F ? from[i] : low;
        }
    }

    /// Pixels well above a low level of their colour that remain so on a closer look.
    [[nodiscard]] std::vector<Suspect> screened()
    {
        MosaicKernels const& kernels = best_mosaic_kernels();
        std::vector<Suspect> suspects;
        std::array<std::vector<float>, 5> rows;
        auto const row = [&](std::int64_t y) -> std::vector<float>& {
            return rows[static_cast<std::size_t>((y - raw_.box.y0 + 2) % 5)];
        };
        for (std::int64_t y = raw_.box.y0 - 2; y < raw_.box.y0 + 2; ++y) {
            fill_row(row(y), y);
        }
        alignas(64) std::array<float, BlockNoise::block> excess;
        for (std::int64_t y = raw_.box.y0; y < raw_.box.y1; ++y) {
            fill_row(row(y + 2), y + 2);
            for (std::int64_t x = raw_.box.x0; x < raw_.box.x1;) {
                std::int64_t const end = std::min(raw_.box.x1, BlockNoise::end_of_block(x));
                auto const cut = static_cast<float>(options_.threshold * noise_.lowest(x, y));
                std::ptrdiff_t const at = x - raw_.box.x0 + 2;
                if (kernels.ring_excess(row(y - 2).data() + at, row(y).data() + at,
                                        row(y + 2).data() + at, static_cast<int>(end - x), cut,
                                        excess.data())) {
                    for (std::int64_t i = x; i < end; ++i) {
                        if (excess[static_cast<std::size_t>(i - x)] > cut) {
                            look_closer(i, y, suspects);
                        }
                    }
                }
                x = end;
            }
        }
        return suspects;
    }

    /// Calls `take(colour, value)` for the valid pixels of `around` that are not in `inner`.
    template <class Take>
    void for_each_valid(core::Box const& around, core::Box const& inner, Take const& take) const
    {
        core::Box const part = around.clipped_to(raw_.box);
        for (std::int64_t y = part.y0; y < part.y1; ++y) {
            float const* const row = raw_.row(0, y);
            for (std::int64_t x = part.x0; x < part.x1; ++x) {
                float const value = row[x - raw_.box.x0];
                if (std::isfinite(value) && !inner.contains(x, y)) {
                    take(colour(x, y), value);
                }
            }
        }
    }

    void look_closer(std::int64_t x, std::int64_t y, std::vector<Suspect>& suspects)
    {
        double const block_sigma = noise_.sigma(colour(x, y), x, y);
        if (!(block_sigma > 0.0)) {
            return;
        }
        values_.clear();
        for (int i = 0; i < 9; ++i) {
            std::int64_t const nx = x + 2 * (i % 3 - 1);
            std::int64_t const ny = y + 2 * (i / 3 - 1);
            if (i != 4 && raw_.box.contains(nx, ny) && std::isfinite(raw_.at(0, nx, ny))) {
                values_.add(raw_.at(0, nx, ny));
            }
        }
        if (values_.size() < 3) {
            return;
        }
        double const level = values_.median();
        double const excess = raw_.at(0, x, y) - level;
        if (excess > options_.threshold * block_sigma) {
            suspects.push_back(
                {{static_cast<std::int32_t>(y), static_cast<std::int32_t>(x)}, level, excess});
        }
    }

    /// Noise of the own colour near a pixel: that of the block, or more.
    [[nodiscard]] double local_sigma(DefectPosition const& at)
    {
        core::Box const pixel{at.x, at.y, at.x + 1, at.y + 1};
        int const own = colour(at.x, at.y);
        values_.clear();
        for_each_valid(pixel.grown_by(4), pixel, [&](int plane, float value) {
            if (plane == own) {
                values_.add(value);
            }
        });
        double const spread = values_.size() >= 8 ? values_.spread() : 0.0;
        return std::max(noise_.sigma(own, at.x, at.y), spread / clearly_larger);
    }

    /// Levels of all colours around a pixel, from 7x7 pixels without the inner 3x3.
    [[nodiscard]] Levels levels_around(DefectPosition const& at)
    {
        for (Values& values : around_) {
            values.clear();
        }
        core::Box const pixel{at.x, at.y, at.x + 1, at.y + 1};
        for_each_valid(pixel.grown_by(3), pixel.grown_by(1), [&](int plane, float value) {
            around_[static_cast<std::size_t>(plane)].add(value);
        });
        Levels levels;
        for (std::size_t plane = 0; plane < 3; ++plane) {
            if (around_[plane].size() >= 3) {
                levels[plane] = median_level(around_[plane]);
            }
        }
        return levels;
    }

    /// Sharpness with the noise of the block.
    [[nodiscard]] double sharpness_over(Levels const& levels, Suspect const& suspect) const
    {
        std::int64_t const x = suspect.position.x;
        std::int64_t const y = suspect.position.y;
        int const own = colour(x, y);
        StarLight light;
        StarLight brightest;
        for (int i = 0; i < 9; ++i) {
            std::int64_t const nx = x + i % 3 - 1;
            std::int64_t const ny = y + i / 3 - 1;
            if (i == 4 || !raw_.box.contains(nx, ny) || is_proven(nx, ny)) {
                continue;
            }
            auto const plane = static_cast<std::size_t>(colour(nx, ny));
            double const a = raw_.at(0, nx, ny) - levels[plane].value;
            double const s = noise_.sigma(static_cast<int>(plane), x, y);
            if (!std::isfinite(a) || !(s > 0.0)) {
                continue;
            }
            double const floor = colour(nx, ny) == own ? 1.0 : options_.colour_floor;
            double const m = (i % 2 == 0 ? corner_ : beside_) * floor;
            light.add(plane, m, a, s);
            StarLight alone;
            alone.add(plane, m, a, s);
            if (a > options_.threshold * s && alone.found > brightest.found) {
                brightest = alone;
            }
        }
        double const sigma = noise_.sigma(own, x, y);
        double const whole = light.shortfall(suspect.excess, sigma, levels, largest_share);
        if (!(brightest.found > 0.0)) {
            return whole;
        }
        double const rest = light.without(brightest).shortfall(suspect.excess, sigma, levels,
                                                               largest_share_without_brightest);
        return std::max(whole, rest - price_of_leaving_out);
    }

    /// 0 for what may be a star. Measures the local noise of the others.
    [[nodiscard]] double sharpness_of(Suspect& suspect)
    {
        if (pattern_ == image::BayerPattern::none) {
            // Most pixels of stars are known for what they are by the level there already is.
            Levels quick;
            quick[0].value = suspect.level;
            if (sharpness_over(quick, suspect) < options_.sharpness) {
                return 0.0;
            }
        }
        double const sharpness = sharpness_over(levels_around(suspect.position), suspect);
        if (sharpness < options_.sharpness) {
            return 0.0;
        }
        if (suspect.sigma == 0.0) {
            suspect.sigma = local_sigma(suspect.position);
        }
        double const block_sigma = noise_.sigma(colour(suspect.position.x, suspect.position.y),
                                                suspect.position.x, suspect.position.y);
        // All sigmas of the neighbourhood grow together, and the shortfall with their inverse.
        return suspect.excess > options_.threshold * suspect.sigma
                   ? sharpness * block_sigma / suspect.sigma
                   : 0.0;
    }

    image::ImageView<float const> raw_;
    image::BayerPattern pattern_;
    HotPixelOptions options_;
    BlockNoise noise_;
    std::array<int, 4> colours_;  ///< of the pixels of a cell
    double beside_ = 0.0;
    double corner_ = 0.0;
    Values values_;
    std::array<Values, 3> around_;
    std::vector<DefectPosition> proven_;
};
}  // namespace

std::vector<HotCandidate> find_hot_candidates(image::ImageView<float const> raw,
                                              image::BayerPattern pattern,
                                              HotPixelOptions const& options)
{
    core::require(raw.planes == 1, "hot pixels are looked for in raw frames of one plane");
    return raw.empty() ? std::vector<HotCandidate>{} : HotPixelFinder(raw, pattern, options).run();
}

std::vector<DefectPosition> persistent_hot_pixels(std::span<std::vector<HotCandidate> const> frames,
                                                  HotPixelOptions const& options)
{
    struct Vote
    {
        DefectPosition position;
        std::size_t frame;
        float sharpness;
    };
    std::vector<Vote> votes;
    for (std::size_t frame = 0; frame < frames.size(); ++frame) {
        for (HotCandidate const& candidate : frames[frame]) {
            votes.push_back({{candidate.y, candidate.x}, frame, candidate.sharpness});
        }
    }
    // Frames in order within a position: sums are the same whatever the sort does.
    std::ranges::sort(votes, [](Vote const& a, Vote const& b) {
        return a.position != b.position ? a.position < b.position : a.frame < b.frame;
    });
    bool const is_session = frames.size() >= 3;
    std::size_t const needed = is_session ? std::max<std::size_t>(2, (frames.size() + 1) / 2) : 1;
    std::vector<DefectPosition> defects;
    for (std::size_t first = 0; first < votes.size();) {
        std::size_t last = first;
        double sum = 0.0;
        double best = 0.0;
        for (; last < votes.size() && votes[last].position == votes[first].position; ++last) {
            sum += votes[last].sharpness;
            best = std::max<double>(best, votes[last].sharpness);
        }
        auto const count = last - first;
        double const evidence = is_session ? sum / std::sqrt(static_cast<double>(count)) : best;
        if (count >= needed && evidence >= options.proof) {
            defects.push_back(votes[first].position);
        }
        first = last;
    }
    return defects;
}
}  // namespace sectile::compute
