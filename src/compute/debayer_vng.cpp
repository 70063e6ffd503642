// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "compute/cpu/mosaic_kernels.hpp"
#include "compute/debayer_methods.hpp"

namespace sectile::compute
{
namespace
{
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

struct Offset
{
    int dx;
    int dy;
};

/// The offset turned by quarters of a circle: north to east to south to west.
Offset turned(Offset offset, int quarters)
{
    for (int i = 0; i < quarters; ++i) {
        offset = {-offset.dy, offset.dx};
    }
    return offset;
}

struct GradientTerm
{
    Offset a;
    Offset b;
    float weight;
};

/// Terms of the gradient towards north at every pixel, and towards north-east at red or blue and at
/// green pixels; the weights of a gradient add up to 4.
constexpr GradientTerm north_terms[] = {
    {{0, -1}, {0, 1}, 1.0F}, {{0, -2}, {0, 0}, 1.0F},   {{-1, -1}, {-1, 1}, 0.5F},
    {{1, -1}, {1, 1}, 0.5F}, {{-1, -2}, {-1, 0}, 0.5F}, {{1, -2}, {1, 0}, 0.5F},
};
constexpr GradientTerm northeast_terms[] = {
    {{1, -1}, {-1, 1}, 1.0F}, {{2, -2}, {0, 0}, 1.0F},  {{0, -1}, {-1, 0}, 0.5F},
    {{1, 0}, {0, 1}, 0.5F},   {{1, -2}, {0, -1}, 0.5F}, {{2, -1}, {1, 0}, 0.5F},
};
constexpr GradientTerm green_northeast_terms[] = {
    {{1, -1}, {-1, 1}, 1.0F},
    {{2, -2}, {0, 0}, 1.0F},
    {{1, -2}, {-1, 0}, 1.0F},
    {{2, -1}, {0, 1}, 1.0F},
};

/// Samples whose mean is a colour on the way towards north or north-east.
constexpr Offset north_own[] = {{0, 0}, {0, -2}};
constexpr Offset north_ahead[] = {{0, -1}};
constexpr Offset north_other[] = {{-1, -1}, {1, -1}};
constexpr Offset north_across[] = {{-1, -2}, {1, -2}, {-1, 0}, {1, 0}};
constexpr Offset northeast_own[] = {{0, 0}, {2, -2}};
constexpr Offset northeast_green[] = {{1, -2}, {1, 0}, {0, -1}, {2, -1}};
constexpr Offset northeast_ahead[] = {{1, -1}};
constexpr Offset northeast_upright[] = {{0, -1}, {2, -1}};
constexpr Offset northeast_level[] = {{1, -2}, {1, 0}};

/// Variable number of gradients at one pixel of which some neighbours are masked.
class MaskedPixel
{
  public:
    MaskedPixel(float const* patch, bool is_green) : patch_(patch), is_green_(is_green) {}

    [[nodiscard]] VngColours colours() const
    {
        float const own = at({0, 0});
        if (!std::isfinite(own)) {
            return {nan_value, nan_value, nan_value};
        }
        std::array<float, 8> gradients{};
        for (int quarter = 0; quarter < 4; ++quarter) {
            auto const i = static_cast<std::size_t>(quarter);
            gradients[i] = gradient(north_terms, quarter);
            gradients[4 + i] = is_green_ ? gradient(green_northeast_terms, quarter)
                                         : gradient(northeast_terms, quarter);
        }
        float const limit = limit_of(gradients);
        Sum first;
        Sum second;
        for (int i = 0; i < 8; ++i) {
            if (gradients[static_cast<std::size_t>(i)] <= limit) {
                add_direction(i % 4, i >= 4, first, second);
            }
        }
        Offset const beside[] = {{-1, 0}, {1, 0}};
        Offset const along[] = {{0, -1}, {0, 1}};
        Offset const nearest[] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
        Offset const corners[] = {{-1, -1}, {1, -1}, {-1, 1}, {1, 1}};
        if (is_green_) {
            return {first.count > 0 ? own + first.mean() : mean(beside, 0), own,
                    second.count > 0 ? own + second.mean() : mean(along, 0)};
        }
        return {own, first.count > 0 ? own + first.mean() : mean(nearest, 0),
                second.count > 0 ? own + second.mean() : mean(corners, 0)};
    }

  private:
    struct Sum
    {
        float value = 0.0F;
        int count = 0;

        void add(float difference)
        {
            if (std::isfinite(difference)) {
                value += difference;
                ++count;
            }
        }
        [[nodiscard]] float mean() const { return value / static_cast<float>(count); }
    };

    [[nodiscard]] float at(Offset offset) const
    {
        return patch_[(offset.dy + 2) * 5 + offset.dx + 2];
    }

    /// Scaled up to the weight of a whole gradient; NaN, which is never chosen, without any term.
    template <std::size_t N>
    [[nodiscard]] float gradient(GradientTerm const (&terms)[N], int quarters) const
    {
        float sum = 0.0F;
        float weight = 0.0F;
        for (GradientTerm const& term : terms) {
            float const difference =
                std::fabs(at(turned(term.a, quarters)) - at(turned(term.b, quarters)));
            if (std::isfinite(difference)) {
                sum += term.weight * difference;
                weight += term.weight;
            }
        }
        return weight > 0.0F ? sum * (4.0F / weight) : nan_value;
    }

    [[nodiscard]] static float limit_of(std::array<float, 8> const& gradients)
    {
        float low = std::numeric_limits<float>::infinity();
        float high = 0.0F;
        for (float const g : gradients) {
            if (std::isfinite(g)) {
                low = std::min(low, g);
                high = std::max(high, g);
            }
        }
        return 1.5F * low + 0.5F * (high - low);
    }

    template <std::size_t N>
    [[nodiscard]] float mean(Offset const (&offsets)[N], int quarters) const
    {
        Sum sum;
        for (Offset const offset : offsets) {
            sum.add(at(turned(offset, quarters)));
        }
        return sum.count > 0 ? sum.mean() : nan_value;
    }

    void add_direction(int quarter, bool is_diagonal, Sum& first, Sum& second) const
    {
        // What stands in rows and what in columns changes places with each quarter turn.
        bool const is_turned = quarter % 2 != 0;
        if (!is_green_) {
            float const base =
                is_diagonal ? mean(northeast_own, quarter) : mean(north_own, quarter);
            first.add((is_diagonal ? mean(northeast_green, quarter) : mean(north_ahead, quarter)) -
                      base);
            second.add((is_diagonal ? mean(northeast_ahead, quarter) : mean(north_other, quarter)) -
                       base);
            return;
        }
        float const base = is_diagonal ? mean(northeast_ahead, quarter) : mean(north_own, quarter);
        float const level =
            is_diagonal ? mean(northeast_level, quarter) : mean(north_across, quarter);
        float const upright =
            is_diagonal ? mean(northeast_upright, quarter) : mean(north_ahead, quarter);
        first.add((is_turned ? upright : level) - base);
        second.add((is_turned ? level : upright) - base);
    }

    float const* patch_;
    bool is_green_;
};

/// One raw row with two pixels more on each side, every other pixel together, and where its holes
/// are.
struct SplitRow
{
    std::vector<float> even;
    std::vector<float> odd;
    std::vector<std::int64_t> holes;  ///< x of masked samples within two pixels of the output

    void fill(image::ImageView<float const> raw, core::Box const& out, std::int64_t y)
    {
        std::int64_t const pairs = (out.width() + 1) / 2;
        even.assign(static_cast<std::size_t>(pairs + 2), nan_value);
        odd.assign(static_cast<std::size_t>(pairs + 2), nan_value);
        holes.clear();
        core::Box const part =
            core::Box{out.x0 - 2, y, out.x0 + 2 * pairs + 2, y + 1}.clipped_to(raw.box);
        if (!part.empty()) {
            copy(raw.row(0, y) + (part.x0 - raw.box.x0), part, out.x0 - 2);
        }
        for (std::int64_t x = out.x0 - 2; x < out.x1 + 2; ++x) {
            float const sample = at(x - out.x0);
            if (!(sample - sample == 0.0F)) {
                holes.push_back(x);
            }
        }
    }

    /// Sample at `dx` pixels from the first of the output.
    [[nodiscard]] float at(std::int64_t dx) const
    {
        auto const i = static_cast<std::size_t>((dx + 2) / 2);
        return dx % 2 == 0 ? even[i] : odd[i];
    }

  private:
    void copy(float const* from, core::Box const& part, std::int64_t first)
    {
        std::int64_t x = part.x0 - first;
        std::int64_t const end = part.x1 - first;
        if (x < end && x % 2 != 0) {
            odd[static_cast<std::size_t>(x / 2)] = *from++;
            ++x;
        }
        float* const to_even = even.data() + x / 2;
        float* const to_odd = odd.data() + x / 2;
        std::int64_t const pairs = (end - x) / 2;
        for (std::int64_t i = 0; i < pairs; ++i) {
            to_even[i] = from[2 * i];
            to_odd[i] = from[2 * i + 1];
        }
        if (x + 2 * pairs < end) {
            to_even[pairs] = from[2 * pairs];
        }
    }
};

class VngDebayer
{
  public:
    VngDebayer(image::BayerPattern pattern, image::ImageView<float const> raw,
               image::ImageView<float> out)
        : pattern_(pattern), raw_(raw), out_(out)
    {}

    void run()
    {
        for (std::int64_t y = out_.box.y0 - 2; y < out_.box.y0 + 2; ++y) {
            row(y).fill(raw_, out_.box, y);
        }
        for (std::int64_t y = out_.box.y0; y < out_.box.y1; ++y) {
            row(y + 2).fill(raw_, out_.box, y + 2);
            run_row(y);
        }
    }

  private:
    SplitRow& row(std::int64_t y)
    {
        return rows_[static_cast<std::size_t>((y - out_.box.y0 + 2) % 5)];
    }

    void run_row(std::int64_t y)
    {
        VngRows rows{};
        for (int r = 0; r < 5; ++r) {
            rows.even[r] = row(y + r - 2).even.data() + 1;
            rows.odd[r] = row(y + r - 2).odd.data() + 1;
        }
        std::int64_t const x0 = out_.box.x0;
        rows.count = static_cast<int>(out_.box.width());
        rows.pairs = (rows.count + 1) / 2;
        int const first = image::bayer_plane(pattern_, x0, y);
        int const own = first == 1 ? image::bayer_plane(pattern_, x0 + 1, y) : first;
        rows.is_green_first = first == 1;
        rows.own = out_.row(own, y);
        rows.green = out_.row(1, y);
        rows.other = out_.row(2 - own, y);
        kernels_.vng_row(rows);
        mend(y, rows);
    }

    /// Pixels within two of a hole, one by one.
    void mend(std::int64_t y, VngRows const& rows)
    {
        marks_.assign(static_cast<std::size_t>(rows.count), 0);
        bool has_holes = false;
        for (int r = -2; r <= 2; ++r) {
            for (std::int64_t const hole : row(y + r).holes) {
                std::int64_t const at = hole - out_.box.x0;
                for (std::int64_t x = std::max<std::int64_t>(0, at - 2);
                     x <= std::min<std::int64_t>(rows.count - 1, at + 2); ++x) {
                    marks_[static_cast<std::size_t>(x)] = 1;
                    has_holes = true;
                }
            }
        }
        for (int x = 0; has_holes && x < rows.count; ++x) {
            if (marks_[static_cast<std::size_t>(x)] != 0) {
                mend_pixel(x, y, rows);
            }
        }
    }

    void mend_pixel(int x, std::int64_t y, VngRows const& rows)
    {
        std::array<float, 25> patch;
        for (int i = 0; i < 25; ++i) {
            patch[static_cast<std::size_t>(i)] = row(y + i / 5 - 2).at(x + i % 5 - 2);
        }
        VngColours const colours =
            MaskedPixel(patch.data(), (x % 2 == 0) == rows.is_green_first).colours();
        rows.own[x] = colours.own;
        rows.green[x] = colours.green;
        rows.other[x] = colours.other;
    }

    image::BayerPattern pattern_;
    image::ImageView<float const> raw_;
    image::ImageView<float> out_;
    std::array<SplitRow, 5> rows_;
    std::vector<unsigned char> marks_;
    MosaicKernels const& kernels_ = best_mosaic_kernels();
};
}  // namespace

void debayer_vng(image::BayerPattern pattern, image::ImageView<float const> raw,
                 image::ImageView<float> out)
{
    if (!out.box.empty()) {
        VngDebayer(pattern, raw, out).run();
    }
}
}  // namespace sectile::compute
