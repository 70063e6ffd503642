// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/compute/backend.hpp"

/// Small scenes for the tests of compute: sources with affine maps whose pixels are functions of
/// their position, so that any window of them can be cut.
namespace sectile::compute::testing
{
inline constexpr ResampleKernel all_kernels[] = {
    ResampleKernel::nearest,  ResampleKernel::bilinear, ResampleKernel::bicubic,
    ResampleKernel::lanczos2, ResampleKernel::lanczos3, ResampleKernel::lanczos4};

inline constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

/// Whole number hash of a pixel (splitmix64): a fixed, position-dependent random sequence.
inline std::uint64_t mix(std::uint64_t seed)
{
    seed += 0x9e3779b97f4a7c15ULL;
    seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebULL;
    return seed ^ (seed >> 31);
}

/// Uniform in [0, 1).
inline double uniform(std::uint64_t seed)
{
    return static_cast<double>(mix(seed) >> 11) * 0x1.0p-53;
}

/// Gaussian of mean 0 and sigma 1.
inline double gaussian(std::uint64_t seed)
{
    double const u = 1.0 - uniform(2 * seed);
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * uniform(2 * seed + 1));
}

inline std::uint64_t pixel_seed(std::uint64_t seed, int plane, std::int64_t x, std::int64_t y)
{
    return mix(seed * 1000003 + static_cast<std::uint64_t>(plane)) ^
           mix(static_cast<std::uint64_t>(x + 1000000) * 4000037 +
               static_cast<std::uint64_t>(y + 1000000));
}

/// source = origin + matrix * destination.
struct Affine
{
    double x = 0.0;
    double y = 0.0;
    double xx = 1.0;
    double xy = 0.0;
    double yx = 0.0;
    double yy = 1.0;

    static Affine rotation(double degrees, double scale, double x, double y)
    {
        double const angle = degrees * 0.017453292519943295;
        double const c = scale * std::cos(angle);
        double const s = scale * std::sin(angle);
        return {x, y, c, -s, s, c};
    }
};

inline image::GridMap make_map(Affine const& affine, core::Box const& domain, int spacing)
{
    auto const floor_div = [](std::int64_t v, std::int64_t d) {
        return v >= 0 ? v / d : -((-v + d - 1) / d);
    };
    image::GridMap map;
    map.domain = domain;
    map.spacing = spacing;
    map.node_x0 = floor_div(domain.x0, spacing);
    map.node_y0 = floor_div(domain.y0, spacing);
    map.nodes_x = static_cast<int>(floor_div(domain.x1 - 1, spacing) - map.node_x0) + 2;
    map.nodes_y = static_cast<int>(floor_div(domain.y1 - 1, spacing) - map.node_y0) + 2;
    for (int j = 0; j < map.nodes_y; ++j) {
        for (int i = 0; i < map.nodes_x; ++i) {
            auto const px = static_cast<double>((map.node_x0 + i) * spacing);
            auto const py = static_cast<double>((map.node_y0 + j) * spacing);
            map.x.push_back(affine.x + affine.xx * px + affine.xy * py);
            map.y.push_back(affine.y + affine.yx * px + affine.yy * py);
        }
    }
    return map;
}

using PixelFunction = std::function<double(int plane, std::int64_t x, std::int64_t y)>;

/// All that one source of a test needs, as a whole image; windows are cut from it.
struct SourceImage
{
    core::SourceId id;
    core::Box frame;
    int planes = 1;
    image::Image<float> science;
    image::Image<float> weight;
    image::Image<float> coverage;
    image::GridMap map;
    std::vector<Photometry> photometry;
    std::vector<double> weight_scale;
    std::vector<double> noise_sigma;
    std::vector<image::NoiseCovariance> noise_covariance;  ///< empty: pixels are independent

    SourceImage(core::SourceId source_id, core::Box const& frame_box, int plane_count,
                image::GridMap grid_map, PixelFunction const& pixel)
        : id(source_id),
          frame(frame_box),
          planes(plane_count),
          map(std::move(grid_map)),
          photometry(static_cast<std::size_t>(plane_count)),
          weight_scale(static_cast<std::size_t>(plane_count), 1.0),
          noise_sigma(static_cast<std::size_t>(plane_count), 0.0)
    {
        science = filled(pixel, plane_count);
    }

    void set_weight(PixelFunction const& pixel) { weight = filled(pixel, 1); }
    void set_coverage(PixelFunction const& pixel) { coverage = filled(pixel, 1); }

    /// The whole image with `margin` masked pixels around.
    [[nodiscard]] SourceWindow window(core::Box const& footprint) const
    {
        SourceWindow source;
        source.id = id;
        source.science = science.view();
        source.weight = weight.view();
        source.coverage = coverage.view();
        source.frame = frame;
        source.map = &map;
        source.footprint = footprint;
        source.photometry = photometry;
        source.weight_scale = weight_scale;
        source.noise_sigma = noise_sigma;
        source.noise_covariance = noise_covariance;
        return source;
    }

    [[nodiscard]] SourceWindow window() const { return window(map.domain); }

    static constexpr int margin = 8;

  private:
    [[nodiscard]] image::Image<float> filled(PixelFunction const& pixel, int count) const
    {
        core::Box const box = frame.grown_by(margin);
        image::Image<float> result(box, count);
        auto const view = result.view();
        for (int c = 0; c < count; ++c) {
            for (std::int64_t y = box.y0; y < box.y1; ++y) {
                for (std::int64_t x = box.x0; x < box.x1; ++x) {
                    view.at(c, x, y) =
                        frame.contains(x, y) ? static_cast<float>(pixel(c, x, y)) : nan_value;
                }
            }
        }
        return result;
    }
};

/// The windows of all, with an alpha plane for every other one if given.
inline std::vector<StripSource> windows_of(std::vector<std::unique_ptr<SourceImage>> const& sources,
                                           image::Image<float> const* alpha = nullptr)
{
    std::vector<StripSource> windows;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        SourceWindow window = sources[i]->window();
        if (alpha != nullptr && i % 2 == 0) {
            window.alpha = alpha->view();
        }
        windows.emplace_back(window);
    }
    return windows;
}

/// The part of a source that a strip needs, cut out as the engine cuts it.
struct CutWindow
{
    image::Image<float> science;
    image::Image<float> weight;
    image::Image<float> coverage;
    SourceWindow window;

    CutWindow(SourceImage const& source, core::Box const& part, int kernel_margin)
    {
        window = source.window();
        core::Box const box =
            source.map.source_bounds(part).grown_by(kernel_margin).clipped_to(source.science.box());
        science = cut(source.science, box);
        weight = cut(source.weight, box);
        coverage = cut(source.coverage, box);
        window.science = science.view();
        window.weight = weight.view();
        window.coverage = coverage.view();
    }

  private:
    static image::Image<float> cut(image::Image<float> const& from, core::Box const& box)
    {
        if (from.empty()) {
            return {};
        }
        image::Image<float> result(box, from.planes());
        for (int c = 0; c < from.planes(); ++c) {
            for (std::int64_t y = box.y0; y < box.y1; ++y) {
                for (std::int64_t x = box.x0; x < box.x1; ++x) {
                    result.view().at(c, x, y) = from.view().at(c, x, y);
                }
            }
        }
        return result;
    }
};

/// Owner of a strip's output.
struct Output
{
    image::Image<float> science;
    image::Image<float> weight;
    image::Image<std::uint32_t> coverage;

    Output(core::Box const& strip, int planes)
        : science(strip, planes), weight(strip, planes), coverage(strip, planes)
    {}
    [[nodiscard]] StripOutput view() { return {science.view(), weight.view(), coverage.view()}; }
};

/// Sigma of value * sqrt(weight) of the planes first to last - 1, where the true value is 0.
inline double pull_sigma(Output const& output, int first, int last)
{
    core::Box const& box = output.weight.box();
    double squares = 0.0;
    std::int64_t count = 0;
    for (int c = first; c < last; ++c) {
        for (std::int64_t y = box.y0; y < box.y1; ++y) {
            for (std::int64_t x = box.x0; x < box.x1; ++x) {
                double const weight = output.weight.view().at(c, x, y);
                if (weight > 0.0) {
                    double const value = output.science.view().at(c, x, y);
                    squares += value * value * weight;
                    ++count;
                }
            }
        }
    }
    EXPECT_GT(count, 30000);
    return std::sqrt(squares / static_cast<double>(count));
}

/// Owner of the samples of one source.
struct Samples
{
    image::Image<float> value;
    image::Image<float> weight;
    image::Image<float> coverage;
    image::Image<float> sigma;
    image::Image<float> excess;

    Samples(core::Box const& strip, int planes)
        : value(strip, planes),
          weight(strip, planes),
          coverage(strip, planes),
          sigma(strip, planes),
          excess(strip, planes)
    {}
    [[nodiscard]] SampleOutput view()
    {
        return {value.view(), weight.view(), coverage.view(), sigma.view(), excess.view()};
    }
    [[nodiscard]] SampleBlock block(core::SourceId id, std::span<double const> noise_sigma) const
    {
        return {id,          value.box(),  value.view(), weight.view(), coverage.view(),
                noise_sigma, sigma.view(), excess.view()};
    }
};

/// Runs tasks on some threads in no fixed order.
class ThreadRunner final : public core::TaskRunner
{
  public:
    explicit ThreadRunner(int threads) : threads_(threads) {}
    [[nodiscard]] int workers() const override { return threads_; }
    void for_each(std::size_t count, std::function<void(std::size_t, int)> const& task) override
    {
        std::atomic<std::size_t> next{0};
        std::exception_ptr failure;
        std::mutex guard;
        std::vector<std::thread> threads;
        for (int worker = 0; worker < threads_; ++worker) {
            threads.emplace_back([&, worker] {
                try {
                    for (std::size_t i = next++; i < count; i = next++) {
                        task(count - 1 - i, worker);
                    }
                } catch (...) {
                    std::scoped_lock const lock(guard);
                    failure = std::current_exception();
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        if (failure) {
            std::rethrow_exception(failure);
        }
    }

  private:
    int threads_;
};

/// Number of pixels whose bits differ.
template <class T>
std::int64_t different_bits(image::ImageView<T const> a, image::ImageView<T const> b)
{
    std::int64_t count = 0;
    for (int c = 0; c < a.planes; ++c) {
        for (std::int64_t y = a.box.y0; y < a.box.y1; ++y) {
            for (std::int64_t x = a.box.x0; x < a.box.x1; ++x) {
                count += std::memcmp(&a.at(c, x, y), &b.at(c, x, y), sizeof(T)) != 0 ? 1 : 0;
            }
        }
    }
    return count;
}

inline std::int64_t different_bits(Output const& a, Output const& b)
{
    return different_bits<float>(a.science.view(), b.science.view()) +
           different_bits<float>(a.weight.view(), b.weight.view()) +
           different_bits<std::uint32_t>(a.coverage.view(), b.coverage.view());
}
}  // namespace sectile::compute::testing
