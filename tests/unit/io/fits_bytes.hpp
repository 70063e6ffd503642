// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sectile/image/image.hpp"

#include "support/read_file.hpp"
#include "support/scratch_folder.hpp"

namespace sectile::test
{
inline void write_bytes(std::string const& path, std::string const& bytes)
{
    std::ofstream(path, std::ios::binary) << bytes;
}

/// A FITS file made by hand, card by card and byte by byte, so that the reader is not tested
/// against the writer of the same library.
class FitsBytes
{
  public:
    /// Starts an HDU: "BITPIX  = 16" and so on; SIMPLE or XTENSION comes first by itself, END at
    /// the end.
    FitsBytes& header(std::vector<std::string> const& cards)
    {
        std::string text;
        auto const add = [&](std::string card) {
            card.resize(80, ' ');
            text += card;
        };
        add(bytes_.empty() ? "SIMPLE  =                    T" : "XTENSION= 'IMAGE   '");
        for (std::string const& card : cards) {
            add(card);
        }
        if (!bytes_.empty()) {
            add("PCOUNT  =                    0");
            add("GCOUNT  =                    1");
        }
        add("END");
        append(text, ' ');
        return *this;
    }
    /// BITPIX, NAXIS and NAXISn of an image, and then other cards.
    FitsBytes& image(int bits, std::vector<int> const& axes,
                     std::vector<std::string> const& more = {})
    {
        std::vector<std::string> cards = {"BITPIX  = " + std::to_string(bits),
                                          "NAXIS   = " + std::to_string(axes.size())};
        for (std::size_t i = 0; i < axes.size(); ++i) {
            cards.push_back("NAXIS" + std::to_string(i + 1) + "  = " + std::to_string(axes[i]));
        }
        cards.insert(cards.end(), more.begin(), more.end());
        return header(cards);
    }
    /// Big-endian values.
    template <class T>
    FitsBytes& data(std::vector<T> const& values)
    {
        std::string text;
        for (T const value : values) {
            char raw[sizeof(T)];
            std::memcpy(raw, &value, sizeof(T));
            for (std::size_t i = sizeof(T); i > 0; --i) {
                text.push_back(raw[i - 1]);
            }
        }
        append(text, '\0');
        return *this;
    }
    [[nodiscard]] std::string const& bytes() const { return bytes_; }
    std::string write(std::string const& path) const
    {
        write_bytes(path, bytes_);
        return path;
    }

  private:
    void append(std::string text, char padding)
    {
        text.resize((text.size() + 2879) / 2880 * 2880, padding);
        bytes_ += text;
    }

    std::string bytes_;
};

/// Bits of the pixels in order, NaN of any kind as one number: for exact comparison.
inline std::vector<std::uint32_t> bits_of(image::ImageView<float const> view)
{
    std::vector<std::uint32_t> bits;
    for (int plane = 0; plane < view.planes; ++plane) {
        for (std::int64_t y = view.box.y0; y < view.box.y1; ++y) {
            for (std::int64_t x = view.box.x0; x < view.box.x1; ++x) {
                float const value = view.at(plane, x, y);
                std::uint32_t word = 0x7fc00000U;
                if (value == value) {
                    std::memcpy(&word, &value, sizeof(word));
                }
                bits.push_back(word);
            }
        }
    }
    return bits;
}
}  // namespace sectile::test
