// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/product/verify.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/product/rejection_maps.hpp"

#include "product/canvas_rows.hpp"
#include "product/product_pixels.hpp"

namespace sectile::product
{
namespace
{
namespace fs = std::filesystem;

char const* const remedy = "make it anew: sectile run with the same --input and --output";

/// Files of a product, empty where there is none.
struct ProductFiles
{
    std::string fits;
    std::string canvas;
};

struct PixelSummary
{
    std::int64_t pixels = 0;
    std::int64_t filled = 0;  ///< pixels of all planes with data
    float smallest = std::numeric_limits<float>::infinity();
    float largest = -std::numeric_limits<float>::infinity();
    std::uint32_t deepest = 0;  ///< largest coverage
};

ProductFiles find_product(std::string const& path)
{
    auto const existing = [](fs::path const& file) {
        return fs::is_regular_file(file) ? file.string() : std::string();
    };
    ProductFiles files;
    if (fs::is_directory(path)) {
        files.fits = existing(fs::path(path) / "mosaic.fits");
        files.canvas = existing(fs::path(path) / "mosaic.h5");
    } else if (fs::path(path).extension() == ".h5") {
        files.canvas = existing(path);
    } else {
        files.fits = existing(path);
    }
    if (files.fits.empty() && files.canvas.empty()) {
        throw core::IoError(core::sentence("there is nothing to verify in '" + path + "'",
                                           "neither mosaic.fits nor mosaic.h5 is there",
                                           "give the output directory of a finished run"));
    }
    return files;
}

core::IoError wrong_pixel(std::string const& file, int plane, std::int64_t x, std::int64_t y,
                          std::string const& why)
{
    return core::IoError(core::sentence(
        fmt::format("'{}' is damaged at plane {}, pixel ({}, {})", file, plane, x, y), why,
        remedy));
}

/// What contradicts the definition of the product at one pixel, or nothing.
std::optional<std::string> contradiction(float science, float weight, std::uint32_t coverage)
{
    if (!std::isfinite(weight) || weight < 0.0F) {
        return "the weight is not a finite number of at least 0";
    }
    if (std::isfinite(science) != (weight > 0.0F)) {
        return weight > 0.0F ? "there is weight but no value" : "there is a value without weight";
    }
    if (weight > 0.0F && coverage == 0) {
        return "there is a value but no frame behind it";
    }
    return std::nullopt;
}

void check_rows(std::string const& file, ProductRows const& rows, PixelSummary& summary)
{
    core::Box const box = rows.science.box;
    summary.pixels += box.area() * rows.science.planes;
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        std::vector<bool> has_weight(static_cast<std::size_t>(box.width()), false);
        for (int plane = 0; plane < rows.science.planes; ++plane) {
            float const* const science = rows.science.row(plane, y);
            float const* const weight = rows.weight.row(plane, y);
            std::uint32_t const* const coverage = rows.coverage.row(plane, y);
            for (std::int64_t x = 0; x < box.width(); ++x) {
                if (auto const why = contradiction(science[x], weight[x], coverage[x])) {
                    throw wrong_pixel(file, plane, x, y, *why);
                }
                summary.deepest = std::max(summary.deepest, coverage[x]);
                if (weight[x] > 0.0F) {
                    has_weight[static_cast<std::size_t>(x)] = true;
                    ++summary.filled;
                    summary.smallest = std::min(summary.smallest, science[x]);
                    summary.largest = std::max(summary.largest, science[x]);
                }
            }
        }
        std::uint8_t const* const alpha = rows.alpha.row(0, y);
        for (std::int64_t x = 0; x < box.width(); ++x) {
            if (alpha[x] > 0 && !has_weight[static_cast<std::size_t>(x)]) {
                throw wrong_pixel(file, 0, x, y, "alpha is set where no plane has weight");
            }
        }
    }
}

template <class T>
void compare_planes(ProductFiles const& files, char const* what, image::ImageView<T> one,
                    image::ImageView<T> other)
{
    for (int plane = 0; plane < one.planes; ++plane) {
        for (std::int64_t y = one.box.y0; y < one.box.y1; ++y) {
            T const* const left = one.row(plane, y);
            T const* const right = other.row(plane, y);
            for (std::int64_t x = 0; x < one.box.width(); ++x) {
                // Empty pixels are NaN, which differs from itself, in both files.
                bool const both_empty = left[x] != left[x] && right[x] != right[x];
                if (left[x] != right[x] && !both_empty) {
                    throw wrong_pixel(files.canvas, plane, x, y,
                                      fmt::format("{} differs from {}", what, files.fits));
                }
            }
        }
    }
}

void compare_rows(ProductFiles const& files, ProductRows const& canvas, ProductRows const& fits)
{
    compare_planes(files, "science", canvas.science, fits.science);
    compare_planes(files, "weight", canvas.weight, fits.weight);
    compare_planes(files, "coverage", canvas.coverage, fits.coverage);
    compare_planes(files, "alpha", canvas.alpha, fits.alpha);
}

/// Goes once through the product by rows; `other` is the second file of the product or null.
PixelSummary check_pixels(ProductFiles const& files, std::string const& name, ProductPixels& pixels,
                          ProductPixels* other)
{
    if (other != nullptr &&
        (other->bounds() != pixels.bounds() || other->planes() != pixels.planes())) {
        throw core::IoError(core::sentence(
            "the files of the product do not belong together",
            "'" + files.canvas + "' and '" + files.fits + "' differ in size", remedy));
    }
    PixelSummary summary;
    core::Box const bounds = pixels.bounds();
    // Three planes of 4 bytes each for every plane of the mosaic, and alpha.
    std::int64_t const rows = rows_of_block(bounds, pixels.planes(), 13);
    core::Box const first_rows{0, 0, bounds.x1, rows};
    ProductRowBuffer buffer(first_rows, pixels.planes());
    ProductRowBuffer other_buffer(other != nullptr ? first_rows : core::Box{}, pixels.planes());
    for (std::int64_t y = 0; y < bounds.y1; y += rows) {
        core::Box const box{0, y, bounds.x1, std::min(y + rows, bounds.y1)};
        ProductRows const block = buffer.at(box);
        pixels.read(block);
        check_rows(name, block, summary);
        if (other != nullptr) {
            ProductRows const other_block = other_buffer.at(box);
            other->read(other_block);
            compare_rows(files, block, other_block);
        }
    }
    return summary;
}
}  // namespace

std::string verify_product(std::string const& path)
{
    ProductFiles const files = find_product(path);
    std::unique_ptr<ProductPixels> fits;
    std::unique_ptr<ProductPixels> canvas;
    std::string text;
    if (!files.fits.empty()) {
        auto const images = io::verify_fits_checksums(files.fits);
        fits = std::make_unique<FitsPixels>(files.fits, images);
        text += fmt::format("{}: CHECKSUM and DATASUM of {} HDUs are right\n", files.fits,
                            images.size());
    }
    if (!files.canvas.empty()) {
        canvas = std::make_unique<CanvasPixels>(files.canvas);
    }
    ProductPixels& first = canvas ? *canvas : *fits;
    PixelSummary const summary = check_pixels(files, canvas ? files.canvas : files.fits, first,
                                              canvas ? fits.get() : nullptr);

    if (canvas && fits) {
        text += fmt::format("{}: the same pixels as mosaic.fits\n", files.canvas);
    } else if (canvas) {
        text += fmt::format("{}: complete; it has no checksums\n", files.canvas);
    }
    text += fmt::format(
        "{} x {} pixels, {} plane{}, {:.1f} % filled, at most {} frames deep\n",
        first.bounds().width(), first.bounds().height(), first.planes(),
        first.planes() == 1 ? "" : "s",
        100.0 * static_cast<double>(summary.filled) / static_cast<double>(summary.pixels),
        summary.deepest);
    if (summary.filled > 0) {
        text += fmt::format("values from {:.6g} to {:.6g}\n", summary.smallest, summary.largest);
    }
    return text + verify_rejection_maps(path);
}
}  // namespace sectile::product
