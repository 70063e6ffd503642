// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>

#include "sectile/compute/hot_pixels.hpp"
#include "sectile/core/error.hpp"

namespace sectile::compute
{
namespace
{
class Repair
{
  public:
    Repair(image::ImageView<float> raw, image::BayerPattern pattern,
           std::span<DefectPosition const> defects)
        : raw_(raw), pattern_(pattern), defects_(defects)
    {}

    void run()
    {
        // Defects are never a source, so the order in which they are replaced does not matter.
        for (DefectPosition const& defect : defects_) {
            if (raw_.box.contains(defect.x, defect.y)) {
                float& pixel = raw_.at(0, defect.x, defect.y);
                pixel = std::isfinite(pixel) ? replacement(defect) : pixel;
            }
        }
    }

  private:
    [[nodiscard]] bool is_defect(std::int64_t x, std::int64_t y) const
    {
        return std::ranges::binary_search(
            defects_, DefectPosition{static_cast<std::int32_t>(y), static_cast<std::int32_t>(x)});
    }

    [[nodiscard]] float replacement(DefectPosition const& defect)
    {
        int const step = pattern_ == image::BayerPattern::none ? 1 : 2;
        for (int radius = step; radius <= repair_margin; radius += step) {
            collect(defect, radius);
            if (!values_.empty()) {
                return median();
            }
        }
        return std::numeric_limits<float>::quiet_NaN();
    }

    void collect(DefectPosition const& defect, int radius)
    {
        values_.clear();
        int const plane = image::bayer_plane(pattern_, defect.x, defect.y);
        core::Box const around =
            core::Box{defect.x, defect.y, defect.x + 1, defect.y + 1}.grown_by(radius).clipped_to(
                raw_.box);
        for (std::int64_t y = around.y0; y < around.y1; ++y) {
            for (std::int64_t x = around.x0; x < around.x1; ++x) {
                float const value = raw_.at(0, x, y);
                if (image::bayer_plane(pattern_, x, y) == plane && std::isfinite(value) &&
                    !is_defect(x, y)) {
                    values_.push_back(value);
                }
            }
        }
    }

    [[nodiscard]] float median()
    {
        std::ranges::sort(values_);
        std::size_t const half = values_.size() / 2;
        return values_.size() % 2 != 0 ? values_[half] : 0.5F * (values_[half - 1] + values_[half]);
    }

    image::ImageView<float> raw_;
    image::BayerPattern pattern_;
    std::span<DefectPosition const> defects_;
    std::vector<float> values_;
};
}  // namespace

void repair_pixels(image::ImageView<float> raw, image::BayerPattern pattern,
                   std::span<DefectPosition const> defects)
{
    core::require(raw.planes == 1, "pixels are repaired in raw frames of one plane");
    core::require(std::ranges::is_sorted(defects), "defective pixels must be in order");
    Repair(raw, pattern, defects).run();
}
}  // namespace sectile::compute
