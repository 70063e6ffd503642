// SPDX-License-Identifier: BSD-3-Clause
#include "product/drawing.hpp"

#include <algorithm>
#include <cmath>

namespace sectile::product
{
namespace
{
/// Equidistant in Oklab lightness 0.26 to 0.92, hue 305 to 105 degrees, chroma as far as sRGB
/// reaches, at most 0.16.
constexpr std::array<Color, 13> anchors{{{52, 2, 85},
                                         {52, 20, 121},
                                         {39, 49, 144},
                                         {7, 77, 150},
                                         {12, 100, 145},
                                         {16, 121, 148},
                                         {20, 141, 153},
                                         {21, 162, 154},
                                         {26, 184, 148},
                                         {74, 204, 131},
                                         {140, 216, 115},
                                         {194, 226, 102},
                                         {244, 234, 98}}};

constexpr int font_width = 5;

/// Rows from the top, the leftmost pixel is bit 4.
constexpr std::array<std::array<std::uint8_t, font_height>, 10> font{{
    {0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110},
    {0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110},
    {0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111},
    {0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110},
    {0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010},
    {0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110},
    {0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110},
    {0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000},
    {0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110},
    {0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100},
}};
}  // namespace

Color map_color(double t)
{
    double const position = std::clamp(t, 0.0, 1.0) * (anchors.size() - 1);
    auto const left = std::min(static_cast<std::size_t>(position), anchors.size() - 2);
    double const part = position - static_cast<double>(left);
    Color color{};
    for (std::size_t channel = 0; channel < color.size(); ++channel) {
        double const value =
            (1.0 - part) * anchors[left][channel] + part * anchors[left + 1][channel];
        color[channel] = static_cast<std::uint8_t>(std::lround(value));
    }
    return color;
}

std::vector<std::int64_t> axis_ticks(std::int64_t largest, int most)
{
    std::int64_t step = 1;
    for (int turn = 0; largest / step > most; ++turn) {
        // 1, 2, 5, 10, 20, 50 ...
        step = turn % 3 == 1 ? step / 2 * 5 : step * 2;
    }
    std::vector<std::int64_t> ticks;
    for (std::int64_t tick = 0; tick <= largest; tick += step) {
        ticks.push_back(tick);
    }
    return ticks;
}

std::int64_t text_width(std::string_view digits, int scale)
{
    auto const count = static_cast<std::int64_t>(digits.size());
    return count == 0 ? 0 : (count * (font_width + 1) - 1) * scale;
}

void fill(image::ImageView<std::uint8_t> picture, core::Box const& part, Color const& color)
{
    core::Box const box = part.clipped_to(picture.box);
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        for (std::int64_t x = box.x0; x < box.x1; ++x) {
            for (int channel = 0; channel < 3; ++channel) {
                picture.at(channel, x, y) = color[static_cast<std::size_t>(channel)];
            }
            picture.at(3, x, y) = 255;
        }
    }
}

void draw_text(image::ImageView<std::uint8_t> picture, std::int64_t x, std::int64_t y,
               std::string_view digits, int scale, Color const& color)
{
    for (char const digit : digits) {
        for (int row = 0; row < font_height && digit >= '0' && digit <= '9'; ++row) {
            int const bits = font[static_cast<std::size_t>(digit - '0')]
                                 [static_cast<std::size_t>(font_height - 1 - row)];
            for (int column = 0; column < font_width; ++column) {
                if (((bits >> (font_width - 1 - column)) & 1) != 0) {
                    core::Box const dot{x + column * scale, y + row * scale,
                                        x + (column + 1) * scale, y + (row + 1) * scale};
                    fill(picture, dot, color);
                }
            }
        }
        x += (font_width + 1) * scale;
    }
}
}  // namespace sectile::product
